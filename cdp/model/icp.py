"""Ideal customer profiles: what companies to win are like, and how well one of them fits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

from cdp.model.expression import All, AnyOf, Condition, Expression, Not, TraitIs, every_node

IcpName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}$")]
Subject = Literal["account", "person"]


class Frozen(BaseModel):
    """A value that neither changes nor takes what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Criterion(Frozen):
    """One condition on the traits of a company, and how much it weighs.

    A learnt weight is in log-odds and may be negative.
    """

    when: Expression
    weight: FiniteFloat = 1.0
    required: bool = Field(default=False, description="where it does not hold nothing fits")
    name: str | None = Field(default=None, max_length=200, description="in words")

    @field_validator("when")
    @classmethod
    def _of_traits(cls, when: Condition) -> Condition:
        for place, node in every_node(when):
            if not isinstance(node, TraitIs | All | AnyOf | Not):
                # A ValueError is what pydantic tells the place of.
                raise ValueError(  # noqa: TRY004
                    f"{place or 'it'} is no condition on traits; an ICP reads traits only"
                )
            if isinstance(node, TraitIs) and (node.within or node.older_than):
                raise ValueError(
                    f"{place or 'it'} changes with time; an ICP reads traits such as account.visits_30d"
                )
        return when


class Calibration(Frozen):
    """From the sum of a learnt profile's weights to a probability, and to a score.

    probability = 1 / (1 + exp(-(slope * sum + intercept))), after Platt (1999). `percentiles` are
    101 sums: those below which 0, 1, ... 100 % of the candidates lie.
    """

    slope: float
    intercept: float
    percentiles: tuple[float, ...] = Field(min_length=101, max_length=101)


class Interval(Frozen):
    """A figure with the interval that holds it in 95 of 100 cases."""

    value: float
    low: float
    high: float


class LearningReport(Frozen):
    """How a learnt profile was found, and how far it can be trusted.

    Every figure is of candidates that the model had not seen (cross-validation).
    """

    won: int
    candidates: int
    auc: Interval = Field(description="chance that a won one scores above another; 0.5: no use")
    brier: float = Field(description="mean squared error of the probabilities")
    brier_base: float = Field(description="the same of always telling the share won")
    calibration: Sequence[Mapping[str, float]] = Field(
        description="by fifths of the probability: predicted, won (shares), candidates"
    )
    traits: Sequence[str]
    left_out: Mapping[str, str] = Field(description="traits that were not used, and why")
    verdict: str


class IcpDefinition(Frozen):
    """An ideal customer profile as it is declared."""

    name: IcpName
    description: str = ""
    subject: Subject = "account"
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=200)
    calibration: Calibration | None = None
    report: LearningReport | None = None

    @model_validator(mode="after")
    def _weighs_something(self) -> Self:
        if self.calibration is None and any(each.weight <= 0 for each in self.criteria):
            raise ValueError("declared weights are above 0; write `not` for what should not hold")
        return self

    @property
    def kind(self) -> Literal["declared", "learnt"]:
        """How its weights came to be."""
        return "declared" if self.calibration is None else "learnt"


class Icp(Frozen):
    """A version of an ideal customer profile as it is kept; the latest is in force."""

    definition: IcpDefinition
    version: int
    note: str
    created_by: str
    created_at: datetime
    archived_at: datetime | None = None


class Reason(Frozen):
    """What one criterion added to a score."""

    criterion: str
    weight: float
    required: bool
    met: bool
    actual: Mapping[str, JsonValue] = Field(description="the traits it reads; null: unknown")


class Fit(Frozen):
    """How well a company fits."""

    account_id: UUID
    name: str | None = None
    icp: str
    version: int
    score: float = Field(description="0 to 100")
    probability: float | None = Field(default=None, description="of a win, where it was learnt")
    reasons: Sequence[Reason] = ()
