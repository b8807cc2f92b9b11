"""What surrounds every request: its id, its log entry, its metrics and the headers of its answer."""

import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import structlog
from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request

from cdp.service import metrics
from cdp.service.errors import internal

log = structlog.get_logger("cdp.access")

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
QUIET = frozenset({"/livez", "/readyz", "/metrics"})  # asked every few seconds


class Frame:
    """ASGI middleware; the routes read the id at `scope["state"]["request_id"]`.

    What stands in `scope["state"]["headers"]` (names to values) is added to the answer. The log
    gets the route's pattern, never a path or a query: they can name people.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = 499
        except Exception as error:  # noqa: BLE001  the last line; clients are told nothing of it
            facts = told(error)
            log.error("failed", request_id=str(answer.request_id), **facts)  # noqa: TRY400  no message
            if answer.status is None:
                await internal()(scope, receive, answer.send)
        finally:
            answer.note()


def log_line(_logger: object, method: str, entry: Message) -> bytes:
    """A log entry as JSON. structlog's own steps cost a multiple of that, at each request."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return to_json({**entry, "level": method, "timestamp": at}, fallback=repr)


def told(error: Exception) -> dict[str, object]:
    """Kind and place of an error for the log; its message may hold personal data."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    return {"error": type(error).__name__, "places": places}


def header(request: Request, name: bytes) -> str | None:
    """What the request says of a header (its name in small letters), without looking at the others' texts."""
    for said, value in request.scope["headers"]:
        if said == name:
            return value.decode("latin-1")
    return None


@cache
def _sent(name: str) -> bytes:
    return name.lower().encode()


class _Answer:
    """The answer to one request on its way out."""

    def __init__(self, scope: Message, send: Send) -> None:
        self._scope, self._send = scope, send
        self.request_id: UUID = uuid4()
        self.status: int | None = None
        self._started = time.perf_counter()
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        """Send on, with our headers on the first part."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name for name, _ in headers}
            headers += [each for each in SECURITY if each[0] not in present]
            headers.append((b"request-id", str(self.request_id).encode()))
            for name, value in self._state.get("headers", {}).items():
                headers.append((_sent(name), value.encode()))
            message["headers"] = headers
        await self._send(message)

    def note(self) -> None:
        """Count the request, and log it."""
        seconds = time.perf_counter() - self._started
        route = getattr(self._scope.get("route"), "path", None) or "unknown"
        method = self._scope["method"] if route != "unknown" else "other"
        status = self.status or 499
        metrics.answered(method, route, status, seconds)
        if route not in QUIET:
            log.info(
                "answered",
                request_id=str(self.request_id),
                method=method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )
