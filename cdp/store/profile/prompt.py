"""The prepared look-ups for an event loop, which waits for the answer itself: no thread."""

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Sequence
from select import select

import psycopg
from psycopg import pq

from cdp.errors import StoreUnavailable
from cdp.store.database import Database, translated_errors
from cdp.store.profile.prepared import Row, prepare, rows_of

AT_ONCE = 16
SECONDS = 10.0
# An answer that comes so soon is waited for where we stand: to go back to the loop and be called
# again takes longer than the look-up, and a third of a request's processor time.
AT_ONCE_SECONDS = 0.0003


class PromptReader:
    """Runs prepared statements on a few connections of its own, for one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._idle: deque[_Line] = deque()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def rows(self, statement: bytes, *parameters: str) -> list[Row]:
        """The rows of one of `cdp.store.profile.prepared`, as texts. Raises StoreError."""
        values = [each.encode() for each in parameters]
        with translated_errors():
            async with self._room:
                line = self._awake() or await self._new()
                try:
                    result = await line.answer(statement, values)
                except BaseException:
                    # Also when nobody waits any more: its answer is still to come.
                    line.close()
                    raise
                self._idle.append(line)
            return rows_of(result)

    def close(self) -> None:
        """Give the connections back."""
        while self._idle:
            self._idle.pop().close()

    def _awake(self) -> "_Line | None":
        while self._idle:
            line = self._idle.pop()
            if line.is_silent():
                return line
            line.close()
        return None

    async def _new(self) -> "_Line":
        return _Line(await asyncio.to_thread(self._connected))

    def _connected(self) -> psycopg.Connection:
        connection = self._database.connect()
        prepare(connection)
        return connection


class _Line:
    """A connection that the loop listens to all its life: to begin and end costs as much as to ask."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection, self._pgconn = connection, connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._asked: Future[pq.abc.PGresult] | None = None
        self._result: pq.abc.PGresult | None = None
        self._loop.add_reader(self._pgconn.socket, self._hear)

    async def answer(self, statement: bytes, values: Sequence[bytes]) -> pq.abc.PGresult:
        """What the server answers. Raises StoreUnavailable after SECONDS, psycopg.Error."""
        asked = self._asked = self._loop.create_future()
        self._pgconn.send_query_prepared(statement, values)
        while self._pgconn.flush():  # noqa: ASYNC110  one call is enough but for very long texts
            await asyncio.sleep(0)
        if select([self._pgconn.socket], [], [], AT_ONCE_SECONDS)[0]:
            self._hear()
            if asked.done():
                return asked.result()
        limit = self._loop.call_later(SECONDS, _give_up, asked)
        try:
            return await asked
        finally:
            limit.cancel()

    def is_silent(self) -> bool:
        """An idle connection has nothing to say: what it says is the server's farewell."""
        return not self._connection.closed and not select([self._pgconn.socket], [], [], 0)[0]

    def close(self) -> None:
        """Give the connection back."""
        if not self._connection.closed:
            self._loop.remove_reader(self._pgconn.socket)
            self._connection.close()

    def _hear(self) -> None:
        try:
            self._pgconn.consume_input()
            while not self._pgconn.is_busy():
                following = self._pgconn.get_result()
                if following is None:
                    break
                self._result = following
            else:
                return
        except psycopg.Error as error:
            self.close()
            self._settle(error)
            return
        self._settle(self._result)

    def _settle(self, outcome: pq.abc.PGresult | psycopg.Error | None) -> None:
        asked, self._asked, self._result = self._asked, None, None
        if asked is None or asked.done():  # a farewell, or nobody waits any more
            return
        if isinstance(outcome, psycopg.Error):
            asked.set_exception(outcome)
        elif outcome is not None:
            asked.set_result(outcome)


def _give_up(asked: Future[pq.abc.PGresult]) -> None:
    if not asked.done():
        asked.set_exception(StoreUnavailable())
