"""What a computed trait is, and what was computed of one profile."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

ComputedType = Literal[
    "string",
    "category",
    "integer",
    "number",
    "money",
    "boolean",
    "date",
    "instant",
    "age",
    "object",
    "list",
]


class Frozen(BaseModel):
    """A value: it does not change and knows all its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ComputedTrait(Frozen):
    """One conclusion drawn from what a profile did: what it says and how it is worked out."""

    name: str
    type: ComputedType
    unit: str | None = Field(
        default=None, description="e.g. days, orders, share 0..1; `reporting currency` for money"
    )
    meaning: str = Field(description="in words for a marketer")
    formula: str = Field(description="how it is worked out")
    inputs: tuple[str, ...] = Field(
        default=(), description="roles of events, parameters and other traits that it reads"
    )
    version: int = Field(default=1, ge=1, description="raised whenever the formula changes")
    family: str
    of: str | None = Field(
        default=None,
        description="of an age: the instant or date it counts from. Ages are never stored",
    )


class KnownTrait(Frozen):
    """A trait that a condition may read, stated by a source or computed."""

    name: str
    type: ComputedType
    unit: str | None = None
    meaning: str = ""
    computed: bool = False
    of: str | None = None


class ComputedTraits(Frozen):
    """What was computed of one profile, and when that was last right."""

    profile_id: UUID
    traits: Mapping[str, JsonValue] = Field(description="by name; absent: unknown")
    derived_at: datetime = Field(description="when they were last worked out")
    due_at: datetime | None = Field(
        description="when time alone changes one of them next; none: it does not"
    )
    parameters: int = Field(description="version of the fitted figures that were used")


class ComputedExplanation(Frozen):
    """Why a computed trait has its value."""

    trait: ComputedTrait
    value: JsonValue = None
    derived_at: datetime
    inputs: Mapping[str, JsonValue] = Field(description="the values of the traits that it reads")
    parameters: Mapping[str, JsonValue] = Field(description="the fitted figures of its family")
    fitted_at: datetime | None = None
