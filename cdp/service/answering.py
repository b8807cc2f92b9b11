"""How the profile API answers: JSON with an ETag, the time for which it holds, lists as `data`."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, TypeAdapter

from cdp.profile import selection
from cdp.service.frame import header
from cdp.service.paths import Whole
from cdp.service.problems import PROBLEMS

JSON = (b"content-type", b"application/json")
Item = TypeVar("Item")

Ref = Annotated[
    str,
    Path(
        description="an id, or namespace:value percent-encoded",
        openapi_examples={
            "identifier": {"value": "email:ann@example.com"},
            "id": {"value": "019a9f5e-0c3b-7cc1-8f5a-3f0a4d1c2b7e"},
        },
    ),
    Whole,
]
TraitName = Annotated[str, Path(description="of the registry, or custom.<name>"), Whole]
Limit = Annotated[int, Query(ge=1, le=1_000, description="at most so many")]
Fields = Annotated[
    str | None,
    Query(
        description="fields, parts and traits, with commas between",
        examples=["identifiers,demographics,traits.name"],
    ),
]
AsOf = Annotated[
    datetime | None,
    Query(description="as it was known then; a time with its zone", examples=["2026-05-31T12:00Z"]),
]


class Listing(BaseModel, Generic[Item]):
    """Several of a kind."""

    data: list[Item]


def routes(tag: str) -> APIRouter:
    """A part of the profile API, under that heading of the OpenAPI document."""
    return APIRouter(prefix="/v1", tags=[tag], responses=PROBLEMS)


def described(model: Any, **more: Any) -> dict[int | str, dict[str, Any]]:
    """The documented answer of a route that writes its JSON itself."""
    return {200: {"model": model, **more}, 304: {"description": "you have it already"}}


def answer(request: Request, body: str | bytes, *, as_of: datetime | None = None) -> Response:
    """`body` (JSON), or 304 where the caller has it; `as_of`: the time it holds for, else now."""
    data = body.encode() if isinstance(body, str) else body
    tag = f'"{blake2b(data, digest_size=12).hexdigest()}"'
    moment = as_of.astimezone(UTC) if as_of else datetime.now(UTC)
    headers = [
        (b"etag", tag.encode()),
        (b"as-of", moment.isoformat().encode()),
        (b"cache-control", b"private, no-cache"),
    ]
    if _has(request, tag):
        return Ready(304, b"", headers)
    return Ready(200, data, [JSON, (b"content-length", b"%d" % len(data)), *headers])


class Ready(Response):
    """An answer whose headers are bytes already: to write them anew takes as long as to look up."""

    def __init__(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.status_code, self.body, self.raw_headers = status, body, headers
        self.background = None


def answer_model(request: Request, model: BaseModel) -> Response:
    """The same of a model; what it was not given is left out, as in the profiles that are kept."""
    return answer(request, model.model_dump_json(exclude_unset=True))


def answer_list(request: Request, models: Sequence[BaseModel]) -> Response:
    """The same of a list, as the `data` of an object."""
    return answer(request, b'{"data":' + ANYTHING.dump_json(list(models)) + b"}")


ANYTHING: TypeAdapter[list[Any]] = TypeAdapter(list[Any])


def fields_of(said: str | None) -> Collection[str] | None:
    """The fields that a query names. Raises InvalidRequest."""
    if said is None:
        return None
    return selection.checked([name.strip() for name in said.split(",") if name.strip()])


def _has(request: Request, tag: str) -> bool:
    known = header(request, b"if-none-match")
    if known is None:
        return False
    tags = [each.strip().removeprefix("W/") for each in known.split(",")]
    return tag in tags or "*" in tags
