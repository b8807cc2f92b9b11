"""What is known of one person, as readers see it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from cdp.model.persona import Situation

# Bodies hold numbers; what pydantic writes are texts, which keep every digit.
Amount = Annotated[Decimal, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})]


class Frozen(BaseModel):
    """A value: it does not change and knows all its fields."""

    # Built when first used: the client library is imported by programs that start often.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Part(BaseModel):
    """One part of a profile: the shipped traits typed, declared ones beside them."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)


class Name(Part):
    """The name, whole from one record."""

    given: str | None = None
    middle: str | None = None
    family: str | None = None
    full: str | None = None
    title: str | None = None
    suffix: str | None = None


class Address(Part):
    """A postal address, whole from one record."""

    street: str | None = None
    city: str | None = None
    postcode: str | None = None
    region: str | None = None
    country: str | None = None


class Identity(Part):
    """Who the person is; the contact points stand in `Profile.identifiers`."""

    name: Name | None = None
    username: str | None = None
    avatar: str | None = None
    language: str | None = None


class Demographics(Part):
    """Sex, age, family, income and work as channels state them."""

    gender: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    age: int | None = Field(default=None, description="years, when observed")
    age_band: str | None = None
    marital_status: str | None = None
    children: int | None = None
    household_size: str | None = None
    household_composition: str | None = None
    income: float | None = Field(default=None, description="a year, in the channel's currency")
    income_band: str | None = None
    education: str | None = None
    occupation: str | None = None
    job_title: str | None = None
    home_ownership: str | None = None


class Geography(Part):
    """Where the person is."""

    address: Address | None = None
    location: str | None = None
    timezone: str | None = None


class Psychographics(Part):
    """Interests, values and ways of living."""

    interests: Sequence[str] = ()
    lifestyle: str | None = None


class Social(Part):
    """What social networks add; the accounts are identifiers."""

    bio: str | None = None
    followers: int | None = None


class Firmographics(Part):
    """What is known of a company (profiles whose subject is an account)."""

    company_name: str | None = None
    website: str | None = None
    sector: str | None = None
    industry: str | None = None
    employees: int | None = None
    revenue: float | None = None
    founded: int | None = None
    technology: Sequence[str] = ()


class Behaviour(Frozen):
    """What was done, per kind of event and currency, over all time and channels."""

    kind: str
    currency: str | None = None
    events: int
    amount: Amount = Field(description="sum of the events' amounts, in `currency`")
    discount: Amount = Field(description="sum of the events' discounts, in `currency`")
    scores: int = Field(description="events that carry a score")
    score: float = Field(description="sum of the scores, each -1..1")
    first_at: datetime
    last_at: datetime


class Sentiment(Frozen):
    """How the person rated, over every event that carries a score."""

    scored: int = Field(description="events with a score")
    mean: float = Field(description="mean score, -1 (worst) to 1 (best)")


class Consent(Frozen):
    """The state of one consent: the strictest of what the person's records last said."""

    purpose: str
    medium: str
    state: Literal["granted", "denied", "withdrawn"]
    observed_at: datetime


class Membership(Frozen):
    """Belonging to a club, team, cause or programme."""

    organisation: str
    kind: str | None = None
    role: str | None = None
    since: date | None = None
    until: date | None = None


class AccountLink(Frozen):
    """Belonging to a company, named by an identifier of the company."""

    namespace: str
    key: str
    role: str | None = None
    since: date | None = None
    until: date | None = None


