"""One attempt of a call: the HTTP request that it is, and the reply as the client reads it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cdp.client.calls import Call
from cdp.client.refusals import Patience, error_of
from cdp.errors import CdpError, StoreUnavailable

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class Reply:
    """What came back: `status` None where nothing did, `lost` where the request may have arrived."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: bool = False

    @property
    def is_good(self) -> bool:
        """Whether the call was done."""
        return self.status is not None and 200 <= self.status < 300

    def error(self) -> CdpError:
        """What went wrong."""
        if self.status is None:
            return StoreUnavailable("the service cannot be reached or did not answer in time")
        return error_of(self.status, self.headers, self.body)

    def wait(self, patience: Patience, attempt: int, call: Call[Any]) -> float | None:
        """Seconds until the call is made again; None: never."""
        harmless = call.repeatable or not self.lost
        return patience.wait(attempt, self.status, self.headers, repeatable=harmless)


def request(call: Call[Any], key: str, purpose: str | None) -> dict[str, Any]:
    """The arguments of httpx's `request`."""
    coded = base64.b64encode(f"{key}:".encode()).decode()
    headers = {"Authorization": f"Basic {coded}", "Accept": "application/json", **call.headers}
    if purpose:
        headers["X-Purpose"] = purpose
    sent: dict[str, Any] = {"method": call.method, "url": call.path, "headers": headers}
    if call.query:
        sent["params"] = dict(call.query)
    if call.body is not None:
        sent["content"] = json.dumps(call.body, default=str).encode()
        headers["Content-Type"] = "application/json"
    return sent


def reply(response: "httpx.Response") -> Reply:
    """What httpx got."""
    lost = response.status_code in (502, 504)
    return Reply(response.status_code, response.headers, response.content, lost)


def no_reply(error: "httpx.TransportError") -> Reply:
    """What it means that httpx got nothing."""
    import httpx  # noqa: PLC0415  see `Client`

    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return Reply(None, lost=not unsent)
