"""The verbs of the profile API as calls: what to send, and how the answer reads. No I/O."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, JsonValue, TypeAdapter

from cdp.model.answers import (
    AccountPerson,
    Changes,
    ExplainedProfile,
    Found,
    ProfileIdentifier,
    Rectification,
    TimelinePage,
)
from cdp.model.computed import ComputedExplanation, ComputedTrait, ComputedTraits
from cdp.model.explanation import IdentityExplanation, WhyNot
from cdp.model.identity import Decided, Decision, LogEntry
from cdp.model.profile import Profile, SourceRecord, TraitExplanation
from cdp.model.sentiment import ProfileSentiment
from cdp.model.status import StoreStatus
from cdp.model.trait import Trait

Answer = TypeVar("Answer")
Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")
Ref = UUID | str


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One request and the reading of its answer.

    `repeatable`: sending it twice does what sending it once does, so it is sent again after any
    failure of the network; other calls only after answers that say nothing was done.
    """

    method: str
    path: str
    read: Callable[[bytes], Answer]
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


def get(ref: Ref, as_of: datetime | None, fields: Collection[str] | None) -> Call[Profile]:
    """One profile."""
    return Call("GET", _place(ref), as_model(Profile), asked(as_of=as_of, fields=fields))


def find(identifiers: Mapping[str, str]) -> Call[list[Profile]]:
    """The profiles that carry all these identifiers."""
    body: dict[str, Any] = {"identifiers": dict(identifiers)}
    return Call("POST", "/v1/profiles/find", as_data(list[Profile]), body=body)


def lookup(refs: Sequence[str]) -> Call[list[Found]]:
    """What many ids and identifiers stand for."""
    return Call("POST", "/v1/profiles/lookup", as_data(list[Found]), body={"refs": list(refs)})


def search(words: str, limit: int) -> Call[list[Profile]]:
    """Profiles like some words."""
    return Call("GET", "/v1/profiles", as_data(list[Profile]), asked(search=words, limit=limit))


def timeline_page(ref: Ref, **query: Any) -> Call[TimelinePage]:
    """A page of the timeline."""
    newest = not query.pop("oldest_first", False)
    query = asked(order=None if newest else "oldest", **query)
    return Call("GET", _place(ref, "timeline"), as_model(TimelinePage), query)


def identifiers(ref: Ref) -> Call[list[ProfileIdentifier]]:
    """The identifiers of a profile."""
    return Call("GET", _place(ref, "identifiers"), as_data(list[ProfileIdentifier]))


def records(ref: Ref) -> Call[list[SourceRecord]]:
    """The source records of a profile."""
    return Call("GET", _place(ref, "records"), as_data(list[SourceRecord]))


def people(ref: Ref, limit: int) -> Call[list[AccountPerson]]:
    """Who belongs to a company."""
    path = f"/v1/accounts/{quote(str(ref), safe='')}/people"
    return Call("GET", path, as_data(list[AccountPerson]), asked(limit=limit))


def explain(ref: Ref, name: str) -> Call[TraitExplanation]:
    """Why a trait has its value."""
    return Call("GET", _place(ref, "explain", name), as_model(TraitExplanation))


def provenance(ref: Ref) -> Call[Mapping[str, TraitExplanation]]:
    """Why each trait has its value."""
    return Call(
        "GET",
        _place(ref),
        lambda said: ExplainedProfile.model_validate_json(said).provenance,
        asked(provenance="true", fields=["traits"]),
    )


def computed(ref: Ref) -> Call[ComputedTraits]:
    """What was concluded of a profile."""
    return Call("GET", _place(ref, "computed"), as_model(ComputedTraits))


def explain_computed(ref: Ref, name: str) -> Call[ComputedExplanation]:
    """Why a computed trait has its value."""
    return Call("GET", _place(ref, "computed", name), as_model(ComputedExplanation))


def computed_traits() -> Call[list[ComputedTrait]]:
    """The registry of computed traits."""
    return Call("GET", "/v1/computed-traits", as_data(list[ComputedTrait]))


def sentiment(ref: Ref, limit: int) -> Call[ProfileSentiment]:
    """What a person feels about what."""
    return Call("GET", _place(ref, "sentiment"), as_model(ProfileSentiment), asked(limit=limit))


def changes(since: str | None, limit: int, *, with_profiles: bool) -> Call[Changes]:
    """Profiles changed since a cursor."""
    query = asked(since=since, limit=limit, profiles="true" if with_profiles else None)
    return Call("GET", "/v1/changes", as_model(Changes), query)


def rectify(ref: Ref, trait: str, value: JsonValue, reason: str) -> Call[Profile]:
    """Set a trait above every source."""
    body: dict[str, JsonValue] = {"trait": trait, "value": value, "reason": reason}
    return Call(
        "POST", _place(ref, "rectifications"), as_model(Profile), body=body, repeatable=False
    )


def withdraw_rectification(ref: Ref, trait: str) -> Call[Profile]:
    """Take a rectification back."""
    return Call("DELETE", _place(ref, "rectifications", trait), as_model(Profile), repeatable=False)


def rectifications(ref: Ref) -> Call[list[Rectification]]:
    """What stewards said of a profile."""
    return Call("GET", _place(ref, "rectifications"), as_data(list[Rectification]))


def decide(what: str, a: Ref, b: Ref, reason: str) -> Call[Decided]:
    """Two who are (`links`) or are not (`cannot-links`) one person."""
    body: dict[str, JsonValue] = {"a": str(a), "b": str(b), "reason": reason}
    return _steward(what, body)


def detach(record: Ref, reason: str) -> Call[Decided]:
    """A record that does not belong to its profile."""
    return _steward("detachments", {"record": str(record), "reason": reason})


def undo(merge: UUID | tuple[Ref, Ref], reason: str) -> Call[Decided]:
    """A merge that was wrong."""
    if isinstance(merge, tuple):
        named: dict[str, JsonValue] = {"profile": str(merge[0]), "merged": str(merge[1])}
    else:
        named = {"entry_id": str(merge)}
    return _steward("undoings", named | {"reason": reason})


def revoke(decision: UUID | str, reason: str) -> Call[Decided]:
    """A decision that is taken back."""
    return _steward(f"decisions/{quote(str(decision), safe='')}/revocation", {"reason": reason})


def decisions(about: Ref | None, limit: int, *, revoked: bool) -> Call[list[Decision]]:
    """The decisions."""
    query = asked(about=about and str(about), limit=limit, revoked="true" if revoked else None)
    return Call("GET", "/v1/identity/decisions", as_data(list[Decision]), query)


def log(profile: Ref, limit: int) -> Call[list[LogEntry]]:
    """How a profile came to be."""
    return Call("GET", _place(profile, "log"), as_data(list[LogEntry]), asked(limit=limit))


def explain_identity(ref: Ref, a: Ref | None, b: Ref | None) -> Call[IdentityExplanation]:
    """By what the records of a profile are one person."""
    ends = {name: str(end) for name, end in (("a", a), ("b", b)) if end is not None}
    return Call("GET", _place(ref, "identity"), as_model(IdentityExplanation), ends)


def why_not(a: Ref, b: Ref) -> Call[WhyNot]:
    """Why two records are not one person."""
    return Call("GET", "/v1/identity/why-not", as_model(WhyNot), {"a": str(a), "b": str(b)})


def traits() -> Call[list[Trait]]:
    """The declared traits."""
    return Call("GET", "/v1/traits", as_data(list[Trait]))


def status() -> Call[StoreStatus]:
    """The store in figures."""
    return Call("GET", "/v1/status", as_model(StoreStatus))


def push(messages: Sequence[Mapping[str, Any]]) -> Call[None]:
    """Events; a message sent twice is taken once, by its id."""
    body: dict[str, Any] = {"batch": list(messages)}
    return Call("POST", "/v1/batch", lambda _: None, body=body)


def _steward(what: str, body: dict[str, JsonValue]) -> Call[Decided]:
    path = f"/v1/identity/{what}"
    return Call("POST", path, as_model(Decided), body=body, repeatable=False)


def _place(ref: Ref, *below: str) -> str:
    parts = [str(ref), *below]
    return "/v1/profiles/" + "/".join(quote(part, safe="") for part in parts)


def asked(**said: Any) -> dict[str, str]:
    """The query of what is not None."""
    return {name: _text(value) for name, value in said.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return (
        value
        if isinstance(value, str)
        else str(value)
        if isinstance(value, int)
        else ",".join(value)
    )


def as_model(model: type[Model]) -> Callable[[bytes], Model]:
    """Reads one object."""
    return model.model_validate_json


def as_data(kind: type[Item]) -> Callable[[bytes], Item]:
    """Reads the list that stands under `data`."""
    return lambda said: TypeAdapter(kind).validate_python(json.loads(said)["data"])
