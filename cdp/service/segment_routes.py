"""Segments over HTTP: name a condition, size it, list who is in, and say why."""

from typing import Annotated, Any

from fastapi import Body, Path, Query, Request, Response
from pydantic import BaseModel, Field

from cdp.errors import ScopeMissing
from cdp.model.segment import (
    Estimate,
    Members,
    MembershipChanges,
    Segment,
    Subject,
    Why,
)
from cdp.service.answering import (
    Limit,
    Listing,
    Ref,
    answer_list,
    answer_model,
    described,
    routes,
)
from cdp.service.auth import Caller, Reader, Steward
from cdp.service.paths import Whole

router = routes("segments")

Name = Annotated[str, Path(max_length=200, examples=["churned top spenders"]), Whole]
Cursor = Annotated[str | None, Query(max_length=40, description="`next` of the answer before")]
CONDITION = {
    "all": [
        {"trait": "lifecycle", "is": "churned"},
        {"event": "product_viewed", "where": {"category": "running shoes"}, "within": "7d"},
    ]
}


class Definition(BaseModel):
    """A condition and what it is for."""

    condition: dict[str, Any] = Field(description="the tree, see docs/segments.md")
    description: str = Field(default="", max_length=2_000)
    subject: Subject = "person"


class Question(BaseModel):
    """A condition that is not saved (yet)."""

    condition: dict[str, Any]
    subject: Subject = "person"
    seconds: float = Field(default=2.0, gt=0, le=30, description="longer than that: from a sample")


class Asked(BaseModel):
    """Why somebody is, or would be, in."""

    segment: str | None = Field(default=None, description="the name of a saved one")
    condition: dict[str, Any] | None = Field(default=None, description="or any condition")


@router.get("/segments", responses=described(Listing[Segment]))
def every(request: Request, caller: Reader) -> Response:
    """The segments there are, with their sizes, and when they were last right."""
    return answer_list(request, caller.serving.segments.list())


@router.post("/segments/estimate", responses=described(Estimate))
def estimate(
    request: Request,
    caller: Reader,
    said: Annotated[Question, Body(examples=[{"condition": CONDITION}])],
) -> Response:
    """How many a condition holds of, while it is being built."""
    _sees_everything(caller)
    found = caller.serving.segments.estimate(
        said.condition, subject=said.subject, seconds=said.seconds
    )
    return answer_model(request, found)


@router.put("/segments/{name}", responses={200: {"model": Segment}})
def save(
    request: Request,
    caller: Steward,
    name: Name,
    said: Annotated[Definition, Body(examples=[{"condition": CONDITION}])],
) -> Response:
    """Save a condition under a name, or redefine it; its members are right in the answer."""
    _sees_everything(caller)
    caller.changing("save segment", None)
    done = caller.serving.segments.save(
        name, said.condition, by=caller.name, description=said.description, subject=said.subject
    )
    return answer_model(request, done)


@router.get("/segments/{name}", responses=described(Segment))
def one(request: Request, caller: Reader, name: Name) -> Response:
    """One segment, its size, and when it was last right."""
    return answer_model(request, caller.serving.segments.get(name))


@router.delete("/segments/{name}", status_code=204)
def archive(caller: Steward, name: Name) -> Response:
    """End a segment: everyone leaves it, its history stays."""
    caller.changing("archive segment", None)
    caller.serving.segments.archive(name)
    return Response(status_code=204)


@router.get("/segments/{name}/members", responses=described(Members))
def members(
    request: Request, caller: Reader, name: Name, after: Cursor = None, limit: Limit = 100
) -> Response:
    """Who is in a segment, and since when."""
    page = caller.serving.segments.members(name, after=after, limit=limit)
    caller.looked("segment members", [each.profile_id for each in page.data])
    return answer_model(request, page)


@router.get("/segments/{name}/changes", responses=described(MembershipChanges))
def changes(
    request: Request, caller: Reader, name: Name, since: Cursor = None, limit: Limit = 100
) -> Response:
    """Who came into a segment and left it since a cursor, in order; nothing is missed."""
    page = caller.serving.segments.changes(name, since, limit=limit)
    caller.looked("segment changes", [each.profile_id for each in page.data])
    return answer_model(request, page)


@router.post("/profiles/{ref:path}/why", responses={200: {"model": Why}})
def why(
    request: Request,
    caller: Reader,
    ref: Ref,
    said: Annotated[Asked, Body(examples=[{"segment": "churned top spenders"}])],
) -> Response:
    """Why a profile is in a segment, or is not: each condition with the value it was compared with."""
    _sees_everything(caller)
    asked = said.segment if said.segment is not None else said.condition or {}
    found = caller.serving.segments.why(ref, asked)
    caller.looked("why", [found.profile_id])
    return answer_model(request, found)


def _sees_everything(caller: Caller) -> None:
    """A condition may read any trait: the reasons show them, and so does whom it holds of."""
    if caller.key.fields is not None:
        raise ScopeMissing(
            f"the key {caller.key.key_id} sees some fields only; conditions read any of them"
        )
