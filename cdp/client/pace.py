"""What a client does of itself every few seconds, in a thread or in a task, and once more at the end."""

import asyncio
import atexit
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sized
from threading import Event, Thread

from cdp.errors import InvalidRequest

LAST_SECONDS = 5.0  # for what waits when a program ends without closing its client

log = logging.getLogger("cdp.client")


class Pace:
    """Calls `beat` every `seconds` from its first `start` until `stop`, in a thread.

    A program that ends without `stop` ends with a last call, if anything is `waiting`.
    """

    def __init__(self, seconds: float, beat: Callable[[], None], waiting: Sized) -> None:
        self._seconds, self._beat, self._waiting = seconds, beat, waiting
        self._stopped = Event()
        self._is_left = False
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin, if it has not. Raises InvalidRequest after `stop`."""
        if self._stopped.is_set():
            raise _closed()
        if self._thread is None or not self._thread.is_alive():  # a forked process has no threads
            self._thread = Thread(target=self._run, name="cdp-client", daemon=True)
            self._thread.start()
            atexit.register(self._leave)

    def stop(self) -> None:
        """End, after the call that is under way."""
        atexit.unregister(self._leave)
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def _leave(self) -> None:
        self._is_left = True
        self._stopped.set()
        if self._thread:
            self._thread.join(LAST_SECONDS)
        _tell(self._waiting)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            self._beat()
        if self._is_left and self._waiting:
            self._beat()


class AsyncPace:
    """The same in a task of the running loop; the program's end is that of the loop."""

    def __init__(self, seconds: float, beat: Callable[[], Awaitable[None]], waiting: Sized) -> None:
        self._seconds, self._beat, self._waiting = seconds, beat, waiting
        self._is_stopped = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, if it has not. Raises InvalidRequest after `stop`."""
        if self._is_stopped:
            raise _closed()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            await asyncio.sleep(0)  # a task that is cancelled before its first step does nothing

    async def stop(self) -> None:
        """End; a call that is under way is given up."""
        self._is_stopped = True
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._seconds)
                await self._beat()
        except asyncio.CancelledError:
            if not self._is_stopped:
                await self._leave()
            raise

    async def _leave(self) -> None:
        if self._waiting:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await self._beat()
        _tell(self._waiting)


def _closed() -> InvalidRequest:
    return InvalidRequest("the client is closed, and takes no more messages; make a new one")


def _tell(waiting: Sized) -> None:
    if waiting:
        log.warning("%d messages could not be sent before the program ended", len(waiting))
