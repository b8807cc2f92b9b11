"""Who is who over HTTP: what stewards decide, take back and look through."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query, Request, Response
from pydantic import BaseModel, StringConstraints

from cdp.model.explanation import IdentityExplanation, WhyNot
from cdp.model.identity import Decided, Decision, LogEntry
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

router = routes("identity")

Named = Annotated[str, StringConstraints(min_length=1, max_length=2_100)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
RECORD = "a record: its uid, channel:key, or namespace:value"
DECIDED: dict[int | str, dict[str, Any]] = {200: {"model": Decided}}


class Pair(BaseModel):
    """Two who are, or are not, one person: ids or namespace:value."""

    a: Named
    b: Named
    reason: Reason


class Detachment(BaseModel):
    """A record that does not belong to its profile."""

    record: Named
    reason: Reason


class Undoing(BaseModel):
    """A merge that was wrong: its entry in the log, or the profile and what was merged into it."""

    entry_id: UUID | None = None
    profile: Named | None = None
    merged: Named | None = None
    reason: Reason


class Revocation(BaseModel):
    """Why a decision is taken back."""

    reason: Reason


Record = Annotated[str, Query(min_length=1, max_length=2_100, description=RECORD)]
EXAMPLE = {"a": "email:ann@example.com", "b": "customer_id:4711", "reason": "she told us so"}


@router.post("/identity/links", responses=DECIDED)
def link(
    request: Request, caller: Steward, said: Annotated[Pair, Body(examples=[EXAMPLE])]
) -> Response:
    """Make two one person, above all limits and vetoes."""
    _changing(caller, "link", said.a, said.b)
    done = caller.serving.identities.link(said.a, said.b, by=caller.name, reason=said.reason)
    return answer_model(request, done)


@router.post("/identity/cannot-links", responses=DECIDED)
def cannot_link(
    request: Request, caller: Steward, said: Annotated[Pair, Body(examples=[EXAMPLE])]
) -> Response:
    """Keep two apart for ever, whatever they have in common."""
    _changing(caller, "cannot link", said.a, said.b)
    done = caller.serving.identities.cannot_link(said.a, said.b, by=caller.name, reason=said.reason)
    return answer_model(request, done)


@router.post("/identity/detachments", responses=DECIDED)
def detach(
    request: Request,
    caller: Steward,
    said: Annotated[Detachment, Body(examples=[{"record": "email:bo@example.com", "reason": "x"}])],
) -> Response:
    """Take a record out of its profile and keep it apart."""
    _changing(caller, "detach", said.record)
    done = caller.serving.identities.detach(said.record, by=caller.name, reason=said.reason)
    return answer_model(request, done)


@router.post("/identity/undoings", responses=DECIDED)
def undo(
    request: Request,
    caller: Steward,
    said: Annotated[Undoing, Body(examples=[{"profile": "id", "merged": "id", "reason": "x"}])],
) -> Response:
    """Undo a merge and see that it is not made again."""
    if said.entry_id:
        caller.changing("undo", None)
        merge: UUID | tuple[str, str] = said.entry_id
    else:
        merge = (said.profile or "", said.merged or "")
        _changing(caller, "undo", *merge)
    done = caller.serving.identities.undo(merge, by=caller.name, reason=said.reason)
    return answer_model(request, done)


@router.post("/identity/decisions/{decision_id}/revocation", responses=DECIDED)
def revoke(request: Request, caller: Steward, decision_id: UUID, said: Revocation) -> Response:
    """Take a decision back: the evidence speaks again."""
    caller.changing("revoke decision", None)
    done = caller.serving.identities.revoke(decision_id, by=caller.name, reason=said.reason)
    return answer_model(request, done)


@router.get("/identity/decisions", responses=described(Listing[Decision]))
def decisions(
    request: Request,
    caller: Steward,
    about: Annotated[str | None, Query(max_length=2_100)] = None,
    revoked: Annotated[bool, Query(description="those taken back, too")] = False,
    limit: Limit = 100,
) -> Response:
    """The decisions that stand, newest first."""
    found = caller.serving.identities.decisions(about, revoked=revoked, limit=limit)
    return answer_list(request, found)


@router.get("/profiles/{ref:path}/log", responses=described(Listing[LogEntry]))
def log(request: Request, caller: Reader, ref: Ref, limit: Limit = 100) -> Response:
    """How a profile came to be: its merges, splits and refused links."""
    caller.may_see("source_records")
    uid, _ = caller.serving.profiles.body(ref)
    caller.looked("identity log", [uid])
    return answer_list(request, caller.serving.identities.log(uid, limit=limit))


@router.get("/profiles/{ref:path}/identity", responses={200: {"model": IdentityExplanation}})
def explain(
    request: Request, caller: Reader, ref: Ref, a: Record | None = None, b: Record | None = None
) -> Response:
    """By what the records of a profile are one person; with `a` and `b` the path between them."""
    caller.may_see("source_records")
    found = caller.serving.identities.explain_identity(ref, a, b)
    caller.looked("identity explained", [found.profile_id])
    return answer_model(request, found)


@router.get("/identity/why-not", responses={200: {"model": WhyNot}})
def why_not(request: Request, caller: Reader, a: Record, b: Record) -> Response:
    """Why two records, or the profiles they belong to, are not one person."""
    caller.may_see("source_records")
    found = caller.serving.identities.why_not(a, b)
    caller.looked("identity explained", {found.left, found.right})
    return answer_model(request, found)


def _changing(caller: Caller, action: str, *refs: str) -> None:
    for ref in refs:
        uid, _ = caller.serving.profiles.body(ref)
        caller.changing(action, uid)
