"""The prepared look-ups for an event loop, which waits for the answer itself: no thread."""

import asyncio
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


class PromptReader:
    """Runs this module's statements on a few connections of its own, for one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._idle: deque[psycopg.Connection] = deque()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def rows(self, statement: bytes, *parameters: str) -> list[Row]:
        """The rows of one of `cdp.store.profile.prepared`, as texts. Raises StoreError."""
        values = [each.encode() for each in parameters]
        with translated_errors():
            async with self._room:
                connection = self._awake() or await asyncio.to_thread(self._connected)
                try:
                    async with asyncio.timeout(SECONDS):
                        result = await _answer(connection.pgconn, statement, values)
                except TimeoutError:
                    connection.close()
                    raise StoreUnavailable from None
                except (
                    BaseException
                ):  # also when nobody waits any more: its answer is still to come
                    connection.close()
                    raise
                self._idle.append(connection)
        with translated_errors():
            return rows_of(result)

    def close(self) -> None:
        """Give the connections back."""
        while self._idle:
            self._idle.pop().close()

    def _awake(self) -> psycopg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            # An idle connection has nothing to say: what can be read is the server's farewell.
            if not select([connection.fileno()], [], [], 0)[0]:
                return connection
            connection.close()
        return None

    def _connected(self) -> psycopg.Connection:
        connection = self._database.connect()
        prepare(connection)
        return connection


async def _answer(
    connection: pq.abc.PGconn, statement: bytes, values: Sequence[bytes]
) -> pq.abc.PGresult:
    connection.send_query_prepared(statement, values)
    connection.flush()  # one call is enough for texts as short as these
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    loop.add_reader(connection.socket, came.set)
    try:
        result = None
        while True:
            await came.wait()
            came.clear()
            connection.consume_input()
            while not connection.is_busy():
                following = connection.get_result()
                if following is None:
                    assert result is not None  # noqa: S101  each statement has one
                    return result
                result = following
    finally:
        loop.remove_reader(connection.socket)
