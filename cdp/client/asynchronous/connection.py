"""Calls made with awaitable verbs: sent, and sent again where that may help."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

from cdp.client import wire
from cdp.client.calls import Call
from cdp.client.refusals import Patience

if TYPE_CHECKING:
    import httpx

Answer = TypeVar("Answer")


class AsyncConnection:
    """Makes calls of one service with one key."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        purpose: str | None,
        timeout: float,
        patience: Patience,
        transport: "httpx.AsyncBaseTransport | None",
    ) -> None:
        # Here and not above: httpx imports its command line, if there is one, which takes long.
        import httpx  # noqa: PLC0415

        self._key, self._purpose, self._patience = key, purpose, patience
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout, transport=transport)
        self._no_answer = httpx.TransportError

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def do(self, call: Call[Answer]) -> Answer:
        """What the call answers. Raises the error that the service tells, or StoreUnavailable."""
        attempt = 0
        while not (reply := await self._attempt(call)).is_good:
            wait = reply.wait(self._patience, attempt, call)
            if wait is None:
                raise reply.error()
            await asyncio.sleep(wait)
            attempt += 1
        return call.read(reply.body)

    async def pieces(self, call: Call[bytes]) -> AsyncIterator[bytes]:
        """What a call answers piece by piece, as it comes; it is made once only."""
        try:
            async with self._http.stream(**wire.request(call, self._key, self._purpose)) as sent:
                if not sent.is_success:
                    await sent.aread()
                    raise wire.reply(sent).error()
                async for piece in sent.aiter_bytes():
                    yield piece
        except self._no_answer as error:
            raise wire.no_reply(error).error() from None

    async def _attempt(self, call: Call[Any]) -> wire.Reply:
        try:
            sent = await self._http.request(**wire.request(call, self._key, self._purpose))
        except self._no_answer as error:
            return wire.no_reply(error)
        return wire.reply(sent)
