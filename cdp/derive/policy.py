"""How conclusions are drawn: roles of events, thresholds, currencies and words, as data."""

import difflib
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cdp.errors import InvalidRequest
from cdp.model.fault import first_fault
from cdp.settings import settings

Role = Literal[
    "order",
    "line",
    "payment",
    "refund",
    "return",
    "cancelled",
    "view",
    "search",
    "cart",
    "visit",
    "email_sent",
    "email_opened",
    "email_clicked",
    "campaign",
    "response",
    "post",
    "service",
]
FOUR_BOUNDS = Field(min_length=4, max_length=4)


class Frozen(BaseModel):
    """A value that neither changes nor takes what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Currency(Frozen):
    """The currency of all sums, and what others are worth in it."""

    reporting: str | None = None
    rates: Mapping[str, float | Mapping[date, float]] = {}


class Lifecycle(Frozen):
    """When customers are at risk and when they are churned, days without an order."""

    at_risk_days: float | None = Field(default=None, gt=0)
    churned_days: float | None = Field(default=None, gt=0)
    at_risk_quantile: float = Field(gt=0, lt=1)
    churned_quantile: float = Field(gt=0, lt=1)
    least_gaps: int = Field(ge=2)
    default_days: tuple[float, float]


class Rfm(Frozen):
    """Four bounds between the scores 1 to 5 of each."""

    recency_days: tuple[float, ...] = FOUR_BOUNDS
    frequency: tuple[float, ...] = FOUR_BOUNDS
    monetary: tuple[float, ...] = FOUR_BOUNDS


class Gift(Frozen):
    """What makes a purchase a gift."""

    departments: Mapping[str, tuple[str, ...]]
    campaigns: tuple[str, ...]


class Stores(Frozen):
    """By what an order is known to be from a store."""

    channels: tuple[str, ...]


class Complements(Frozen):
    """When two products go together."""

    support: int = Field(ge=1)
    lift: float = Field(gt=0)
    of_each: int = Field(ge=1)


class Prediction(Frozen):
    """When purchases are predicted, and for how long."""

    least_repeaters: int = Field(ge=1)
    days: int = Field(ge=1)


class Social(Frozen):
    """Words that speak for a cause or an interest."""

    causes: Mapping[str, tuple[str, ...]]
    interests: Mapping[str, tuple[str, ...]]


class Completeness(Frozen):
    """What a complete profile has."""

    traits: tuple[str, ...]
    identifiers: tuple[str, ...]


class OwnTrait(Frozen):
    """A computed trait that an installation adds by an expression in Polars SQL."""

    type: Literal[
        "string", "category", "integer", "number", "money", "boolean", "date", "instant", "list"
    ]
    unit: str | None = None
    meaning: str
    over: Literal["events", "orders", "lines", "traits"] = Field(
        description="what the expression reads: all rows of a profile, or its other traits"
    )
    expr: str
    where: str | None = None
    version: int = 1


class DerivePolicy(Frozen):
    """Everything that conclusions depend on beside the facts and the fitted figures."""

    timezone: str
    currency: Currency
    kinds: Mapping[Role, tuple[str, ...]]
    lifecycle: Lifecycle
    rfm: Rfm
    new_arrival_days: float = Field(gt=0)
    gift: Gift
    store: Stores
    complements: Complements
    prediction: Prediction
    social: Social
    completeness: Completeness
    own: Mapping[str, OwnTrait] = Field(default={}, validation_alias="computed_traits")

    def kinds_of(self, role: Role, present: tuple[str, ...]) -> list[str]:
        """Those of the kinds `present` that play `role`."""
        patterns = self.kinds[role]
        return [kind for kind in present if any(fnmatchcase(kind, each) for each in patterns)]


@cache
def derive_policy(extension: Path | None = None) -> DerivePolicy:
    """The shipped policy, changed by `derive` and `computed_traits` of the YAML file `extension`.

    `extension`: default CDP_POLICY. Raises InvalidRequest naming the key and the nearest right one.
    """
    document = yaml.safe_load(
        resources.files("cdp.derive").joinpath("policy.yaml").read_text("utf-8")
    )
    path = extension or settings().policy
    said = (yaml.safe_load(path.read_text("utf-8")) or {}) if path else {}
    _check_keys(said.get("derive") or {}, document)
    own = {"computed_traits": said.get("computed_traits") or {}}
    try:
        return DerivePolicy.model_validate(_merged(document, said.get("derive") or {}) | own)
    except ValidationError as error:
        fault = first_fault(error)
        place = fault if fault.startswith("computed_traits") else f"derive.{fault}"
        raise InvalidRequest(f"{path}: {place}") from None


def _check_keys(said: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    for key in said:
        if key not in document:
            near = difflib.get_close_matches(key, document, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(document)}"
            raise InvalidRequest(f"the policy has no key derive.{key}; {hint}")


def _merged(shipped: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """`said` above `shipped`, mapping by mapping."""
    return dict(shipped) | {
        key: _merged(shipped[key], value)
        if isinstance(value, dict) and isinstance(shipped.get(key), dict)
        else value
        for key, value in said.items()
    }
