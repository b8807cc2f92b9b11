"""The one door to Postgres: connections, transactions and the translation of its errors."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from select import select

import psycopg
from psycopg import errors as pg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cdp.errors import (
    CdpError,
    InvalidRequest,
    SchemaOutOfDate,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from cdp.settings import settings
from cdp.store.embedded import embedded_url

TRANSLATION: tuple[tuple[type[psycopg.Error], type[CdpError]], ...] = (
    (pg.DiskFull, StoreFull),
    (pg.InsufficientResources, StoreFull),
    (pg.DeadlockDetected, StoreConflict),
    (pg.SerializationFailure, StoreConflict),
    (pg.LockNotAvailable, StoreConflict),
    (pg.UndefinedTable, SchemaOutOfDate),
    (pg.UndefinedColumn, SchemaOutOfDate),
    (pg.OperationalError, StoreUnavailable),
    (pg.InterfaceError, StoreUnavailable),
)


# Values that no table can keep; of those that the driver itself refuses to send there is no state.
UNSTORABLE = ("22P05", "22021", None)
# Times travel as text in COPY: all sessions write them in UTC.
UTC = "-c timezone=UTC"
READERS = 16


class Database:
    """One Postgres: `CDP_DATABASE_URL`, or the embedded server where none is named."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url

    @cached_property
    def url(self) -> str:
        """SQLAlchemy URL, always with the psycopg 3 driver."""
        given = self._url or settings().database_url
        if not given:
            return embedded_url(settings().home)
        scheme, _, rest = given.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else given

    @cached_property
    def engine(self) -> Engine:
        """The pool of connections; made at first use."""
        try:
            engine = create_engine(
                self.url, pool_size=8, pool_timeout=30, connect_args={"options": UTC}
            )
        except (ArgumentError, ImportError):
            # The URL may hold a password: it is not repeated.
            raise InvalidRequest(
                "CDP_DATABASE_URL is no URL of a PostgreSQL; write postgresql://user:password@host/name"
            ) from None
        event.listen(engine, "checkout", _check)
        return engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in one transaction: committed at the end, rolled back by any error.

        Raises the StoreError that fits what Postgres said.
        """
        with translated_errors(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[psycopg.Connection]:
        """A bare driver connection without a transaction: a look-up costs one round trip.

        Connections are kept for the next reader; one that the server has closed is replaced.
        """
        with translated_errors():
            connection = self._idle_reader() or self._new_reader()
            try:
                yield connection
            finally:
                if connection.closed or connection.broken:
                    connection.close()
                else:
                    self._readers.append(connection)

    @cached_property
    def _readers(self) -> deque[psycopg.Connection]:
        return deque(maxlen=READERS)

    def _idle_reader(self) -> psycopg.Connection | None:
        while self._readers:
            try:
                connection = self._readers.pop()
            except IndexError:  # another thread took the last one
                return None
            if _is_silent(connection):
                return connection
            connection.close()
        return None

    def connect(self) -> psycopg.Connection:
        """A bare connection of the caller's own, who closes it; raises StoreUnavailable."""
        with translated_errors():
            return self._new_reader()

    def _new_reader(self) -> psycopg.Connection:
        target = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(target, autocommit=True, options=UTC, prepare_threshold=1)

    def close(self) -> None:
        """Give every connection back to the server."""
        while self._readers:
            self._readers.pop().close()
        if "engine" in self.__dict__:
            self.engine.dispose()


def _is_silent(idle: psycopg.Connection) -> bool:
    """An idle connection has nothing to say: what can be read is the server's farewell."""
    return not idle.closed and not select([idle.fileno()], [], [], 0)[0]


def _check(idle: psycopg.Connection, *_: object) -> None:
    """Have the pool make a new connection in place of one that the server has closed."""
    if not _is_silent(idle):
        raise DisconnectionError


def driver(tx: Connection) -> psycopg.Connection:
    """The psycopg connection under `tx`, for COPY."""
    found = tx.connection.driver_connection
    assert isinstance(found, psycopg.Connection)  # noqa: S101  the URL fixes the driver
    return found


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise psycopg's and SQLAlchemy's errors as ours, without the values of the statement.

    Postgres quotes the offending row in DETAIL; that may be personal data, so only the primary
    message is passed on.
    """
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        raise _translated(original) from None
    except PoolTimeout:
        raise StoreUnavailable from None


def _translated(error: BaseException | None) -> CdpError:
    if isinstance(error, psycopg.DataError) and error.sqlstate in UNSTORABLE:
        return InvalidRequest(
            "a text with a NUL character, or a number out of range, cannot be kept; change it"
        )
    for theirs, ours in TRANSLATION:
        if isinstance(error, theirs):
            return ours(_message(ours, error))
    if isinstance(error, psycopg.Error):
        return StoreError(_message(StoreError, error))
    return StoreError()


def _message(kind: type[CdpError], error: BaseException) -> str:
    said = getattr(getattr(error, "diag", None), "message_primary", None)
    return f"{kind()} ({said})" if said else str(kind())
