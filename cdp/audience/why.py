"""Why a profile is in a segment or not: each node with its actual value, and what would change it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cdp.audience.base import conditions_of
from cdp.audience.compiler import Compiler
from cdp.audience.dimensions import dimensions
from cdp.audience.membership import currency
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
from cdp.store import evidence_of, segments
from cdp.store.evidence_of import Actual
from cdp.store.predicate import Binder, least
from cdp.store.scopes import Each

Turn = list[str]


def reason_of(
    tx: Connection, profile_id: UUID, condition: Condition, now: datetime
) -> Reason:
    """The tree of `condition` with what is true of the profile. Raises ProfileNotFound."""
    import json  # noqa: PLC0415

    saved = conditions_of(segments.live(tx))
    scope = Each(Binder(reserved=1), json.loads(currency(tx)))
    compiler = Compiler(scope, saved, dimensions())
    leaves = _leaves(condition, saved)
    asked = [
        Actual(found.sql, _actual(compiler, leaf), least(found.flips))
        for leaf in leaves.values()
        for found in [compiler.compile(leaf)]
    ]
    rows = evidence_of.read(tx, profile_id, asked, scope.binder, now)
    if rows is None:
        raise ProfileNotFound(f"nothing was concluded of {profile_id} yet; run `cdp derive run`")
    known = dict(zip(leaves, rows, strict=True))
    return _reason(condition, "", known, saved, now)


def _leaves(condition: Condition, saved: dict[str, Condition], place: str = "") -> dict[str, Condition]:
    below = _below(condition, saved)
    if not below:
        return {place: condition}
    found: dict[str, Condition] = {}
    for part, each in below:
        found |= _leaves(each, saved, f"{place}.{part}" if place else part)
    return found


def _below(condition: Condition, saved: dict[str, Condition]) -> list[tuple[str, Condition]]:
    """The parts that a reader wants to see; those of a company are about somebody else."""
    if isinstance(condition, InSegment):
        return [("segment", saved[condition.segment])]
    if isinstance(condition, (All, AnyOf, Not)):
        return list(condition.below_it())
    return []


def _reason(
    condition: Condition,
    place: str,
    known: dict[str, Any],
    saved: dict[str, Condition],
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
    holding = [each.holds for each in parts]
    holds = any(holding) if isinstance(condition, AnyOf) else all(holding)
    if isinstance(condition, Not):
        holds = not holding[0]
    until = min((each.until for each in parts if each.until), default=None)
    return Reason(place=place, says=in_words(condition), holds=holds, until=until, parts=parts)


def _actual(compiler: Compiler, leaf: Condition) -> str:
    scope = compiler.scope
    if isinstance(leaf, TraitIs):
        known = known_trait(leaf.trait)
        return evidence_of.trait(scope, known.of or known.name, leaf.key)
    if isinstance(leaf, InCell):
        return evidence_of.cells(scope, leaf.dimension)
    return evidence_of.events(scope, leaf) if isinstance(leaf, Did) else evidence_of.said(scope, leaf)


def _shown(leaf: Condition, actual: Any, now: datetime) -> Any:
    """An age is what the instant that it counts from makes it."""
    if not isinstance(leaf, TraitIs) or known_trait(leaf.trait).type != "age" or actual is None:
        return actual
    seconds = (now - datetime.fromisoformat(actual)).total_seconds()
    unit = {"minutes": 60, "hours": 3_600, "weeks": 604_800}.get(
        known_trait(leaf.trait).unit or "", 86_400
    )
    return round(seconds / unit, 2)


def to_change(reason: Reason) -> list[str]:
    """The fewest leaves that would have to turn for the whole to turn, in words."""
    return _turned(reason, _kind(reason))


def _kind(reason: Reason) -> str:
    return reason.says if reason.parts else "leaf"


def _turned(reason: Reason, kind: str) -> Turn:
    if kind == "leaf":
        is_now = value_in_words(reason.actual)
        verb = "would have to hold" if not reason.holds else "would have to fail"
        return [f"{reason.says} {verb}; it is {is_now}"]
    if kind not in ("all of these", "any of these"):
        (part,) = reason.parts
        return _turned(part, _kind(part))
    turning = [part for part in reason.parts if part.holds == reason.holds]
    turns = [_turned(part, _kind(part)) for part in turning]
    every_one = (kind == "all of these") != reason.holds
    if every_one:
        return [each for turn in turns for each in turn]
    return min(turns, key=len)
