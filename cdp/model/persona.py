"""Personas: hand-written ones, cards, the situation of a visitor and the page made for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints

PersonaKind = Literal["individual", "situation", "stated"]
SignalName = Literal[
    "category", "department", "search", "device", "place", "daypart", "weekday", "referrer",
    "campaign",
]  # fmt: skip
Share = Annotated[float, Field(gt=0, le=1)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Value = str | bool | int | float
STABLE = 0.75  # mean adjusted Rand index from which on resampling finds the personas again


class Frozen(BaseModel):
    """A value: it does not change and knows all its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Between(Frozen):
    """A range of a number, both ends in it."""

    min: float | None = None
    max: float | None = None


def _listed(said: object) -> object:
    return [said] if isinstance(said, str | bool | int | float) else said


class StatedPersona(Frozen):
    """A persona written by hand: how it is recognised in a history, and what its sessions look like.

    With `who` it is a lasting one, a part of the people; without, a situation anyone may be in.
    """

    # Built at once: FastAPI warns of a body that is not.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=False)

    name: Title
    who: Mapping[str, Annotated[Between | Sequence[Value], BeforeValidator(_listed)]] = Field(
        default_factory=dict, description="traits: the values it has, or a range"
    )
    share: Share = Field(
        default=0.1, description="its part of the people (with `who`) or of the situations"
    )
    signals: Mapping[SignalName, Mapping[str, Share]] = Field(
        default_factory=dict,
        description="per kind of signal the shares of values; what is left of 1 is as in general",
    )
    text: str = Field(default="", max_length=4_000, description="in the staff's words")


class Persona(Frozen):
    """A persona, and how many people are of it."""

    persona_id: UUID
    name: str
    kind: PersonaKind
    share: float | None = Field(description="of the people, or for situations of sessions")
    people: int = Field(description="individuals whose likeliest persona it is")
    created_at: datetime
    drifted_at: datetime | None = Field(
        default=None, description="since when its card is no longer true of the base"
    )


class PersonaChange(Frozen):
    """A profile came into a persona or situation, or left it: told as webhooks tell it."""

    kind: Literal["persona.entered", "persona.left", "situation.entered", "situation.left"]
    profile_id: UUID
    changed_at: datetime


class PersonaChanges(Frozen):
    """Who came and went since a cursor, in order."""

    data: Sequence[PersonaChange]
    next: str = Field(description="the cursor to ask with the next time")
    has_more: bool


class Reason(Frozen):
    """One thing that speaks for a persona."""

    kind: str = Field(description="a kind of signal, or history")
    value: str
    times: int
    evidence: float = Field(description="weighted log-likelihood ratio against everybody")
    words: str


class Chance(Frozen):
    """A persona and its probability."""

    persona_id: UUID
    name: str
    probability: float


class Session(Frozen):
    """The session that is open, or was at the time asked for."""

    begun_at: datetime
    last_at: datetime
    events: int


class Situation(Frozen):
    """Which persona fits a visitor now, and beside it the one of their history."""

    profile_id: UUID | None
    at: datetime
    version: int = Field(description="of the persona model")
    persona: Chance
    probabilities: Sequence[Chance] = Field(description="likeliest first")
    reasons: Sequence[Reason]
    history: Chance = Field(
        description="the persona of the person's history; unchanged by one session"
    )
    session: Session | None = Field(description="absent: nobody was seen for 30 minutes")


class Assigned(Frozen):
    """A situation on record: from `at` on this persona fitted the session best."""

    session_at: datetime
    at: datetime
    persona: Chance
    probabilities: Mapping[UUID, float]
    reasons: Sequence[Reason]
    version: int


class Shown(Frozen):
    """A category or product to show."""

    value: str
    category: str | None = None
    chance: float = Field(description="of being wanted next")


class Excluded(Frozen):
    """What is not shown or not used, and why."""

    what: Literal["product", "history"]
    value: str | None = None
    why: Literal["owned already", "not consented"]


class Page(Frozen):
    """What a page needs of its visitor."""

    situation: Situation
    categories: Sequence[Shown]
    products: Sequence[Shown]
    excluded: Sequence[Excluded]


class Figure(Frozen):
    """One figure of a card: of the persona, and of the base beside it."""

    trait: str
    value: str | None = Field(default=None, description="of a share: the share of this value")
    statistic: Literal["median", "share"]
    persona: float
    base: float
    n: int = Field(description="members of whom it is known")
    low: float = Field(description="lower end of the 95 % interval")
    high: float
    distinct: float = Field(description="how far it tells the persona apart, in standard errors")


class Section(Frozen):
    """A field of a card. Without figures `note` says why."""

    figures: Sequence[Figure] = ()
    note: str | None = None


class Quotation(Frozen):
    """What a member wrote, without contact data, and where it stands."""

    text: str
    event_id: UUID
    channel: str
    kind: str
    written_at: datetime
    polarity: float = Field(description="-1 to 1")
    aspect: str | None = None


class Concern(Frozen):
    """An aspect that members complain of, or praise."""

    aspect: str
    mentions: int
    polarity: float = Field(description="mean of the members' mentions, -1 to 1")
    base: float = Field(description="mean of everybody's")


class Voices(Frozen):
    """Pain points or goals."""

    concerns: Sequence[Concern] = ()
    quotations: Sequence[Quotation] = ()
    note: str | None = None


class Card(Frozen):
    """A persona's card; see docs/personas.md."""

    persona_id: UUID
    name: str
    kind: PersonaKind
    version: int
    made_at: datetime
    text: str = ""
    members: int
    share: float
    share_low: float
    share_high: float
    sections: Mapping[str, Section]
    pain_points: Voices
    goals: Voices
    signals: Mapping[str, Mapping[str, float]] = Field(
        description="per kind of signal the values most over-represented: how many times as frequent"
    )
    drift: Mapping[str, JsonValue] | None = None
    stability: float | None = Field(
        default=None,
        description="mean adjusted Rand index of the bootstraps, of personas that were discovered",
    )

    @property
    def unstable(self) -> bool:
        """Whether resampling finds other personas."""
        return self.stability is not None and self.stability < STABLE


class Drift(Frozen):
    """How far a trait, or the personas' shares, have moved since the personas were made."""

    trait: str
    psi: float = Field(description="population stability index; 0.2 and more is a shift")


class Validation(Frozen):
    """How true the personas are of the people there are now."""

    checked_at: datetime
    version: int
    people: int
    coverage: float = Field(
        description="share of people with a persona of probability 0.5 and more"
    )
    separation: float = Field(description="mean probability of the likeliest persona")
    border: float = Field(
        description="share of people whose second persona is less than 0.2 behind"
    )
    stability: float | None = Field(description="mean adjusted Rand index of the bootstraps")
    shares: Mapping[str, float] = Field(description="of people, by persona")
    shares_psi: float = Field(description="population stability index of these shares")
    moved: Sequence[Drift] = Field(description="traits with a shift, largest first")
    drifted: bool
