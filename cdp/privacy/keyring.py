"""The keys that this process knows: read once a second at most, forgotten at their revocation."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from select import select
from threading import Lock, Thread

import psycopg

from cdp.errors import StoreError
from cdp.store import keys
from cdp.store.database import Database
from cdp.store.keys import Key, Scope

# Bounds what a connection that died unnoticed can hide; NOTIFY is what makes revocation immediate.
SECONDS_KEPT = 1.0
SECONDS_BETWEEN_NOTES = 5.0


class Keyring:
    """Checks keys without asking the database each time.

    A thread listens for revocations. While it cannot (no connection), nothing is kept and every
    check reads the key anew, so a revoked key is refused from its revocation on.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._known: dict[str, tuple[Key, float]] = {}
        self._used: dict[str, datetime] = {}
        self._listening = False
        self._revocations = 0
        self._thread: Thread | None = None
        self._ear, self._mouth = socket.socketpair()

    def authenticate(self, secret: str, scope: Scope) -> Key:
        """The key that `secret` is, if it is valid now and opens `scope`.

        Raises KeyRefused, ScopeMissing, StoreUnavailable.
        """
        return self._checked(self._find(keys.key_id_of(secret)), secret, scope)

    def at_hand(self, secret: str, scope: Scope) -> Key | None:
        """The same without asking the database; None where that would have to be asked."""
        key = self._fresh(keys.key_id_of(secret))
        return key and self._checked(key, secret, scope)

    def close(self) -> None:
        """End the thread; note when each key was last used."""
        if self._thread:
            self._mouth.send(b".")
            self._thread.join()
        self._ear.close()
        self._mouth.close()

    def _checked(self, found: Key | None, secret: str, scope: Scope) -> Key:
        key = keys.checked(found, secret, scope)
        self._used[key.key_id] = datetime.now(UTC)
        return key

    def _fresh(self, key_id: str) -> Key | None:
        key, read_at = self._known.get(key_id, (None, 0.0))
        return key if time.monotonic() - read_at < SECONDS_KEPT else None

    def _find(self, key_id: str) -> Key | None:
        known = self._fresh(key_id)
        if known:
            return known
        self._listen()
        revocations = self._revocations
        found = keys.find(self._database, key_id)
        with self._lock:
            # A revocation in the meantime may be of this key.
            if found and self._listening and revocations == self._revocations:
                self._known[key_id] = found, time.monotonic()
        return found

    def _listen(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._hear, name="keyring", daemon=True)
                self._thread.start()

    def _hear(self) -> None:
        """Forget what is revoked, and note now and then which keys were used, until closed."""
        while True:
            with suppress(StoreError, psycopg.Error):
                self._hear_on_one_connection()
                return
            self._forget(listening=False)
            if select([self._ear], [], [], SECONDS_KEPT)[0]:
                return

    def _hear_on_one_connection(self) -> None:
        with closing(self._database.connect()) as connection:
            connection.execute(f"LISTEN {keys.REVOKED}")
            self._forget(listening=True)
            for _ in self._waking(connection):
                if list(connection.notifies(timeout=0)):
                    self._forget(listening=True)
                self._note_use()
            self._note_use()

    def _waking(self, connection: psycopg.Connection) -> Iterator[None]:
        while True:
            ready, _, _ = select([connection, self._ear], [], [], SECONDS_BETWEEN_NOTES)
            if self._ear in ready:
                return
            yield

    def _forget(self, *, listening: bool) -> None:
        with self._lock:
            self._revocations += 1
            self._listening = listening
            self._known.clear()

    def _note_use(self) -> None:
        used, self._used = self._used, {}
        if used:
            keys.touch(self._database, used)
