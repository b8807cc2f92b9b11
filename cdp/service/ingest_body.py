"""The body of an ingest request: read within limits, inflated, parsed."""

import asyncio
import json
import re
import zlib
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request

from cdp.channel.push.said import Envelope
from cdp.errors import InvalidRequest, StoreUnavailable

MOST_BYTES = 5 << 20  # as it comes; clients send up to 4 MB
MOST_INFLATED = 20 << 20
MOST_READING = 128 << 20  # of all requests that are being read at once
MOST_DEEP = 200  # levels of JSON
SLOWEST_SECONDS = 30.0  # for a client to send its body
LARGE = 64 << 10  # bodies above this are parsed beside the event loop
GZIP = b"\x1f\x8b"
# Texts that Postgres cannot hold: NUL, and halves of characters as some clients cut them.
DOUBTFUL = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


class Slow(StoreUnavailable):
    """The body did not arrive in time; nothing of it was taken. Send it again."""

    code = "slow"


class Crowded(StoreUnavailable):
    """Too many bodies are being read; nothing of this one was taken. Send it again in a moment."""

    code = "busy"


class Reading:
    """How many bytes of bodies this process holds."""

    def __init__(self) -> None:
        self.held = 0

    async def body(self, request: Request) -> bytes:
        """The body as it comes. Raises InvalidRequest where it is too large, Slow, Crowded."""
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > MOST_BYTES:
            raise too_large(MOST_BYTES)
        pieces, size = [], 0
        try:
            async with asyncio.timeout(SLOWEST_SECONDS):
                async for piece in request.stream():
                    size += len(piece)
                    self.held += len(piece)
                    if size > MOST_BYTES:
                        raise too_large(MOST_BYTES)
                    if self.held > MOST_READING:
                        raise Crowded
                    pieces.append(piece)
        except TimeoutError:
            raise Slow from None
        finally:
            self.held -= size
        return b"".join(pieces)


async def document(body: bytes, encoding: str) -> tuple[Any, bool]:
    """The JSON of a body, and whether its texts need a look. Raises InvalidRequest."""
    if len(body) > LARGE or body.startswith(GZIP):
        return await asyncio.to_thread(_document, body, encoding)
    return _document(body, encoding)


def _document(body: bytes, encoding: str) -> tuple[Any, bool]:
    # Some senders leave the header out, and some proxies inflate and leave it in.
    if body.startswith(GZIP):
        body = inflated(body)
    elif encoding not in ("", "identity", "gzip"):
        raise InvalidRequest(f"the body is encoded as {encoding[:20]!r}; send gzip or plain JSON")
    return parsed(body), DOUBTFUL.search(body) is not None


def inflated(body: bytes) -> bytes:
    """The bytes that were compressed by gzip. Raises InvalidRequest; never holds more than allowed."""
    pieces, size = [], 0
    while body:
        stream = zlib.decompressobj(wbits=31)
        try:
            piece = stream.decompress(body, MOST_INFLATED - size + 1)
        except zlib.error:
            raise InvalidRequest("the body is no gzip; send it anew") from None
        size += len(piece)
        if size > MOST_INFLATED:
            raise too_large(MOST_INFLATED)
        if not stream.eof:
            raise InvalidRequest("the gzip of the body ends too early; send it anew")
        pieces.append(piece)
        body = stream.unused_data
    return b"".join(pieces)


def parsed(body: bytes) -> Any:
    """The JSON value of a body. Raises InvalidRequest."""
    try:
        return from_json(body)
    except ValueError as error:
        # Halves of characters: Python's own parser lets them pass, so that only their message fails.
        if "hex escape" in str(error) or "surrogate" in str(error):
            return _leniently_parsed(body)
        reason = "too deeply nested" if "recursion" in str(error) else "malformed"
        raise InvalidRequest(f"the body is {reason} JSON") from None


def _leniently_parsed(body: bytes) -> Any:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is malformed JSON") from None
    if _deeper_than(found, MOST_DEEP):
        raise InvalidRequest("the body is too deeply nested JSON")
    return found


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    while layer:
        if levels == 0:
            return True
        levels -= 1
        layer = [
            part
            for each in layer
            for part in (
                each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
            )
            if isinstance(part, dict | list)
        ]
    return False


def too_large(limit: int) -> InvalidRequest:
    """The error for a body of more than `limit` bytes."""
    return InvalidRequest(f"the body is larger than {limit >> 20} MiB; send it in parts")


def messages(found: Any, envelope: Envelope) -> tuple[list[Any], Envelope]:
    """The messages of a parsed body: its batch, or itself where the path names a single call.

    Raises InvalidRequest where it is neither.
    """
    if envelope.call is not None:
        return [found], envelope
    said = {"batch": found} if isinstance(found, list) else found
    if not isinstance(said, dict) or not isinstance(said.get("batch"), list):
        raise InvalidRequest('the body has no list of messages; send {"batch": [...]}')
    shared = said.get("context")
    batch = said["batch"]
    if isinstance(shared, dict) and shared:
        batch = [_with_context(each, shared) for each in batch]
    sent_at = said.get("sentAt")
    return batch, Envelope(envelope.received_at, sent_at, None, envelope.doubtful)


def _with_context(message: Any, shared: dict[str, Any]) -> Any:
    own = message.get("context") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(own, dict | None):
        return message
    return message | {"context": shared | (own or {})}


def write_key(found: Any) -> str | None:
    """The key that a body names: its own, else its first message's."""
    items = (
        found
        if isinstance(found, list)
        else found.get("batch")
        if isinstance(found, dict)
        else None
    )
    first = items[0] if isinstance(items, list) and items else None
    for each in (found, first):
        key = each.get("writeKey") if isinstance(each, dict) else None
        if isinstance(key, str) and key:
            return key
    return None
