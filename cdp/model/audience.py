"""Audiences: whom to address for a purpose through a medium, what was exported, and its effect."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from cdp.model.crossed import Interval
from cdp.model.profile import Frozen

Format = Literal["csv", "parquet", "jsonl"]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.\-]{0,63}$")]
Name = Annotated[str, Field(min_length=1, max_length=100)]

# Why somebody of the crossing is left out; who is so for several reasons counts for the first.
REASONS: Mapping[str, str] = {
    "not_asked": "no consent for this purpose and medium is on record",
    "denied": "the consent was denied",
    "withdrawn": "the consent was withdrawn",
    "do_not_contact": "an identifier of theirs is suppressed: not to be contacted at all",
    "no_contact_point": "nothing is known to reach them by through this medium",
    "undeliverable": "all that is known to reach them by is suppressed, bounced or blocked as junk",
}
Reason = Literal[
    "not_asked", "denied", "withdrawn", "do_not_contact", "no_contact_point", "undeliverable"
]


class Holdout(BaseModel):
    """People kept back to see what happens without: the same ones wherever the name is used."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: Word = Field(description="audiences with one hold-out keep back the same people")
    share: float = Field(gt=0, le=0.5, description="of all people, 0..0.5; it stays once it is set")


class AudienceDeclaration(BaseModel):
    """Whom to address, what for and by what: exactly one of `segment` and `crossing`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: Word
    segment: str | None = Field(default=None, description="the name of a saved segment")
    crossing: str | None = Field(
        default=None, description='segments and cells: lifecycle=churned & !segment="gift givers"'
    )
    purpose: Word = Field(description="what for: the purpose that people consented to")
    medium: Word = Field(description="by what: email, sms, phone, post, push")
    fields: tuple[str, ...] = Field(default=(), description="traits that are exported, by name")
    holdout: Holdout | None = None
    description: str = ""


class Audience(Frozen):
    """An audience as it is kept."""

    audience_id: UUID
    name: str
    description: str
    crossing: str
    purpose: str
    medium: str
    fields: Sequence[str]
    holdout: Holdout | None
    created_at: datetime
    created_by: str


class Size(Frozen):
    """How many of an audience may be addressed now, and why the others may not."""

    audience: str
    crossing: int = Field(description="people of the crossing")
    addressable: int = Field(description="may be addressed, and are not held out")
    held_out: int
    left_out: Mapping[Reason, int] = Field(description="each person once, for the first reason")
    as_of: datetime


class Export(Frozen):
    """One list that was handed on."""

    export_id: UUID
    audience: str
    crossing: str
    purpose: str
    medium: str
    format: Literal["csv", "parquet", "jsonl", "webhook"]
    target: str
    fields: Sequence[str]
    exported_by: str
    as_of: datetime
    state: Literal["running", "done", "failed"]
    ended_at: datetime | None
    people: int
    held_out: int
    left_out: Mapping[Reason, int]
    bytes: int
    sha256: str | None = Field(description="of the file, or of all bodies that were sent")


class Suppression(Frozen):
    """An identifier whose owner must not be written to, or that does not work."""

    namespace: str
    value: str
    reason: Literal["do_not_contact", "bounced"]
    note: str
    suppressed_by: str
    suppressed_at: datetime


class ArmResult(Frozen):
    """What the people of one arm did."""

    people: int
    converted: int

    @property
    def rate(self) -> float:
        """Converted of all, 0..1."""
        return self.converted / self.people if self.people else 0.0


class Effect(Frozen):
    """What an audience did that was addressed, beside those held out of it."""

    audience: str
    kinds: Sequence[str]
    within_days: float
    addressed: ArmResult
    held_out: ArmResult
    mixed: int = Field(description="left out: merged from people of both arms")
    open: int = Field(description="people whose time is not over yet; they count all the same")
    difference: float | None = Field(description="rate of the addressed less that of the held out")
    interval: Interval | None = Field(description="95 %, of the difference")
    ratio: float | None = Field(description="rate of the addressed over that of the held out")
    ratio_interval: Interval | None = Field(description="95 %, of the ratio")
