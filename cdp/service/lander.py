"""Group commit: requests wait together, and one thread lands what waits in one transaction."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import structlog

from cdp.channel.push.said import refused
from cdp.channel.push.values import Fault
from cdp.errors import SchemaOutOfDate, StoreConflict, StoreFull, StoreUnavailable
from cdp.service import metrics
from cdp.service.folder import Folder, again_on_conflict
from cdp.service.frame import told
from cdp.service.ingest_landing import Outcome, Pushed, land
from cdp.store.database import Database

log = structlog.get_logger("cdp.ingest")

MOST_MESSAGES = 2_000  # of one transaction, unless a single request has more
MOST_WAITING = 20_000  # messages; more are turned away instead of filling the memory
MOST_BYTES = 64 << 20  # of waiting request bodies
MOST_FAILURES = 50  # transactions that fail for a message's sake; beyond them it is the store's
# The store as a whole is away: no message is to blame.
AWAY = (StoreUnavailable, StoreFull, SchemaOutOfDate, StoreConflict)


class Busy(StoreUnavailable):
    """Too much waits to be stored; nothing of this request was taken. Send it again in a moment."""

    code = "busy"


class Stopping(StoreUnavailable):
    """The service is stopping; nothing of this request was taken. Send it again in a moment."""

    code = "stopping"


@dataclass
class Waiting:
    """The messages of one request, and who waits for them."""

    pushed: Sequence[Pushed]
    size: int
    done: Future[Outcome] = field(default_factory=Future)


class Lander:
    """Lands the messages of all requests of a process, in the order in which they came.

    `after_fold` is called when profiles have changed.
    """

    def __init__(self, database: Database, after_fold: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._folder = Folder(database, after_fold)
        self._waiting: deque[Waiting] = deque()
        self._messages = self._bytes = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="lander", daemon=True)

    def start(self) -> None:
        """Fold what a killed process has landed; the first request begins the rest."""
        self._folder.look()

    def stop(self) -> None:
        """Land and fold what waits, then end; new requests are turned away."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()
        self._folder.stop()

    def submit(self, pushed: Sequence[Pushed], size: int) -> Future[Outcome]:
        """Have messages (of a body of `size` bytes) landed; done once they are durable and counted.

        Raises Busy, Stopping. The future raises StoreError where the store is away.
        """
        with self._changed:
            if self._stopping:
                raise Stopping
            if self._thread.ident is None:
                self._thread.start()
            is_full = self._messages + len(pushed) > MOST_WAITING or self._bytes + size > MOST_BYTES
            if self._waiting and is_full:
                raise Busy
            waiting = Waiting(pushed, size)
            self._waiting.append(waiting)
            self._messages += len(pushed)
            self._bytes += size
            metrics.WAITING.set(self._messages)
            self._changed.notify()
        return waiting.done

    def is_behind(self) -> bool:
        """Whether messages wait while others are being landed."""
        return self._messages > 0

    def _run(self) -> None:
        while taken := self._take():
            self._serve(taken)

    def _take(self) -> list[Waiting]:
        """What waits, up to a transaction's size; waits for the first, but not when stopping."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            taken, messages = [], 0
            while self._waiting:
                upcoming = len(self._waiting[0].pushed)
                if taken and messages + upcoming > MOST_MESSAGES:
                    break
                taken.append(self._waiting.popleft())
                messages += upcoming
            self._messages -= messages
            self._bytes -= sum(each.size for each in taken)
            metrics.WAITING.set(self._messages)
        return taken

    def _serve(self, taken: Sequence[Waiting]) -> None:
        """Land the requests together; where that fails for a message's sake, all but that one."""
        pushed = [each for request in taken for each in request.pushed]
        try:
            outcome = self._land(pushed)
        except AWAY as error:
            self._answer(taken, error)
        except Exception as error:  # noqa: BLE001  whatever a message caused fails it alone
            self._serve_apart(taken, pushed, error)
        else:
            self._answer(taken, outcome)
            self._folder.fold(outcome.stale)

    def _serve_apart(
        self, taken: Sequence[Waiting], pushed: Sequence[Pushed], error: Exception
    ) -> None:
        log.error("unlandable", messages=len(pushed), **told(error))
        try:
            self._land_apart(pushed, Failures())
        except Exception as failure:  # noqa: BLE001  the clients are told, the thread lives on
            self._answer(taken, failure if isinstance(failure, AWAY) else StoreUnavailable())
        else:
            self._answer(taken, Outcome())
        self._folder.look()

    def _land_apart(self, pushed: Sequence[Pushed], failures: "Failures") -> None:
        """Land halves until the message that fails stands alone, and put that into quarantine."""
        try:
            self._land(pushed)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001  as above
            failures.add(error)
            if len(pushed) == 1:
                self._land([_unlandable(pushed[0], error)])
                return
            middle = len(pushed) // 2
            self._land_apart(pushed[:middle], failures)
            self._land_apart(pushed[middle:], failures)

    def _land(self, pushed: Sequence[Pushed]) -> Outcome:
        """Land in one transaction; again where it met another one."""
        with metrics.LANDING.time():
            outcome = again_on_conflict(lambda: land(self._database, pushed))
        metrics.count(outcome)
        return outcome

    def _answer(self, taken: Sequence[Waiting], result: Outcome | Exception) -> None:
        for each in taken:
            if not each.done.set_running_or_notify_cancel():
                continue  # the client has gone; its messages are landed all the same
            if isinstance(result, Exception):
                each.done.set_exception(result)
            else:
                each.done.set_result(result)


class Failures:
    """How often landing apart has failed."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, error: Exception) -> None:
        """Count one; raise it again where so many cannot all be the messages' fault."""
        self._count += 1
        if self._count > MOST_FAILURES:
            raise error


def _unlandable(pushed: Pushed, error: Exception) -> Pushed:
    said = pushed.said
    fault = Fault("", "unlandable", f"the store could not take it ({type(error).__name__})")
    return replace(pushed, said=refused(said.message, said.envelope, fault))
