"""The identity policy: what each namespace of identifiers may prove, as data."""

import math
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from cdp.errors import InvalidRequest
from cdp.model.fault import first_fault

Veto = Literal["given_names", "birth_dates", "strong_ids"]
NormaliserName = Literal[
    "exact", "lower", "compact", "handle", "domain", "email", "phone", "company"
]

ADDED = ("blocked_values", "blocked_patterns", "email_rules", "placeholders")
MERGED = ("default", "spread", "cluster", "matching")  # sections changed key by key
OTHER_SECTIONS = (
    "traits",
    "derive",
    "computed_traits",
    "media",
    "accounts",
)  # parts of the same file that other policies read


class Frozen(BaseModel):
    """A value that neither changes nor takes what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _compiling(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
            pl.Series([""]).str.contains(pattern)
        except (re.error, pl.exceptions.ComputeError):
            raise ValueError(
                f"{pattern!r} is not a regular expression of both Python and Rust"
            ) from None
    return patterns


Patterns = Annotated[tuple[str, ...], AfterValidator(_compiling)]


class NamespacePolicy(Frozen):
    """The guards of one namespace of identifiers."""

    priority: int = Field(ge=0, description="1 is the strongest; equal ones go by name")
    normaliser: NormaliserName = "exact"
    links: bool = Field(default=True, description="false: kept and found by, but joins nobody")
    vetoes: tuple[Veto, ...] = Field(
        default=(), description="what forbids an edge; empty for values that people do not share"
    )
    strong: bool = Field(default=False, description="two values speak for two people")
    per_profile: int | None = Field(default=None, ge=1, description="most values of one profile")
    shared_by: int | None = Field(default=None, ge=1, description="most source records of a value")
    blocked_values: frozenset[str] = frozenset()
    blocked_patterns: Patterns = ()

    @property
    def shareable(self) -> bool:
        """Whether different people may carry the same value."""
        return bool(self.vetoes)

    @property
    def parts(self) -> bool:
        """Whether holding different values can keep two records apart."""
        return self.strong or self.per_profile is not None

    @field_validator("blocked_values")
    @classmethod
    def _folded(cls, values: frozenset[str]) -> frozenset[str]:
        return frozenset(value.lower() for value in values)


class EmailRule(Frozen):
    """Which spellings reach the same mailbox at some domains."""

    domains: tuple[str, ...]
    canonical: str | None = Field(default=None, description="the domain they all stand for")
    ignore_dots: bool = False
    drop_tag: bool = Field(default=False, description="what follows a + names the same mailbox")


class Spread(Frozen):
    """How many people may speak for one value before it is nobody's; None: any number."""

    records: int | None = Field(
        default=None, ge=1, description="on so many records or fewer nothing is judged; None: never"
    )
    ids: int | None = Field(
        default=None, ge=1, description="most values of one strong namespace seen with it"
    )
    emails: int | None = Field(default=None, ge=1, description="most e-mails seen with it")
    placeholders: Patterns = ()
    placeholder: int | None = Field(
        default=None, ge=1, description="the most of each for a value that looks made up"
    )
    per_record: int | None = Field(
        default=None,
        ge=1,
        description="a record with more values of a namespace speaks for many: none of them joins",
    )


class ClusterGuards(Frozen):
    """What one person has at most: a union beyond is held back. None: no bound."""

    most_records: int | None = Field(default=None, ge=1, description="source records")
    most_given_names: int | None = Field(
        default=None, ge=1, description="given names that plainly differ"
    )
    most_birth_dates: int | None = Field(
        default=None, ge=1, description="birth dates that plainly differ"
    )


class Matching(Frozen):
    """What becomes of a pair by the probability that the two are one person."""

    propose: float = Field(default=0.6, gt=0, lt=1, description="from here on it is reviewed")
    merge: float = Field(default=0.95, gt=0, lt=1, description="from here on it joins")

    @property
    def propose_weight(self) -> float:
        """`propose` as a match weight: log2 of the odds."""
        return _weight(self.propose)

    @property
    def merge_weight(self) -> float:
        """`merge` as a match weight: log2 of the odds."""
        return _weight(self.merge)

    @model_validator(mode="after")
    def _in_order(self) -> "Matching":
        if self.propose > self.merge:
            raise ValueError(f"propose ({self.propose}) must not exceed merge ({self.merge})")
        return self


def _weight(probability: float) -> float:
    return math.log2(probability / (1 - probability))


class IdentityPolicy(Frozen):
    """All guards of an installation."""

    namespaces: Mapping[str, NamespacePolicy]
    default: NamespacePolicy
    email_rules: tuple[EmailRule, ...] = ()
    placeholder_birth_dates: frozenset[date] = frozenset()
    spread: Spread = Spread()
    cluster: ClusterGuards = ClusterGuards()
    matching: Matching = Matching()

    def __hash__(self) -> int:
        # A mapping has no hash of its own; the names suffice to keep policies apart in a cache.
        return hash(tuple(self.namespaces))

    def of(self, namespace: str) -> NamespacePolicy:
        """The guards of `namespace`; those of `default` where nobody declared it."""
        return self.namespaces.get(namespace, self.default)


@cache
def identity_policy(extension: Path | None = None) -> IdentityPolicy:
    """The shipped policy, extended by the YAML file `extension`.

    Raises:
        InvalidRequest: the file cannot be read or breaks the form; the message names file and key.
    """
    document = _shipped()
    if extension is not None:
        document = _extended(document, _read(extension))
    try:
        return the_same(IdentityPolicy.model_validate(_spread(document)))
    except ValidationError as error:
        raise InvalidRequest(f"{extension}: {first_fault(error)}") from None


@cache
def the_same(policy: IdentityPolicy) -> IdentityPolicy:
    """Equal policies as one object: what is kept by policy then compares none field by field."""
    return policy


def _shipped() -> dict[str, Any]:
    text = resources.files("cdp.identity.policy").joinpath("policy.yaml").read_text("utf-8")
    return yaml.safe_load(text)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidRequest(f"{path}: the policy cannot be read: {error}") from None
    sections = _mapping(document, f"{path}: a policy")
    for key in (*MERGED, "namespaces"):
        sections[key] = _mapping(sections.get(key), f"{path}: {key}")
    for name, entry in sections["namespaces"].items():
        sections["namespaces"][name] = _mapping(entry, f"{path}: namespaces.{name}")
    return {key: value for key, value in sections.items() if key not in OTHER_SECTIONS}


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value or {}, dict):
        raise InvalidRequest(f"{what} must be a mapping of keys to values, not {value!r}")
    return dict(value or {})


def _extended(shipped: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    sections = {key: _merged(shipped[key], own[key]) for key in MERGED}
    namespaces = dict(shipped["namespaces"])
    for name, entry in own["namespaces"].items():
        namespaces[name] = _merged(namespaces.get(name, sections["default"]), entry)
    return _merged(shipped, own) | sections | {"namespaces": namespaces}


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    return base | {
        key: [*base.get(key, ()), *(value or ())] if key in ADDED else value
        for key, value in own.items()
    }


def _spread(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the values blocked everywhere written into each namespace."""
    common = {key: document[key] for key in ("blocked_values", "blocked_patterns")}
    rest = {key: value for key, value in document.items() if key not in common}
    namespaces = {name: _merged(common, entry) for name, entry in document["namespaces"].items()}
    return rest | {"default": _merged(common, document["default"]), "namespaces": namespaces}
