"""What requests go by, read anew beside them: none of them waits for that."""

import asyncio
import time
from collections.abc import Callable

from cdp.errors import StoreError

PAUSE = 0.4  # s between two readings; what was read counts as known for longer than that
LASTING = 10.0  # s for which it goes on after the last request


class Renewal:
    """Calls `renew` in a thread, again and again, for as long as requests come. Of one event loop."""

    def __init__(self, renew: Callable[[], object]) -> None:
        self._renew = renew
        self._wanted = 0.0
        self._task: asyncio.Task[None] | None = None

    def want(self) -> None:
        """A request goes by what is renewed."""
        self._wanted = time.monotonic()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while time.monotonic() - self._wanted < LASTING:
            await asyncio.sleep(PAUSE)
            try:
                await asyncio.to_thread(self._renew)
            except StoreError:
                return  # the request that finds nothing at hand tells it
