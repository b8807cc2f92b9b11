"""The verbs of segments as calls: what to send, and how the answer reads. No I/O."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cdp.client.calls import Call, Ref, as_data, as_model, asked
from cdp.model.expression import Condition
from cdp.model.expression import as_data as tree
from cdp.model.segment import Estimate, Members, MembershipChanges, Segment, Subject, Why

Said = Condition | Mapping[str, Any]


def segments() -> Call[list[Segment]]:
    """The segments there are."""
    return Call("GET", "/v1/segments", as_data(list[Segment]))


def segment(name: str) -> Call[Segment]:
    """One segment."""
    return Call("GET", _place(name), as_model(Segment))


def save(name: str, said: Said, description: str, subject: Subject) -> Call[Segment]:
    """A condition under a name."""
    body: dict[str, Any] = {
        "condition": _data(said),
        "description": description,
        "subject": subject,
    }
    return Call("PUT", _place(name), as_model(Segment), body=body)


def archive(name: str) -> Call[None]:
    """A segment that ends."""
    return Call("DELETE", _place(name), lambda _: None, repeatable=False)


def estimate(said: Said, subject: Subject, seconds: float) -> Call[Estimate]:
    """How many a condition holds of."""
    body: dict[str, Any] = {"condition": _data(said), "subject": subject, "seconds": seconds}
    return Call("POST", "/v1/segments/estimate", as_model(Estimate), body=body)


def members(name: str, after: str | None, limit: int) -> Call[Members]:
    """Who is in a segment."""
    query = asked(after=after, limit=limit)
    return Call("GET", _place(name, "members"), as_model(Members), query)


def changes(name: str, since: str | None, limit: int) -> Call[MembershipChanges]:
    """Who came and went."""
    query = asked(since=since, limit=limit)
    return Call("GET", _place(name, "changes"), as_model(MembershipChanges), query)


def why(profile: Ref, said: str | Said) -> Call[Why]:
    """Why a profile is in."""
    body: dict[str, Any] = (
        {"segment": said} if isinstance(said, str) else {"condition": _data(said)}
    )
    path = f"/v1/profiles/{quote(str(profile), safe='')}/why"
    return Call("POST", path, as_model(Why), body=body)


def _data(said: Said) -> dict[str, Any]:
    return tree(said) if isinstance(said, Condition) else dict(said)


def _place(name: str, *below: str) -> str:
    return "/v1/segments/" + "/".join(quote(part, safe="") for part in (name, *below))
