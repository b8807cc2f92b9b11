"""The registry of computed traits, and of all traits that a condition may read."""

import difflib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Protocol

import polars as pl

from cdp.derive import (
    account,
    affinity,
    arrivals,
    browsing,
    channels,
    complements,
    completeness,
    discounts,
    engagement,
    lifecycle,
    own,
    prediction,
    purchases,
    rfm,
    social,
)
from cdp.derive.facts import Facts, facts_of_nobody
from cdp.derive.parameters import Parameters
from cdp.derive.policy import derive_policy
from cdp.derive.sentiment import family as sentiment
from cdp.errors import InvalidRequest, UnknownTrait
from cdp.model.computed import ComputedTrait, KnownTrait
from cdp.profile.traits import FREE_PARTS
from cdp.profile.traits import registry as stated
from cdp.settings import settings


class Family(Protocol):
    """One file: the traits it declares, and how they follow from the facts."""

    @property
    def FAMILY(self) -> str:  # noqa: N802  modules have constants
        """Its name."""
        ...

    @property
    def TRAITS(self) -> Mapping[str, ComputedTrait]:  # noqa: N802
        """Its traits by name."""
        ...

    @staticmethod
    def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
        """One row a profile (n, traits as columns), optionally due_at; absent rows are unknown."""
        ...


FAMILIES: tuple[Family, ...] = (
    purchases,
    rfm,
    lifecycle,
    discounts,
    affinity,
    arrivals,
    channels,
    browsing,
    engagement,
    complements,
    prediction,
    social,
    completeness,
    sentiment,
    account,
)

NAME = re.compile("[a-zA-Z][a-zA-Z0-9_]*")
COLUMNS = ("n", "stated", "due_at", "value", "profile_id", "contact", "document")


@cache
def shipped_traits() -> Mapping[str, ComputedTrait]:
    """The computed traits of FAMILIES by name."""
    return {name: trait for family in FAMILIES for name, trait in family.TRAITS.items()}


@cache
def computed_traits() -> Mapping[str, ComputedTrait]:
    """Every computed trait by name; those that CDP_POLICY adds under `computed_traits` among them.

    Raises InvalidRequest naming one of these that cannot be.
    """
    ours = shipped_traits()
    added = own.declared_traits()
    for name in added:
        if name in ours or name in stated():
            raise InvalidRequest(f"computed_traits.{name}: there is a trait of that name already")
        if not NAME.fullmatch(name) or name in COLUMNS:
            raise InvalidRequest(
                f"computed_traits.{name}: a name is made of letters, digits and _, begins with a "
                f"letter, and is none of {', '.join(COLUMNS)}"
            )
    policy = derive_policy(settings().policy)
    own.check(policy.own, facts_of_nobody(policy), ours)
    return {**ours, **added}


@cache
def known_traits() -> Mapping[str, KnownTrait]:
    """Every trait that a condition may read, stated or computed, by name.

    Fields of stated objects stand by themselves: `address.city`. Names that begin with
    psychographics., public. or custom. need no declaration: ask `known_trait`.
    """
    known: dict[str, KnownTrait] = {}
    for name, trait in stated().items():
        if trait.type != "object":
            known[name] = KnownTrait(
                name=name, type=trait.type, unit=trait.unit, meaning=trait.meaning
            )
        for part, kind in trait.fields.items():
            full = f"{name}.{part}"
            known[full] = KnownTrait(name=full, type=kind, meaning=trait.meaning)  # pyright: ignore[reportArgumentType]
    for name, trait in computed_traits().items():
        known[name] = KnownTrait(
            name=name,
            type=trait.type,
            unit=trait.unit,
            meaning=trait.meaning,
            computed=True,
            of=trait.of,
        )
    return known


def known_trait(name: str) -> KnownTrait:
    """The trait called `name`; raises UnknownTrait naming the nearest one."""
    known = known_traits()
    if name in known:
        return known[name]
    part, _, rest = name.partition(".")
    if part in FREE_PARTS and not rest:
        raise UnknownTrait(f"{name!r} is an object; name a field of it, as in {part}.something")
    if part in FREE_PARTS:
        return KnownTrait(name=name, type="string", meaning="declared by its channel")
    if part == "fit" and rest:
        return KnownTrait(
            name=name, type="number", unit="0..100", meaning="fit of a company", computed=True
        )
    if fields := [each for each in known if each.startswith(f"{name}.")]:
        raise UnknownTrait(f"{name!r} is an object; name a field of it: {', '.join(fields)}")
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see `cdp derive list`"
    raise UnknownTrait(f"no trait is called {name!r}; {hint}")