class Profile(Frozen):
    """The fold of one person's source records, or of one company's (`subject`)."""

    profile_id: UUID
    subject: Literal["person", "account"] = "person"
    created_at: datetime = Field(description="when its oldest record was recorded")
    records: int = Field(description="source records folded into it")
    channels: Sequence[str]
    traits: Mapping[str, JsonValue] = Field(default_factory=dict)
    identifiers: Mapping[str, Sequence[str]] = Field(
        default_factory=dict, description="normalised values by namespace"
    )
    behaviour: Sequence[Behaviour] = ()
    consents: Sequence[Consent] = ()
    memberships: Sequence[Membership] = ()
    accounts: Sequence[AccountLink] = ()
    situation: Situation | None = Field(
        default=None, description="worked out where `fields` names it, if there are personas"
    )

    @cached_property
    def identity(self) -> Identity:
        """Name and language."""
        return Identity.model_validate(self._named(Identity))

    @cached_property
    def demographics(self) -> Demographics:
        """Gender, age, family, income, work."""
        return Demographics.model_validate(self._named(Demographics))

    @cached_property
    def geography(self) -> Geography:
        """Address and place."""
        return Geography.model_validate(self._named(Geography))

    @cached_property
    def psychographics(self) -> Psychographics:
        """Interests and values, the declared `psychographics.*` among them."""
        return Psychographics.model_validate(
            self._named(Psychographics) | self._prefixed("psychographics")
        )

    @cached_property
    def social(self) -> Social:
        """What social networks add."""
        return Social.model_validate(self._named(Social))

    @cached_property
    def firmographics(self) -> Firmographics:
        """What is known of a company."""
        return Firmographics.model_validate(self._named(Firmographics))

    @cached_property
    def public(self) -> Mapping[str, JsonValue]:
        """What open sources add, marked as such by the prefix `public.`."""
        return self._prefixed("public")

    @cached_property
    def sentiment(self) -> Sentiment | None:
        """Mean of the scores the person gave; None where there are none."""
        scored = sum(part.scores for part in self.behaviour)
        if not scored:
            return None
        return Sentiment(scored=scored, mean=sum(part.score for part in self.behaviour) / scored)

    def _named(self, part: type[BaseModel]) -> dict[str, Any]:
        return {name: self.traits[name] for name in part.model_fields if name in self.traits}

    def _prefixed(self, part: str) -> dict[str, Any]:
        head = f"{part}."
        return {n.removeprefix(head): v for n, v in self.traits.items() if n.startswith(head)}


class Statement(Frozen):
    """What one source record says of one trait: the provenance of a value."""

    value: JsonValue
    channel: str
    record_key: str
    record_uid: UUID
    trust: int = Field(description="of the channel, 0..100")
    observed_at: datetime
    recorded_at: datetime


class TraitExplanation(Frozen):
    """Why a trait has its value: the rule, the statements that carried it and those that lost."""

    trait: str
    part: str
    meaning: str
    rule: str
    value: JsonValue
    because: str = Field(description="the rule in words, applied to this value")
    carried_by: Sequence[Statement]
    lost: Sequence[Statement]


class HeldIdentifier(Frozen):
    """An identifier of a record, and since when."""

    namespace: str
    value: str = Field(description="normalised")
    observed_at: datetime = Field(description="when it was first said to be true")
    recorded_at: datetime


class RecordedConsent(Frozen):
    """One word of a person on a purpose and medium."""

    purpose: str
    medium: str
    state: Literal["granted", "denied", "withdrawn"]
    proof: str | None
    observed_at: datetime
    recorded_at: datetime


class RecordedMembership(Membership):
    """A membership as a record states it."""

    recorded_at: datetime


class RecordedAccountLink(AccountLink):
    """A link to a company as a record states it."""

    recorded_at: datetime


class SourceRecord(Frozen):
    """One channel's view of the person: everything it said, with when; its source is the channel."""

    record_uid: UUID
    channel: str
    record_key: str
    recorded_at: datetime
    identifiers: Sequence[HeldIdentifier]
    versions: Sequence["Version"]
    consents: Sequence[RecordedConsent]
    memberships: Sequence[RecordedMembership]
    accounts: Sequence[RecordedAccountLink]


class Version(Frozen):
    """What a record said at one time."""

    observed_at: datetime
    recorded_at: datetime
    content: Mapping[str, JsonValue]


class TimelineEvent(Frozen):
    """One interaction or transaction, with where it came from."""

    event_id: UUID
    record_uid: UUID
    channel: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    order_id: str | None
    product: str | None
    category: str | None
    quantity: Amount | None
    amount: Amount | None
    discount: Amount | None
    currency: str | None
    score: float | None
    properties: Mapping[str, JsonValue]
