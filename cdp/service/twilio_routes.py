"""The paths of Twilio Segment's Profile API: code written for it works by changing the host."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from cdp.channel.push.commerce import kind_of
from cdp.errors import InvalidRequest, ProfileNotFound
from cdp.model.profile import Profile
from cdp.service.answering import answer
from cdp.service.auth import Reader
from cdp.service.paths import Whole
from cdp.service.problems import PROBLEMS
from cdp.service.twilio_words import (
    COLLECTIONS,
    PARTS,
    event_of,
    external_id,
    traits,
    verbose,
)
from cdp.store.profile import read

PREFIX = "/v1/spaces/{space}/collections/{collection}/profiles/{ref:path}"
router = APIRouter(tags=["Segment's Profile API"], responses=PROBLEMS)

Include = Annotated[str | None, Query(max_length=4_000, description="names, with commas between")]
Next = Annotated[str | None, Query(alias="next", max_length=400)]
CLASSES = ("audience", "computed_trait")


class Asked:
    """One profile of a collection, its reader admitted and entered into the audit log."""

    def __init__(
        self,
        caller: Reader,
        request: Request,
        space: str,
        collection: str,
        ref: Annotated[str, Whole],
    ) -> None:
        if collection not in COLLECTIONS:
            raise InvalidRequest("the parameter `collection` is users or accounts")
        self.caller, self.request, self.collection = caller, request, collection
        self.profiles = caller.serving.profiles
        self.path = f"/v1/spaces/{space}/collections/{collection}/profiles/{quote(ref, safe=':@')}"
        uid, body = self.profiles.body(ref)
        said = json.loads(body)
        self.kinds = {each["kind"] for each in said.get("behaviour", ())}
        self.profile = Profile.model_validate(caller.visible(said))
        if self.profile.subject != COLLECTIONS[collection]:
            raise ProfileNotFound("Profile was not found.")
        caller.looked(request.url.path.rpartition("/")[2], [uid])
        self.uid: UUID = uid

    def page(self, key: str, data: Any, route: str, limit: int, following: str | None) -> Response:
        """Some of a list, with the cursor of the rest."""
        query = urlencode({"limit": limit} | ({"next": following} if following else {}))
        cursor = {
            "url": f"{self.path}/{route}?{query}",
            "has_more": following is not None,
            "next": following or "",
            "limit": limit,
        }
        return answer(self.request, json.dumps({key: data, "cursor": cursor}))


Subject = Annotated[Asked, Depends(Asked)]


@router.get(f"{PREFIX}/traits")
def get_traits(
    asked: Subject,
    *,
    kind: Annotated[str | None, Query(alias="class")] = None,
    include: Include = None,
    limit: int = 10,
    following: Next = None,
    with_source: Annotated[bool, Query(alias="verbose")] = False,
) -> Response:
    """The traits."""
    _check(limit, 200)
    if kind is not None and kind not in CLASSES:
        raise InvalidRequest("the parameter `class` is audience or computed_trait")
    found = {} if kind else traits(asked.profile)
    names = [name for name in found if include is None or name in _listed(include)]
    names = [name for name in names if following is None or name >= following]
    said: Mapping[str, Any] = {name: found[name][1] for name in names[:limit]}
    if with_source:
        why = asked.profiles.provenance(asked.uid)
        said = {name: verbose(found[name][1], why.get(found[name][0] or "")) for name in said}
    return asked.page("traits", said, "traits", limit, next(iter(names[limit:]), None))


@router.get(f"{PREFIX}/external_ids")
def get_external_ids(
    asked: Subject, *, include: Include = None, limit: int = 10, following: Next = None
) -> Response:
    """The identifiers."""
    _check(limit, 200)
    asked.caller.may_see("identifiers")
    found = [
        (f"{each.namespace}:{each.value}", each)
        for each in asked.profiles.identifiers(asked.uid)
        if include is None or each.namespace in _listed(include)
    ]
    found = [pair for pair in found if following is None or pair[0] >= _decoded(following)]
    data = [
        external_id(
            asked.collection, each.namespace, each.value, each.channels[0], each.observed_at
        )
        for _, each in found[:limit]
    ]
    after = _encoded(found[limit][0]) if len(found) > limit else None
    return asked.page("data", data, "external_ids", limit, after)


@router.get(f"{PREFIX}/events")
def get_events(
    asked: Subject,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    include: Include = None,
    exclude: Include = None,
    sort: str = "desc",
    limit: int = 10,
    following: Next = None,
) -> Response:
    """The events, newest first."""
    _check(limit, 100)
    asked.caller.may_see("timeline")
    if sort not in ("asc", "desc"):
        raise InvalidRequest("the parameter `sort` is asc or desc")
    kinds = _kinds(asked.kinds, include, exclude)
    page = asked.profiles.timeline_page(
        asked.uid,
        cursor=following,
        limit=limit,
        since=_in_utc(start),
        until=_in_utc(end),
        kinds=kinds,
        oldest_first=sort == "asc",
    )
    ids = _ids_by_record(asked, {event.record_uid for event in page.data})
    data = [event_of(event, ids.get(event.record_uid, ())) for event in page.data]
    return asked.page("data", data, "events", limit, page.next)


@router.get(f"{PREFIX}/metadata")
def get_metadata(asked: Subject) -> Response:
    """When and from where the profile came."""
    with asked.caller.serving.database.autocommit() as connection:
        rows = read.rows(connection, read.METADATA, {"profile_id": asked.uid})
    if not rows:  # merged since it was read
        raise ProfileNotFound("Profile was not found.")
    found = rows[0]
    metadata = {
        "created_at": asked.profile.created_at.isoformat(),
        "updated_at": found["changed_at"].isoformat(),
        "expires_at": None,
        "first_source_id": found["first"],
        "last_source_id": found["last"],
    }
    return answer(asked.request, json.dumps({"metadata": metadata}))


@router.get(f"{PREFIX}/links")
def get_links(asked: Subject, *, limit: int = 20) -> Response:
    """The companies of a person, or the people of a company."""
    _check(limit, 20)
    asked.caller.may_see("accounts")
    linked = _people(asked, limit) if asked.collection == "accounts" else _companies(asked, limit)
    return answer(asked.request, json.dumps({"data": linked}))


def _companies(asked: Asked, limit: int) -> list[dict[str, Any]]:
    named = dict.fromkeys((each.namespace, each.key) for each in asked.profile.accounts)
    return [
        {"to_collection": "accounts", "external_ids": [external_id("accounts", *pair)]}
        for pair in list(named)[:limit]
    ]


def _people(asked: Asked, limit: int) -> list[dict[str, Any]]:
    people = dict.fromkeys(
        each.profile_id for each in asked.profiles.people(asked.uid, limit=limit)
    )
    asked.caller.looked("links", people)
    linked = []
    for uid in people:
        held = asked.caller.shown(asked.profiles.get(uid)).identifiers
        ids = [external_id("users", name, value) for name in held for value in held[name]]
        linked.append({"to_collection": "users", "external_ids": ids})
    return linked


def _ids_by_record(asked: Asked, records: Collection[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    with asked.caller.serving.database.autocommit() as connection:
        rows = read.rows(connection, read.HELD, (list(records),))
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        if asked.profile.identifiers.get(row["namespace"]):  # else the key may not see it
            said = external_id(asked.collection, row["namespace"], row["value"])
            found.setdefault(row["record_uid"], []).append(said)
    return found


def _kinds(known: Collection[str], include: str | None, exclude: str | None) -> Sequence[str]:
    if include is not None:
        chosen = {kind_of(name) for name in _listed(include)}
    else:
        chosen = set(known) - PARTS
    chosen -= {kind_of(name) for name in _listed(exclude or "")}
    return sorted(chosen) or [""]  # no kind is called that: nothing is left


def _listed(said: str) -> list[str]:
    return [name.strip() for name in said.split(",") if name.strip()]


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _check(limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        raise InvalidRequest(f"the parameter `limit` is 1 to {most}")


def _encoded(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidRequest("the parameter `next` is none of ours") from None
