"""Answers on identity: why records are one person, why not, and what another policy would change."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field, JsonValue

from cdp.model.profile import Frozen

EvidenceKind = Literal["shared identifier", "probable link", "steward link"]
ObstacleKind = Literal[
    "cannot-link",
    "different people",
    "limit",
    "held back",
    "blocked value",
    "value that joins nobody",
    "weight below threshold",
    "nothing in common",
]


class KnownRecord(Frozen):
    """A source record by its channel's own key, and what tells people apart."""

    record_uid: UUID
    record_key: str = Field(description="channel and key, such as crm:4711")
    given_name: str | None = None
    birth_date: date | None = None


class FieldWeight(Frozen):
    """What the comparison of one field adds to a match weight."""

    field: str
    level: str = Field(description="how the two values agree, in the model's words")
    weight: float = Field(description="log2 of the factor by which the odds change")
    left: str | None = Field(default=None, description="what the first record says of it now")
    right: str | None = Field(default=None, description="what the second record says of it now")


class StewardDecision(Frozen):
    """A steward's word."""

    decision_id: UUID
    kind: Literal["link", "cannot_link"]
    decided_by: str
    decided_at: datetime
    reason: str


class Evidence(Frozen):
    """What two records have in common, in words and as data."""

    left: KnownRecord
    right: KnownRecord
    kind: EvidenceKind
    words: str
    namespace: str | None = None
    value: str | None = Field(default=None, description="normalised")
    weight: float | None = Field(default=None, description="log2 odds of being one person")
    waterfall: Sequence[FieldWeight] = ()
    decision: StewardDecision | None = None


class Obstacle(Frozen):
    """What keeps two groups of records apart, in words and as data."""

    kind: ObstacleKind
    words: str
    namespace: str | None = Field(default=None, description="of the value they share")
    value: str | None = Field(default=None, description="the value they share")
    reason: str | None = Field(default=None, description="the guard that forbids it")
    left: str | None = Field(default=None, description="what the first says that clashes")
    right: str | None = Field(default=None, description="what the second says that clashes")
    weight: float | None = Field(default=None, description="log2 odds of being one person")
    threshold: float | None = Field(default=None, description="the weight from which they join")
    waterfall: Sequence[FieldWeight] = ()
    decision: StewardDecision | None = None


class IdentityExplanation(Frozen):
    """How the records of a profile came to be one person."""

    profile_id: UUID
    policy_version: int
    words: str
    records: Sequence[KnownRecord]
    tree: Sequence[Evidence] = Field(
        description="by what each record but the oldest hangs on: from it to its neighbour"
    )
    path: Sequence[Evidence] = Field(
        default=(), description="from record a to record b, step by step, where both were named"
    )
    shared: Sequence[Evidence] = Field(
        default=(), description="everything that a and b have in common themselves"
    )


class WhyNot(Frozen):
    """Why two records are not one person."""

    left: UUID = Field(description="the profile of the first")
    right: UUID = Field(description="the profile of the second")
    one_person: bool = Field(description="they are one: then `path` says by what")
    policy_version: int
    words: str
    obstacles: Sequence[Obstacle] = ()
    path: Sequence[Evidence] = ()


class ProfileSize(Frozen):
    """A profile by what makes it suspicious."""

    profile_id: UUID
    records: int
    given_names: int = Field(description="spellings of given names")
    birth_dates: int = Field(description="different birth dates")


class PolicyChange(Frozen):
    """One merge or split that a policy would make, with the evidence."""

    kind: Literal["merge", "split"]
    profile_id: UUID = Field(description="the profile that stays")
    other_id: UUID = Field(description="the one that it takes in, or that leaves it")
    records: int = Field(description="records that change their profile")
    evidence: Sequence[Evidence] = Field(description="what joins them then, or joined them so far")
    obstacles: Sequence[Obstacle] = Field(default=(), description="what would part them")


class JunkValue(Frozen):
    """A value that too many records carry or too many people speak for."""

    namespace: str
    value: str
    records: int


class PolicyDifference(Frozen):
    """One key in which two policies differ; of a list only what the other has not."""

    key: str = Field(description="such as namespaces.phone.shared_by")
    live: JsonValue
    proposed: JsonValue


class PolicyPreview(Frozen):
    """What a policy would change if it were live; nothing has been written."""

    live_version: int | None = Field(description="the version it is compared with")
    differences: Sequence[PolicyDifference]
    records: int
    profiles_before: int
    profiles_after: int
    merges: int = Field(description="profiles that another would take in")
    splits: int = Field(description="profiles that would come to be")
    moved_records: int = Field(description="records whose profile would be another")
    identifiers_lost: int = Field(description="identifiers that would hold no longer")
    identifiers_gained: int
    blocked: Sequence[JunkValue] = Field(description="values that would become junk")
    unblocked: Sequence[JunkValue] = Field(description="values that would be junk no longer")
    refused: Mapping[str, int] = Field(description="refused links by reason, as they would be")
    largest_before: Sequence[ProfileSize]
    largest_after: Sequence[ProfileSize]
    elsewhere: Mapping[UUID, UUID] = Field(
        description="ids given out that would answer with another id's profile, up to a number"
    )
    sample: Sequence[PolicyChange]


class PolicyVersion(Frozen):
    """One version of a store's identity policy."""

    version: int
    live: bool
    applied_at: datetime
    applied_by: str
    note: str
    reverted_at: datetime | None = None
    reverted_by: str | None = None
    revert_note: str | None = None


class PolicyStatus(Frozen):
    """The policy that a store lives by."""

    versions: Sequence[PolicyVersion] = Field(description="newest first")
    live: Mapping[str, JsonValue] | None = Field(description="None before the first ingestion")
    differences: Sequence[PolicyDifference] = Field(
        description="where the configured policy differs from the live one"
    )


class PolicyApplied(Frozen):
    """What putting a policy live, or taking one back, changed."""

    version: int = Field(description="the version that is live now")
    records: int
    merges: int
    splits: int
    identifiers_lost: int
    identifiers_gained: int


class Spread(Frozen):
    """How many people speak for one value."""

    namespace: str
    value: str
    records: int
    blocked: bool = Field(description="found to be junk: it joins nobody")
    seen_with: Mapping[str, int] = Field(
        description="different values of other namespaces, and given names, on its records"
    )


class CrowdedRecord(Frozen):
    """A record with more values of one namespace than a person has: it speaks for many."""

    record_uid: UUID
    record_key: str = Field(description="channel and key")
    namespace: str
    values: int


class HeldBack(Frozen):
    """A value whose carriers the firewall keeps apart, because together they are suspicious."""

    namespace: str
    value: str
    reason: str
    records: int = Field(description="records kept from joining")
    profile_id: UUID = Field(description="the profile that they were kept from")


class Held(Frozen):
    """What the firewall found, the most suspicious first of each."""

    junk: Sequence[Spread] = Field(description="values that join nobody any more")
    near_limit: Sequence[Spread] = Field(description="not junk yet, but half way there")
    held_back: Sequence[HeldBack]
    crowded: Sequence[CrowdedRecord]
    largest: Sequence[ProfileSize]
