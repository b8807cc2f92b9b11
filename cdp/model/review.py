"""What waits for a steward: pairs of profiles that may be one person, with the evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from cdp.model.explanation import FieldWeight
from cdp.model.identity import Verb
from cdp.model.profile import Frozen

WhyAsked = Literal["proposed", "vetoed", "held back"]
Agreement = Literal["same", "alike", "different", "unknown"]


class ComparedField(Frozen):
    """What two records say of one field."""

    field: str
    left: str | None
    right: str | None
    agreement: Agreement = Field(description="`unknown` where one of them says nothing")


class ReviewedRecord(Frozen):
    """One side of a pair: the record, and the profile that the decision is about."""

    record_uid: UUID
    record_key: str = Field(description="channel and key, such as crm:4711")
    profile_id: UUID
    records: int = Field(description="source records of the profile")
    events: int = Field(description="events of the profile")


class PairToReview(Frozen):
    """Two profiles that a steward may join or keep apart, by their likest records."""

    left: ReviewedRecord
    right: ReviewedRecord
    why: WhyAsked = Field(
        description="`proposed`: the model is not sure enough; `vetoed`: it is, but a guard forbids "
        "it; `held back`: together they would be suspicious"
    )
    reason: str | None = Field(default=None, description="the guard that forbids it")
    weight: float | None = Field(default=None, description="log2 odds of being one person")
    probability: float | None = None
    rank: float = Field(
        description="what a decision would change: ln(1 + records and events of the smaller side) "
        "times the uncertainty, 1 at even odds and 0 where the model is sure; 1/2 where it was not "
        "asked or a guard contradicts it"
    )
    fields: Sequence[ComparedField]
    waterfall: Sequence[FieldWeight] = ()


class DecidedPair(Frozen):
    """Two records that a steward has decided on, and what the model thinks of them."""

    decision_id: UUID
    verb: Verb
    decided_at: datetime
    left: UUID
    right: UUID
    same: bool
    weight: float = Field(description="of the likest two records, by the live model")


class Precision(Frozen):
    """How often the model was right above one threshold, among the decided pairs."""

    threshold: float = Field(description="probability")
    pairs: int = Field(description="decided pairs at or above it")
    same: int = Field(description="of these, one person")
    precision: float | None
    recall: float | None = Field(description="of the decided pairs that are one person")


class ModelSummary(Frozen):
    """A model of the store, as it can be inspected."""

    version: str
    live: bool
    adopted_at: datetime
    trained_at: datetime
    records: int
    prior: float = Field(description="share of all pairs of records that are of one person")
    household: float = Field(description="share of all pairs that are of housemates")
    levels: Sequence[Mapping[str, str | float]] = Field(
        default=(), description="field, level, m, u, h (shares) and weight = log2(m/u)"
    )
