"""The ingest endpoints, as the clients of the Segment spec call them."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from cdp.channel.push.said import Envelope
from cdp.channel.push.values import snake
from cdp.errors import CdpError, KeyRefused, StoreConflict
from cdp.service import ingest_body, ingest_documents
from cdp.service.errors import RETRY_AFTER, answer_of, failure
from cdp.service.ingest_landing import Pushed, understood
from cdp.service.prompt import prompt
from cdp.store.keys import Key

log = structlog.get_logger("cdp.ingest")

CALLS = {
    "i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias",
}  # fmt: skip
BATCHES = ("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch")
SUCCESS = b'{"success":true}'
Handler = Callable[[Request], Awaitable[Response]]

router = APIRouter(tags=["ingest"])
prompt_routes: list[Route] = []


def _handled(handler: Handler) -> Handler:
    """`handler` with the answers to its errors, readable from any page."""

    async def handle(request: Request) -> Response:
        try:
            response = await handler(request)
        except ClientDisconnect:
            response = Response(status_code=499)
        except StoreConflict as error:
            response = failure(503, error.code, str(error), headers=RETRY_AFTER)
        except CdpError as error:
            response = answer_of(error)
        allow_any_page(request, response)
        return response

    return handle


def allow_any_page(request: Request, response: Response) -> None:
    """CORS for the browser's clients: keys, not cookies, say who sends."""
    if origin := request.headers.get("origin"):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        response.headers["Vary"] = "Origin"


async def preflight(request: Request) -> Response:
    """What a browser asks before it sends."""
    response = Response(status_code=204)
    allow_any_page(request, response)
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    response.headers["Access-Control-Max-Age"] = "900"
    if asked := request.headers.get("access-control-request-headers"):
        response.headers["Access-Control-Allow-Headers"] = asked
    return response


async def take(request: Request, call: str | None) -> Response:
    """Take the messages of a request; the answer comes when they are durable."""
    envelope = Envelope(datetime.now(UTC), call=call)
    state = request.app.state
    secret = basic_user(request)
    key = await _authenticated(request, secret) if secret else None
    body = await state.reading.body(request)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    found, doubtful = await ingest_body.document(body, encoding)
    if key is None:
        said = ingest_body.write_key(found) or request.query_params.get("writeKey")
        key = await _authenticated(request, said or _authorized(request, "bearer"))
    sent_at = found.get("sentAt") if isinstance(found, dict) else None
    envelope = Envelope(envelope.received_at, sent_at, call, doubtful)
    messages, envelope = ingest_body.messages(found, envelope)
    if messages:
        pushed = await _understood(messages, envelope, channel_of(key))
        with state.serving.arriving.known(pushed):
            await asyncio.wrap_future(state.lander.submit(pushed, len(body)))
    return Response(SUCCESS, media_type="application/json")


async def take_metrics(request: Request) -> Response:
    """Take, and keep nothing of, what the browser's client measures of itself."""
    await request.app.state.reading.body(request)
    return Response(SUCCESS, media_type="application/json")


async def settings(request: Request) -> Response:
    """What the browser's client asks for before it sends."""
    secret = request.path_params["key"]
    await _authenticated(request, secret)
    return Response(ingest_documents.settings(secret), media_type="application/json")


async def _authenticated(request: Request, secret: str | None) -> Key:
    """The key, if it may push now. Raises KeyRefused, ScopeMissing, RateLimitExceeded."""
    if not secret:
        raise KeyRefused("the request names no write key; send it as the user name of Basic")
    serving = request.app.state.serving
    key = serving.keyring.at_hand(secret, "ingest")
    if key is None:
        key = await asyncio.to_thread(serving.keyring.authenticate, secret, "ingest")
    serving.limiter.take(key)
    return key


def basic_user(request: Request) -> str | None:
    """The user name of Basic authentication."""
    try:
        return base64.b64decode(_authorized(request, "basic")).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        raise KeyRefused("the Authorization header is no Basic authentication") from None


def _authorized(request: Request, by: str) -> str:
    """What the Authorization header says in the scheme `by`."""
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    return said.strip() if scheme.lower() == by else ""


def channel_of(key: Key) -> str:
    """The channel that a key pushes to: its own, else one of its name."""
    return key.channel or snake(key.name)[:60] or "push"


async def _understood(
    messages: Sequence[Any], envelope: Envelope, channel: str
) -> Sequence[Pushed]:
    def read() -> list[Pushed]:
        return [
            Pushed(channel, understood(message, envelope, n)) for n, message in enumerate(messages)
        ]

    return await asyncio.to_thread(read) if len(messages) > 100 else read()


def _register() -> None:
    def single(call: str | None) -> Handler:
        async def handle(request: Request) -> Response:
            return await take(request, call)

        return _handled(handle)

    for path in BATCHES:
        _serve(path, single(None), ingest_documents.BATCH if path == "/v1/batch" else None)
    for short, call in CALLS.items():
        _serve(f"/v1/{call}", single(call), ingest_documents.call(call))
        _serve(f"/v1/{short}", single(call), None)
    _serve("/v1/m", _handled(take_metrics), None)
    _serve("/v1/projects/{key}/settings", _handled(settings), None, method="GET")


def _serve(path: str, handler: Handler, document: Any, *, method: str = "POST") -> None:
    """Serve `path`; it stands in the OpenAPI document where there is something to say."""
    if method == "POST":
        prompt_routes.append(prompt(path, handler, method))
    router.add_api_route(
        path,
        handler,
        methods=[method],
        include_in_schema=document is not None,
        **(document or {}),
    )
    router.add_api_route(path, preflight, methods=["OPTIONS"], include_in_schema=False)


_register()
