"""Reading profiles over HTTP."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Body, Header, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from cdp.errors import InvalidRequest
from cdp.model.answers import (
    ExplainedProfile,
    Found,
    ProfileIdentifier,
    Rectification,
    TimelinePage,
)
from cdp.model.parts import PartedProfile
from cdp.model.profile import Profile, SourceRecord, TraitExplanation
from cdp.profile.selection import SITUATION
from cdp.profiles import MOST_LOOKUPS
from cdp.service.answering import (
    AsOf,
    Fields,
    Limit,
    Listing,
    Ref,
    TraitName,
    answer,
    answer_list,
    answer_model,
    described,
    fields_of,
    routes,
)
from cdp.service.auth import Caller, Reader, admit
from cdp.service.crossing_routes import may_see
from cdp.service.prompt import prompt

router = routes("profiles")

SEARCHED = ("name", "address", "company_name")
IfNoneMatch = Annotated[str | None, Header(description="the ETag of the answer you have")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2_100)]


class Lookup(BaseModel):
    """Whom to look up."""

    refs: list[Words] = Field(max_length=MOST_LOOKUPS, description="ids and namespace:value")


class Wanted(BaseModel):
    """Identifiers that a profile must carry, all of them."""

    identifiers: dict[Words, Words] = Field(min_length=1, max_length=20)


@router.get("/profiles", responses=described(Listing[Profile]))
def search(
    request: Request,
    caller: Reader,
    search: Annotated[str, Query(min_length=1, max_length=200, examples=["ann oslo"])],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Profiles whose names, contact points and city are like every word, best first.

    For keys that see these: who is found tells what the words are like.
    """
    caller.may_see("identifiers")
    may_see(caller, SEARCHED)
    found = caller.serving.profiles.search(search, limit=limit)
    return _profiles(request, caller, "search", found)


@router.post("/profiles/find", responses=described(Listing[Profile]))
def find(
    request: Request,
    caller: Reader,
    wanted: Annotated[Wanted, Body(examples=[{"identifiers": {"email": "ann@example.com"}}])],
) -> Response:
    """The profiles that carry all these identifiers, oldest first."""
    found = caller.serving.profiles.find(**wanted.identifiers)
    return _profiles(request, caller, "find", found)


@router.post("/profiles/lookup", responses=described(Listing[Found]))
def lookup(
    request: Request,
    caller: Reader,
    wanted: Annotated[Lookup, Body(examples=[{"refs": ["email:ann@example.com"]}])],
    fields: Fields = None,
) -> Response:
    """What each of up to 500 ids and identifiers stands for."""
    chosen = fields_of(fields)
    if SITUATION in (chosen or ()):
        raise InvalidRequest("a situation is read with one profile: /v1/profiles/{ref}/situation")
    found = caller.serving.profiles.lookup(wanted.refs)
    caller.looked("lookup", [each.profile_id for one in found for each in one.profiles])
    data = [
        one.model_dump(mode="json", exclude={"profiles"})
        | {"profiles": [_visible(caller, each, chosen) for each in one.profiles]}
        for one in found
    ]
    return answer(request, json.dumps({"data": data}))


@router.get("/profiles/{ref:path}/timeline", responses=described(TimelinePage))
def timeline(
    *,
    request: Request,
    caller: Reader,
    ref: Ref,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    kinds: Annotated[str | None, Query(examples=["order,return"], max_length=2_000)] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Limit = 100,
    order: Literal["newest", "oldest"] = "newest",
) -> Response:
    """The person's events from every channel, page by page."""
    caller.may_see("timeline")
    uid = _resolved(caller, ref, "timeline")
    page = caller.serving.profiles.timeline_page(
        uid,
        cursor=cursor,
        limit=limit,
        kinds=kinds.split(",") if kinds else None,
        since=since,
        until=until,
        oldest_first=order == "oldest",
    )
    return answer_model(request, page)


@router.get("/profiles/{ref:path}/identifiers", responses=described(Listing[ProfileIdentifier]))
def identifiers(request: Request, caller: Reader, ref: Ref) -> Response:
    """The identifiers of a profile, with the channels that know them."""
    caller.may_see("identifiers")
    uid = _resolved(caller, ref, "identifiers")
    return answer_list(request, caller.serving.profiles.identifiers(uid))


