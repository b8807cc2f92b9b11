"""What stewards decide on who is who, and what the identity log tells."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from cdp.model.profile import Frozen

Verb = Literal["link", "cannot_link", "detach", "undo"]


class Side(Frozen):
    """The records that one side of a decision speaks of."""

    first: UUID = Field(description="the oldest of them")
    records: int


class Decision(Frozen):
    """What a steward decided; it stands until it is revoked."""

    decision_id: UUID
    verb: Verb = Field(description="what was asked for")
    kind: Literal["link", "cannot_link"] = Field(description="what it means for the clusters")
    decided_at: datetime
    decided_by: str
    reason: str
    entry_id: UUID | None = Field(description="of the identity log: the merge that was undone")
    sides: Sequence[Side]
    revoked_at: datetime | None
    revoked_by: str | None
    revoke_reason: str | None


class SizedProfile(Frozen):
    """A profile and the number of its source records."""

    profile_id: UUID
    records: int


class Decided(Frozen):
    """A decision and what it changed: the profiles of all records that moved or are spoken of."""

    decision: Decision
    before: Sequence[SizedProfile]
    after: Sequence[SizedProfile]


class LogEntry(Frozen):
    """One change of who is who, or one thing that was found about identifiers."""

    entry_id: UUID
    logged_at: datetime
    action: Literal["merge", "split", "block", "cut"]
    profile_id: UUID | None = Field(
        description="of the profile that stayed, or of the first record"
    )
    other_id: UUID | None = Field(description="the one that was merged, split off or kept apart")
    namespace: str | None
    value: str | None
    cause: str
