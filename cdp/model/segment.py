"""What readers are told of segments: definitions, sizes, members, changes and reasons."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from cdp.model.profile import Frozen

Subject = Literal["person", "account"]


class Segment(Frozen):
    """A named condition, and how many it holds of."""

    name: str
    description: str = ""
    subject: Subject = "person"
    condition: Mapping[str, Any] = Field(description="the tree of conditions, see docs/segments.md")
    members: int
    as_of: datetime = Field(description="membership is right as of then")
    fault: str | None = Field(
        default=None,
        description="why membership is kept up no longer: a trait is gone or of another type",
    )
    created_at: datetime
    created_by: str


class Estimate(Frozen):
    """How many a condition holds of."""

    people: int = Field(description="exact, or the best estimate")
    low: int = Field(description="lower end of the 95 % interval; `people` where that is exact")
    high: int
    exact: bool
    base: int = Field(description="of how many profiles")
    method: Literal["bitmaps", "count", "sample"]


class Member(Frozen):
    """A profile in a segment."""

    profile_id: UUID
    entered_at: datetime


class Members(Frozen):
    """Some members of a segment, and where the next ones begin."""

    data: Sequence[Member]
    next: str | None = Field(description="cursor of the next page; None: there is none")
    as_of: datetime


class MembershipChange(Frozen):
    """A profile came into a segment, or left it."""

    kind: Literal["enter", "leave"]
    profile_id: UUID
    changed_at: datetime


class MembershipChanges(Frozen):
    """Who came and went since a cursor, in order."""

    data: Sequence[MembershipChange]
    next: str = Field(description="the cursor to ask with the next time")
    has_more: bool


class Reason(Frozen):
    """A node of a condition, and what is true of one profile."""

    place: str = Field(description="where it stands: `all[1].not`; empty: the whole")
    says: str = Field(description="the condition in words")
    joins: Literal["all", "any", "not", "segment"] | None = Field(
        default=None, description="how its parts are joined; None: it has none"
    )
    holds: bool
    actual: JsonValue = Field(default=None, description="the value that it was compared with")
    until: datetime | None = Field(
        default=None, description="when time alone may change it, if nothing else happens"
    )
    parts: "Sequence[Reason]" = ()


class Why(Frozen):
    """Why a profile is, or is not, in a segment; and what would have to change for the opposite."""

    profile_id: UUID
    segment: str | None = None
    holds: bool
    member_since: datetime | None = None
    as_of: datetime
    reason: Reason
    to_change: Sequence[str] = Field(
        description="the smallest set of conditions that would have to turn, in words"
    )
