"""What follows from the profiles, drawn beside the requests as soon as they are folded."""

import threading
import time
from collections.abc import Callable

import structlog

from cdp.conclude import conclude
from cdp.errors import CdpError
from cdp.service.frame import told
from cdp.store.database import Database

log = structlog.get_logger("cdp.conclude")

# What others have queued, and what only time changes, is looked for so often.
LOOK_SECONDS = 5.0
# Requests come first: it rests longer than it worked, and what changes meanwhile is taken together,
# for a run costs about the same for one profile as for hundreds.
PAUSE_SECONDS = 0.2
REST = 2.0  # times what was worked
REST_UNDER_LOAD = 6.0  # likewise, while messages wait to be landed
TURN_SECONDS = 0.5  # a run that works longer rests between its transactions, too
AT_ONCE = 1_000  # profiles; what lands meanwhile waits for a large one's computations
LONGEST_PAUSE_SECONDS = 60.0  # also while it fails


class Concluder:
    """Runs `cdp.conclude` in a thread of its own; several processes may, on one store.

    `is_loaded`: whether requests wait for what its work takes from them.
    """

    def __init__(self, database: Database, is_loaded: Callable[[], bool] = lambda: False) -> None:
        self._database, self._is_loaded = database, is_loaded
        self._changed = threading.Condition()
        self._is_due = self._stopping = False
        self._since = time.monotonic()  # the last rest
        self._thread = threading.Thread(target=self._run, name="concluder", daemon=True)

    def start(self) -> None:
        """Begin, with what waits already."""
        self._thread.start()

    def wake(self) -> None:
        """Profiles have changed; nothing happens where it was not started."""
        with self._changed:
            self._is_due = True
            self._changed.notify()

    def stop(self) -> None:
        """End at the next transaction's end; what waits stays queued for the next process."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            failures = 0 if self._conclude() else failures + 1
            self._rest(PAUSE_SECONDS * 2**failures)
            with self._changed:
                self._changed.wait_for(lambda: self._is_due or self._stopping, LOOK_SECONDS)
                self._is_due = False

    def _conclude(self) -> bool:
        """Draw the conclusions that wait; whether that went well."""
        started = self._since = time.monotonic()
        try:
            found = conclude(self._database, progress=self._go_on, wait=False, at_once=AT_ONCE)
        except _Stopped:
            return True
        except CdpError as error:
            log.warning("unconcluded", error=error.code)
            return False
        except Exception as error:  # noqa: BLE001  the thread lives on; the queues keep what waits
            log.error("unconcluded", **told(error))  # noqa: TRY400  no message
            return False
        if any(vars(found).values()):
            milliseconds = round((time.monotonic() - started) * 1000)
            log.info("concluded", **vars(found), milliseconds=milliseconds)
        return True

    def _go_on(self, _stage: str, _count: int) -> None:
        if time.monotonic() - self._since > TURN_SECONDS:
            self._rest()
        if self._stopping:
            raise _Stopped

    def _rest(self, least: float = 0.0) -> None:
        """Rest from what was worked since the last rest."""
        times = REST_UNDER_LOAD if self._is_loaded() else REST
        seconds = max(least, times * (time.monotonic() - self._since))
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, min(seconds, LONGEST_PAUSE_SECONDS))
        self._since = time.monotonic()


class _Stopped(Exception):
    """The service stops between two transactions."""
