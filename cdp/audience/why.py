"""Why a profile is in a segment or not: each node with its actual value, and what would change it."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import combinations, islice
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from cdp.audience.base import defined
from cdp.audience.cells import currency
from cdp.audience.compiler import AGE_UNITS, YEARS, Compiler, Definition
from cdp.audience.dimensions import dimensions
from cdp.audience.wording import in_words, value_in_words
from cdp.derive.registry import known_trait
from cdp.errors import ProfileNotFound
from cdp.model.expression import (
    All,
    AnyOf,
    Condition,
    Did,
    InCell,
    InSegment,
    Not,
    TraitIs,
)
from cdp.model.segment import Reason
from cdp.store.audience import evidence_of
from cdp.store.audience.evidence_of import Actual
from cdp.store.audience.predicate import Binder, least
from cdp.store.audience.scopes import Each

Joins = Literal["all", "any", "not", "segment"]
JOINS: Mapping[type[Condition], Joins] = {
    All: "all",
    AnyOf: "any",
    Not: "not",
    InSegment: "segment",
}
HOLDS: Mapping[str, Callable[[Iterable[bool]], bool]] = {
    "all": all,
    "any": any,
    "not": lambda parts: not all(parts),
    "segment": all,
}

MOST_TRIES = 20_000  # some 0.1 s


def reason_of(tx: Connection, profile_id: UUID, condition: Condition, now: datetime) -> Reason:
    """The tree of `condition` with what is true of the profile. Raises ProfileNotFound."""
    saved = defined(tx)
    scope = Each(Binder(reserved=1), json.loads(currency(tx)))
    compiler = Compiler(scope, saved, dimensions())
    leaves = _leaves(condition, saved)
    asked = [
        Actual(found.settled, _actual(compiler, leaf), least(found.flips))
        for leaf in leaves.values()
        for found in [compiler.compile(leaf)]
    ]
    rows = evidence_of.read(tx, profile_id, asked, scope.binder, now)
    if rows is None:
        raise ProfileNotFound(f"nothing was concluded of {profile_id} yet; run `cdp derive run`")
    known = dict(zip(leaves, rows, strict=True))
    return _reason(condition, "", known, saved, now)


def _leaves(
    condition: Condition, saved: Mapping[str, Definition], place: str = ""
) -> dict[str, Condition]:
    below = _below(condition, saved)
    if not below:
        return {place: condition}
    found: dict[str, Condition] = {}
    for part, each in below:
        found |= _leaves(each, saved, f"{place}.{part}" if place else part)
    return found


def _below(condition: Condition, saved: Mapping[str, Definition]) -> list[tuple[str, Condition]]:
    """The parts that a reader wants to see; those of a company are about somebody else."""
    if isinstance(condition, InSegment):
        return [("segment", saved[condition.segment].condition)]
    if isinstance(condition, (All, AnyOf, Not)):
        return list(condition.below_it())
    return []


def _reason(
    condition: Condition,
    place: str,
    known: dict[str, Any],
    saved: Mapping[str, Definition],
    now: datetime,
) -> Reason:
    below = _below(condition, saved)
    if not below:
        holds, actual, until = known[place]
        return Reason(
            place=place,
            says=in_words(condition),
            holds=holds,
            actual=_shown(condition, actual, now),
            until=until,
        )
    parts = [
        _reason(each, f"{place}.{part}" if place else part, known, saved, now)
        for part, each in below
    ]
    joins = JOINS[type(condition)]
    return Reason(
        place=place,
        says=in_words(condition),
        joins=joins,
        holds=HOLDS[joins](each.holds for each in parts),
        until=min((each.until for each in parts if each.until), default=None),
        parts=parts,
    )


def _actual(compiler: Compiler, leaf: Condition) -> str:
    scope = compiler.scope
    if isinstance(leaf, TraitIs):
        known = known_trait(leaf.trait)
        return evidence_of.trait(scope, known.of or known.name, leaf.key)
    if isinstance(leaf, InCell):
        return evidence_of.cells(scope, leaf.dimension)
    return (
        evidence_of.events(scope, leaf) if isinstance(leaf, Did) else evidence_of.said(scope, leaf)
    )


def _shown(leaf: Condition, actual: Any, now: datetime) -> Any:
    """An age is what the instant that it counts from makes it."""
    if not isinstance(leaf, TraitIs) or known_trait(leaf.trait).type != "age" or actual is None:
        return actual
    since, unit = datetime.fromisoformat(actual), known_trait(leaf.trait).unit or "days"
    if unit == YEARS:
        return now.year - since.year - ((now.month, now.day) < (since.month, since.day))
    zoned = since if since.tzinfo else since.replace(tzinfo=UTC)
    return round((now - zoned).total_seconds() / AGE_UNITS[unit], 2)


def to_change(reason: Reason) -> list[str]:
    """The fewest leaves that would have to turn for the whole to turn, in words; none: nothing would do."""
    leaves = list(_leaves_of(reason))
    by_words = {leaf.says: leaf for leaf in leaves}
    turned = _fewest(reason)
    if len(by_words) < len(leaves):  # what stands in two places turns in both
        turned = _fewest_of_all(reason, by_words, turned)
    return [
        f"{each.says} would have to {'fail' if each.holds else 'hold'}; "
        f"it is {value_in_words(each.actual)}"
        for each in turned
    ]


def _leaves_of(reason: Reason) -> Iterator[Reason]:
    if not reason.parts:
        yield reason
    for part in reason.parts:
        yield from _leaves_of(part)


def _fewest(reason: Reason) -> list[Reason]:
    """Those of leaves of which each stands in one place."""
    if not reason.parts:
        return [reason]
    turns = [_fewest(part) for part in reason.parts if part.holds == reason.holds]
    if reason.joins in ("not", "segment"):
        return _fewest(reason.parts[0])
    each_must_turn = (reason.joins == "all") != reason.holds
    return [leaf for turn in turns for leaf in turn] if each_must_turn else min(turns, key=len)


def _fewest_of_all(
    reason: Reason, leaves: Mapping[str, Reason], otherwise: list[Reason]
) -> list[Reason]:
    """Those found by trying, the fewest first; `otherwise` where they are too many to try."""
    sizes = range(1, len(leaves) + 1)
    tries = (some for size in sizes for some in combinations(leaves, size))
    for some in islice(tries, MOST_TRIES):
        if _with_turned(reason, some) != reason.holds:
            return [leaves[says] for says in some]
    return otherwise if 2 ** len(leaves) > MOST_TRIES else []


def _with_turned(reason: Reason, turned: Collection[str]) -> bool:
    """Whether the whole would hold if the leaves of these words turned."""
    if reason.joins is None:
        return reason.holds != (reason.says in turned)
    return HOLDS[reason.joins](_with_turned(part, turned) for part in reason.parts)
