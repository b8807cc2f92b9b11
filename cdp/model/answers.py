"""What readers are answered beside profiles: pages, changes, and what was found for whom."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field, JsonValue

from cdp.model.profile import Frozen, Profile, TimelineEvent, TraitExplanation


class TimelinePage(Frozen):
    """Some events of a timeline and where the next ones begin."""

    data: Sequence[TimelineEvent]
    next: str | None = Field(description="cursor of the next page; None: there is none")


class Found(Frozen):
    """What one id or identifier of a batch look-up stands for."""

    ref: str = Field(description="as it was asked for: an id or namespace:value")
    profiles: Sequence[Profile] = Field(description="empty: nobody; several: a shared value")
    error: str | None = Field(default=None, description="code of what is wrong with `ref`")


class ProfileIdentifier(Frozen):
    """An identifier of a person, and which channels know it since when."""

    namespace: str
    value: str = Field(description="normalised")
    channels: Sequence[str]
    observed_at: datetime = Field(description="when it was first said to be true")
    recorded_at: datetime = Field(description="when it was first recorded")


class Change(Frozen):
    """The last thing that happened to a profile."""

    kind: Literal["changed", "merged", "erased"]
    profile_id: UUID = Field(description="merged: the former id, which answers for `merged_into`")
    merged_into: UUID | None = Field(default=None, description="id of the profile it is part of")
    changed_at: datetime
    profile: Profile | None = Field(default=None, description="as it is now, where asked for")


class Changes(Frozen):
    """Profiles changed since a cursor, in the order of their changes."""

    data: Sequence[Change]
    next: str = Field(description="the cursor to ask with the next time")
    has_more: bool = Field(description="whether there may be more to be had at once")


class Rectification(Frozen):
    """A steward's word on a trait, above what every source says."""

    trait: str
    value: JsonValue = Field(description="null: there is no value")
    decided_at: datetime
    decided_by: str
    reason: str
    record_uid: UUID = Field(description="the record it belongs to, through merges and splits")
    withdrawn_at: datetime | None


class AccountPerson(Frozen):
    """A person who belongs to a company, as one record states it."""

    profile_id: UUID
    role: str | None
    since: date | None


class ExplainedProfile(Profile):
    """A profile with the reasons of its values."""

    provenance: Mapping[str, TraitExplanation] = Field(description="by trait")
