"""The version of the personas that is in force, read once and kept."""

import time

import psycopg

from cdp.errors import InvalidRequest
from cdp.persona.fitted import Fitted, of_document
from cdp.store.database import Database
from cdp.store.persona import personas

SECONDS_KNOWN = 1.0  # how long a version is taken for the newest


class InForce:
    """What a process knows of the version in force."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fitted: Fitted | None = None
        self._mark: tuple[int, str] | None = None
        self._asked = float("-inf")
        self._forgotten = 0

    def find(self) -> Fitted | None:
        """The version in force; None before the first discovery or definition."""
        if time.monotonic() - self._asked > SECONDS_KNOWN:
            return self.renew()
        return self._fitted

    def renew(self) -> Fitted | None:
        """Ask which version is the newest, and read it where it is another."""
        asked, forgotten, fitted = time.monotonic(), self._forgotten, self._fitted
        with self._database.autocommit() as connection:
            mark = personas.newest(connection)
            if fitted is None or mark != self._mark:
                fitted = _read(connection)
        if self._forgotten == forgotten:  # else what was read may be what is to be forgotten
            self._fitted, self._mark, self._asked = fitted, mark, asked
        return fitted

    def at_hand(self) -> Fitted | None:
        """The version in force, where it was asked for just now."""
        return self._fitted if time.monotonic() - self._asked <= SECONDS_KNOWN else None

    def get(self) -> Fitted:
        """The version in force. Raises InvalidRequest before the first."""
        if (found := self.find()) is None:
            raise InvalidRequest(
                "there are no personas yet: `cdp persona discover` or `cdp persona define`"
            )
        return found

    def forget(self) -> None:
        """Read it anew: this process has changed it."""
        self._forgotten += 1
        self._fitted = None
        self._asked = float("-inf")


def _read(connection: psycopg.Connection) -> Fitted | None:
    found = personas.model(connection)
    if found is None:
        return None
    return of_document(found["version"], found["fitted_at"], found["document"])
