"""Folding beside landing: one thread folds what was landed while the next messages are landed."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

import structlog

from cdp.errors import StoreConflict, StoreError
from cdp.profile.fold import fold_stale_profiles
from cdp.service import metrics
from cdp.service.frame import told
from cdp.service.ingest_landing import fold
from cdp.store.database import Database

log = structlog.get_logger("cdp.ingest")

MOST_PROFILES = 2_000  # of one transaction
CONFLICTS = 5  # tries of a transaction that met another
SWEEP_SECONDS = 5.0  # between two looks for profiles whose fold failed

Result = TypeVar("Result")


class Folder:
    """Folds profiles in the order in which they are given; those that wait are folded together.

    `after_fold` is called when profiles have changed. What a fold could not do stays in the queue
    of stale profiles, and is looked for now and then.
    """

    def __init__(self, database: Database, after_fold: Callable[[], None]) -> None:
        self._database, self._after_fold = database, after_fold
        self._stale: dict[str, None] = {}  # in order, each once
        self._changed = threading.Condition()
        self._stopping = False
        self._unfolded = True  # a killed process may have left some
        self._swept = -SWEEP_SECONDS
        self._thread = threading.Thread(target=self._run, name="folder", daemon=True)

    def fold(self, stale: Iterable[str]) -> None:
        """Have these profiles folded soon."""
        with self._changed:
            self._stale.update(dict.fromkeys(stale))
            self._notify()

    def look(self) -> None:
        """Have it look for stale profiles that nobody named, as a killed process leaves them."""
        with self._changed:
            self._unfolded = True
            self._notify()

    def stop(self) -> None:
        """Fold what waits, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _notify(self) -> None:
        if self._thread.ident is None:
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while True:
            stale = self._take()
            if stale:
                self._fold(stale)
            elif self._stopping:
                return
            self._sweep()

    def _take(self) -> Sequence[str]:
        """What waits, up to a transaction's size; waits for the first, but not when stopping."""
        with self._changed:
            while not (self._stale or self._stopping):
                if not self._changed.wait(self._until_sweep()):
                    return ()
            taken = tuple(islice(self._stale, MOST_PROFILES))
            for profile in taken:
                del self._stale[profile]
        return taken

    def _fold(self, stale: Sequence[str]) -> None:
        with metrics.FOLDING.time():
            self._try(lambda: fold(self._database, sorted(stale)))

    def _sweep(self) -> None:
        """Fold what a failed fold has left, now and then."""
        if self._until_sweep() != 0:
            return
        self._swept = time.monotonic()
        self._unfolded = False
        self._try(lambda: fold_stale_profiles(self._database))

    def _until_sweep(self) -> float | None:
        """Seconds; None: there is nothing to look for."""
        due = self._swept + SWEEP_SECONDS - time.monotonic()
        return max(0, due) if self._unfolded else None

    def _try(self, work: Callable[[], object]) -> None:
        """Do `work`; the thread outlives whatever fails, and the queue keeps what waits."""
        try:
            again_on_conflict(work)
            self._after_fold()
        except StoreError as error:
            self._unfolded = True
            log.warning("unfolded", error=error.code)
        except Exception as error:  # noqa: BLE001  as above
            self._unfolded = True
            log.error("unfolded", **told(error))  # noqa: TRY400  no message


def again_on_conflict(work: Callable[[], Result]) -> Result:
    """What `work` returns, tried again where it met another transaction. Raises StoreError."""
    for attempt in range(1, CONFLICTS):
        try:
            return work()
        except StoreConflict:
            time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311  no secret
    return work()
