"""Audiences over HTTP: declared, sized, exported as a stream or a push, suppressed, measured."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Body, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import StreamingResponse

from cdp.audiences import ORDERED
from cdp.errors import InvalidRequest, ScopeMissing
from cdp.model.audience import (
    Audience,
    AudienceDeclaration,
    Effect,
    Export,
    Format,
    Holdout,
    Size,
    Suppression,
    Word,
)
from cdp.model.duration import duration
from cdp.model.fault import first_fault
from cdp.service.answering import (
    Limit,
    Listing,
    answer_list,
    answer_model,
    described,
    routes,
)
from cdp.service.audience_push import push
from cdp.service.auth import Caller, Reader, Steward
from cdp.service.crossing_routes import may_list_by, may_see
from cdp.service.paths import Whole

router = routes("audiences")

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
Name = Annotated[str, Path(max_length=64, description="of an audience"), Whole]
Words = Annotated[list[str] | None, Query(max_length=100)]


class Said(BaseModel):
    """An audience without its name."""

    model_config = ConfigDict(extra="forbid")

    segment: str | None = None
    crossing: str | None = Field(default=None, max_length=4_000)
    purpose: Word
    medium: Word
    fields: tuple[str, ...] = Field(default=(), max_length=200)
    holdout: Holdout | None = None
    description: str = Field(default="", max_length=2_000)


class Wanted(BaseModel):
    """What of an audience is handed on, and how."""

    model_config = ConfigDict(extra="forbid")

    format: Format = "csv"
    fields: tuple[str, ...] | None = Field(default=None, max_length=200)


class Sent(BaseModel):
    """Where an audience is sent."""

    model_config = ConfigDict(extra="forbid")

    webhook: UUID
    fields: tuple[str, ...] | None = Field(default=None, max_length=200)


class Suppressing(BaseModel):
    """Who must not be written to."""

    model_config = ConfigDict(extra="forbid")

    identifier: str = Field(max_length=2_100, examples=["email:ann@example.com"])
    reason: Literal["do_not_contact", "bounced"] = "do_not_contact"
    note: str = Field(default="", max_length=2_000)


@router.get("/audiences", responses=described(Listing[Audience]))
def every(request: Request, caller: Reader) -> Response:
    """The audiences, by name."""
    return answer_list(request, caller.serving.audiences.every())


@router.put("/audiences/{name}", responses={200: {"model": Audience}})
def declare(
    request: Request,
    caller: Steward,
    name: Name,
    said: Annotated[
        Said, Body(examples=[{"segment": "vip", "purpose": "marketing", "medium": "email"}])
    ],
) -> Response:
    """Make the audience of that name what is said; a new one where there is none."""
    if said.crossing:
        may_list_by(caller, said.crossing)
    caller.changing("declare audience", None)
    done = caller.serving.audiences.declare(_declaration(name, said), by=caller.name)
    return answer_model(request, done)


@router.get("/audiences/{name}", responses=described(Audience))
def one(request: Request, caller: Reader, name: Name) -> Response:
    """One audience."""
    return answer_model(request, caller.serving.audiences.get(name))


@router.delete("/audiences/{name}", status_code=204)
def archive(caller: Steward, name: Name) -> None:
    """Put an audience away; its exports stay on record."""
    caller.changing("archive audience", None)
    caller.serving.audiences.archive(name)


@router.get("/audiences/{name}/size", responses=described(Size))
def size(request: Request, caller: Reader, name: Name) -> Response:
    """How many may be addressed now, and why the others may not."""
    return answer_model(request, caller.serving.audiences.size(name))


@router.post(
    "/audiences/{name}/exports",
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in TYPES.values()}}},
    response_class=StreamingResponse,
)
def export(caller: Steward, name: Name, wanted: Annotated[Wanted, Body()]) -> Response:
    """The people who may be addressed, as a stream; `Export-Id` names it in the list of exports."""
    _allowed(caller, name, wanted.fields)
    export_id, pieces = caller.serving.audiences.pieces(
        name, kind=wanted.format, fields=wanted.fields, by=caller.name
    )
    headers = {
        "Export-Id": str(export_id),
        "Content-Disposition": f'attachment; filename="{name}.{wanted.format}"',
    }
    return StreamingResponse(pieces, media_type=TYPES[wanted.format], headers=headers)


@router.post("/audiences/{name}/pushes", responses={200: {"model": Export}})
def send(request: Request, caller: Steward, name: Name, sent: Annotated[Sent, Body()]) -> Response:
    """Send the people who may be addressed to a webhook, page by page; answers when all is taken."""
    audience = _allowed(caller, name, sent.fields)
    done = push(caller.serving.database, audience, sent.webhook, by=caller.name, fields=sent.fields)
    return answer_model(request, done)


@router.get("/audiences/{name}/exports", responses=described(Listing[Export]))
def exports(request: Request, caller: Reader, name: Name, limit: Limit = 100) -> Response:
    """What was handed on of an audience, newest first: who, what for, how many, the hash."""
    return answer_list(request, caller.serving.audiences.exports(name, limit=limit))


@router.get("/audiences/{name}/effect", responses=described(Effect))
def effect(
    *,
    request: Request,
    caller: Reader,
    name: Name,
    kinds: Words = None,
    products: Words = None,
    categories: Words = None,
    within: Annotated[str, AfterValidator(duration), Query(examples=["14d"])] = "14d",
) -> Response:
    """What the addressed did within a time, beside those held out; the difference with interval."""
    found = caller.serving.audiences.effect(
        name,
        kinds=kinds or ORDERED,
        within=duration(within),
        products=products,
        categories=categories,
    )
    return answer_model(request, found)


@router.get("/suppressions", responses=described(Listing[Suppression]))
def suppressions(request: Request, caller: Steward, limit: Limit = 100) -> Response:
    """Identifiers whose owners must not be written to, newest first."""
    return answer_list(request, caller.serving.audiences.suppressions(limit=limit))


@router.post("/suppressions", responses={200: {"model": Suppression}})
def suppress(request: Request, caller: Steward, said: Annotated[Suppressing, Body()]) -> Response:
    """Never write to who carries an identifier; `bounced`: not at this address."""
    caller.changing("suppress", None)
    done = caller.serving.audiences.suppress(
        said.identifier, reason=said.reason, note=said.note, by=caller.name
    )
    return answer_model(request, done)


@router.delete("/suppressions/{ref:path}", status_code=204)
def lift(
    caller: Steward, ref: Annotated[str, Path(examples=["email:ann@example.com"]), Whole]
) -> None:
    """Take the suppressions of an identifier back."""
    caller.changing("lift suppression", None)
    caller.serving.audiences.lift(ref)


def _declaration(name: str, said: Said) -> AudienceDeclaration:
    try:
        return AudienceDeclaration(name=name, **said.model_dump())
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from None


def _allowed(caller: Caller, name: str, fields: Sequence[str] | None) -> Audience:
    """The audience, if the key is for its purpose and may see its fields. Raises ScopeMissing."""
    audience = caller.serving.audiences.get(name)
    purposes = caller.key.purposes
    if purposes is not None and audience.purpose not in purposes:
        raise ScopeMissing(f"the key {caller.key.key_id} is not for {audience.purpose!r}")
    caller.may_see("identifiers")
    may_see(caller, audience.fields if fields is None else fields)
    return audience
