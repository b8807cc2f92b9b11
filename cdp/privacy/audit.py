"""Writing the audit log: looks together, many in one commit; changes before they are made."""

from collections.abc import Sequence
from contextlib import suppress
from threading import Condition, Thread

from cdp.errors import StoreError, StoreUnavailable
from cdp.store import audit
from cdp.store.audit import AuditEntry
from cdp.store.database import Database

SECONDS_GATHERED = 0.1
SECONDS_BETWEEN_TRIES = 1.0
# What nobody could write down is not shown: beyond this many waiting entries, reads are refused.
MOST_WAITING = 100_000


class AuditLog:
    """The audit log of one process; a thread writes what it is given."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[AuditEntry] = []
        self._given = Condition()
        self._closing = False
        self._thread: Thread | None = None

    def looked(self, entries: Sequence[AuditEntry]) -> None:
        """Note that persons were looked at: durable within about a tenth of a second.

        Raises StoreUnavailable when too much waits for an absent database.
        """
        with self._given:
            if len(self._waiting) + len(entries) > MOST_WAITING:
                raise StoreUnavailable("the audit log cannot be written; nothing is shown")
            is_first = not self._waiting
            self._waiting.extend(entries)
            if self._thread is None:
                self._thread = Thread(target=self._write, name="audit", daemon=True)
                self._thread.start()
            if is_first:  # the others are taken along
                self._given.notify()

    def changing(self, entry: AuditEntry) -> None:
        """Note that a change is about to be made: durable when this returns. Raises StoreError."""
        audit.append(self._database, [entry])

    def close(self) -> None:
        """Write what waits and end the thread; what an absent database refuses is lost."""
        with self._given:
            self._closing = True
            self._given.notify()
        if self._thread:
            self._thread.join()

    def _write(self) -> None:
        while True:
            with self._given:
                self._given.wait_for(lambda: self._waiting or self._closing)
                if not self._closing:
                    self._given.wait_for(lambda: self._closing, SECONDS_GATHERED)
                entries, self._waiting = self._waiting, []
                closing = self._closing
            if entries and not self._written(entries) and not closing:
                with self._given:
                    self._waiting = entries + self._waiting
                    self._given.wait_for(lambda: self._closing, SECONDS_BETWEEN_TRIES)
            elif closing:
                return

    def _written(self, entries: Sequence[AuditEntry]) -> bool:
        with suppress(StoreError):
            audit.append(self._database, entries)
            return True
        return False
