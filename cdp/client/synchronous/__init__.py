"""The client with plain verbs. Written by tests/client/twin.py."""

from typing import TYPE_CHECKING, Self

from cdp.client.refusals import Patience
from cdp.client.synchronous.account import Account
from cdp.client.synchronous.audience import Audiences
from cdp.client.synchronous.connection import Connection
from cdp.client.synchronous.crossing import Crossings
from cdp.client.synchronous.persona import Personas
from cdp.client.synchronous.pushing import Pushing
from cdp.client.synchronous.reading import Reading
from cdp.client.synchronous.segment import Segments
from cdp.client.synchronous.stewarding import Stewarding

if TYPE_CHECKING:
    import httpx

PATIENCE = Patience()


class Client(
    Reading,
    Stewarding,
    Account,
    Crossings,
    Audiences,
    Segments,
    Personas,
    Pushing,
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
        transport: "httpx.BaseTransport | None" = None,
    ) -> None:
        connection = Connection(
            url, key, purpose=purpose, timeout=timeout, patience=patience, transport=transport
        )
        super().__init__(connection, flush_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Send what waits and give the connections back; raises what went wrong with events."""
        try:
            self._end()
        finally:
            self._connection.close()
