"""Calls made with plain verbs: sent, and sent again where that may help. Written by tests/client/twin.py."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from cdp.client import wire
from cdp.client.calls import Call
from cdp.client.refusals import Patience

if TYPE_CHECKING:
    import httpx

Answer = TypeVar("Answer")


class Connection:
    """Makes calls of one service with one key."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        purpose: str | None,
        timeout: float,
        patience: Patience,
        transport: "httpx.BaseTransport | None",
    ) -> None:
        # Here and not above: httpx imports its command line, if there is one, which takes long.
        import httpx  # noqa: PLC0415

        self._key, self._purpose, self._patience = key, purpose, patience
        self._http = httpx.Client(base_url=url, timeout=timeout, transport=transport)
        self._no_answer = httpx.TransportError

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def do(self, call: Call[Answer]) -> Answer:
        """What the call answers. Raises the error that the service tells, or StoreUnavailable."""
        attempt = 0
        while not (reply := self._attempt(call)).is_good:
            wait = reply.wait(self._patience, attempt, call)
            if wait is None:
                raise reply.error()
            time.sleep(wait)
            attempt += 1
        return call.read(reply.body)

    def pieces(self, call: Call[bytes]) -> Iterator[bytes]:
        """What a call answers piece by piece, as it comes; it is made once only."""
        try:
            with self._http.stream(**wire.request(call, self._key, self._purpose)) as sent:
                if not sent.is_success:
                    sent.read()
                    raise wire.reply(sent).error()
                yield from sent.iter_bytes()
        except self._no_answer as error:
            raise wire.no_reply(error).error() from None

    def _attempt(self, call: Call[Any]) -> wire.Reply:
        try:
            sent = self._http.request(**wire.request(call, self._key, self._purpose))
        except self._no_answer as error:
            return wire.no_reply(error)
        return wire.reply(sent)