@router.get("/profiles/{ref:path}/records", responses=described(Listing[SourceRecord]))
def records(request: Request, caller: Reader, ref: Ref) -> Response:
    """The source records, with every version as it came."""
    caller.may_see("source_records")
    uid = _resolved(caller, ref, "records")
    return answer_list(request, caller.serving.profiles.records(uid))


@router.get("/profiles/{ref:path}/explain/{trait}", responses=described(TraitExplanation))
def explain(request: Request, caller: Reader, ref: Ref, trait: TraitName) -> Response:
    """Why a trait has its value: the rule, who carried it and who lost."""
    caller.may_see("source_records")
    uid = _resolved(caller, ref, "explain")
    return answer_model(request, caller.serving.profiles.explain(uid, trait))


@router.get("/profiles/{ref:path}/rectifications", responses=described(Listing[Rectification]))
def rectifications(request: Request, caller: Reader, ref: Ref) -> Response:
    """What stewards said of the profile's traits, newest first."""
    caller.may_see("source_records")
    uid = _resolved(caller, ref, "rectifications")
    return answer_list(request, caller.serving.profiles.rectifications(uid))


@router.get("/profiles/{ref:path}", responses=described(Profile | ExplainedProfile | PartedProfile))
def profile(
    *,
    request: Request,
    caller: Reader,
    ref: Ref,
    fields: Fields = None,
    as_of: AsOf = None,
    provenance: Annotated[bool, Query(description="say why each trait has its value")] = False,
    view: Annotated[
        Literal["traits", "parts"], Query(description="parts: the traits typed, part by part")
    ] = "traits",
    if_none_match: IfNoneMatch = None,  # noqa: ARG001  documented here, read by `answer`
) -> Response:
    """One profile. The id of a merged profile and the uid of a record answer, too."""
    chosen = Chosen(fields_of(fields), as_of, provenance=provenance, parts=view == "parts")
    return _chosen(request, caller, ref, chosen)


@dataclass(frozen=True)
class Chosen:
    """What of a profile is wanted."""

    fields: Collection[str] | None
    as_of: datetime | None
    provenance: bool
    parts: bool


def _chosen(request: Request, caller: Caller, ref: str, chosen: Chosen) -> Response:
    if chosen.provenance and chosen.as_of:
        raise InvalidRequest("provenance tells of now; ask for it without as_of")
    uid, body = caller.serving.profiles.body(ref, as_of=chosen.as_of)
    caller.looked("profile", [uid])
    seen = dict(caller.visible(json.loads(body), chosen.fields))
    if SITUATION in (chosen.fields or ()) and caller.sees(SITUATION):
        only = caller.serving.profiles.get(uid, as_of=chosen.as_of, fields=[SITUATION])
        seen |= only.model_dump(mode="json", include={SITUATION}, exclude_unset=True)
    if chosen.provenance:
        caller.may_see("source_records")
        seen["provenance"] = {
            name: why.model_dump(mode="json")
            for name, why in caller.serving.profiles.provenance(uid).items()
            if name in seen["traits"]
        }
    if chosen.parts:
        seen = PartedProfile.of(seen).model_dump(mode="json")
    return answer(request, json.dumps(seen), as_of=chosen.as_of)


def _resolved(caller: Caller, ref: str, action: str) -> Any:
    uid, _ = caller.serving.profiles.body(ref)
    caller.looked(action, [uid])
    return uid


def _profiles(request: Request, caller: Caller, action: str, found: list[Profile]) -> Response:
    caller.looked(action, [each.profile_id for each in found])
    data = [_visible(caller, each, None) for each in found]
    return answer(request, json.dumps({"data": data}))


def _visible(caller: Caller, profile: Profile, fields: Any) -> Any:
    body = profile.model_dump(mode="json", exclude_unset=True)
    return caller.visible(body, fields)


async def _prompt(request: Request) -> Response:
    caller = await admit(request, "read")
    ref = request.path_params["ref"]
    if caller.key.fields is not None:
        everything = Chosen(None, None, provenance=False, parts=False)
        return await asyncio.to_thread(_chosen, request, caller, ref, everything)
    uid, body = await caller.serving.lookup.body(ref)
    caller.looked("profile", [uid])
    return answer(request, body)


prompt_route = prompt("/v1/profiles/{ref}", _prompt)
