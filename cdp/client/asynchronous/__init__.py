"""The client with awaitable verbs."""

from typing import TYPE_CHECKING, Self

from cdp.client.asynchronous.account import AsyncAccount
from cdp.client.asynchronous.audience import AsyncAudiences
from cdp.client.asynchronous.connection import AsyncConnection
from cdp.client.asynchronous.crossing import AsyncCrossings
from cdp.client.asynchronous.persona import AsyncPersonas
from cdp.client.asynchronous.pushing import AsyncPushing
from cdp.client.asynchronous.reading import AsyncReading
from cdp.client.asynchronous.segment import AsyncSegments
from cdp.client.asynchronous.stewarding import AsyncStewarding
from cdp.client.refusals import Patience

if TYPE_CHECKING:
    import httpx

PATIENCE = Patience()


class AsyncClient(
    AsyncReading,
    AsyncStewarding,
    AsyncAccount,
    AsyncCrossings,
    AsyncAudiences,
    AsyncSegments,
    AsyncPersonas,
    AsyncPushing,
):
    """A profile store behind `url`, with the verbs and the errors of the library.

    `key`: from `cdp key create`; `purpose`: what is read for, where the key asks for one.
    `timeout`: seconds for connecting, and for each part of an answer. `patience`: how often and how
    long calls are repeated that the service could not take. `flush_seconds`: events are sent at
    the latest after this time. `transport`: of httpx, e.g. `cdp.client.testing.FakeStore()`.

    Every verb raises KeyRefused, ScopeMissing, RateLimitExceeded, and StoreUnavailable when the
    service is away; errors have the `request_id` of the answer.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        purpose: str | None = None,
        timeout: float = 10.0,
        patience: Patience = PATIENCE,
        flush_seconds: float = 1.0,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        connection = AsyncConnection(
            url, key, purpose=purpose, timeout=timeout, patience=patience, transport=transport
        )
        super().__init__(connection, flush_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Send what waits and give the connections back; raises what went wrong with events."""
        try:
            await self._end()
        finally:
            await self._connection.aclose()
