"""Conditions in a reader's words."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cdp.derive.registry import known_traits
from cdp.model.duration import written
from cdp.model.expression import (
    All,
    AnyOf,
    Condition,
    Consented,
    Did,
    InCell,
    InSegment,
    MemberOf,
    Not,
    Step,
    TraitIs,
    WorksFor,
)
from cdp.model.wanted import Test

SIGNS = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "above": ">",
    "at_least": ">=",
    "below": "<",
    "at_most": "<=",
    "contains": "contains",
    "within": "is within the last",
    "older_than": "is at least as old as",
}


def in_words(node: Condition) -> str:  # noqa: PLR0911 - one for each kind
    """One node of the tree; of what is joined only how it is joined."""
    if isinstance(node, All):
        return "all of these"
    if isinstance(node, AnyOf):
        return "any of these"
    if isinstance(node, Not):
        return "not"
    if isinstance(node, TraitIs):
        key = f"[{node.key!r}]" if node.key is not None else ""
        return tested(f"{node.trait}{key}", node, unit(node.trait))
    if isinstance(node, Did):
        return _did(node)
    if isinstance(node, Consented):
        return f"consent to {node.consent} by {node.medium} is {node.state}"
    if isinstance(node, InSegment):
        return f"in segment {node.segment!r}"
    if isinstance(node, InCell):
        return f"{node.dimension} is {' or '.join(map(repr, node.cell))}"
    return _belongs(node)


def _belongs(node: Condition) -> str:
    if isinstance(node, MemberOf):
        said = {"organisation": node.member_of, "kind": node.kind, "role": node.role}
        ever = "was ever" if node.ever else "is"
        return f"{ever} a member: {_fields(said)}"
    assert isinstance(node, WorksFor)  # noqa: S101  the last kind there is
    said = {"role": node.role, "function": node.function, "level": node.level}
    at = "a company of which the condition holds" if node.account is not None else "any company"
    return " ".join(filter(None, (f"belongs to {at}", _fields(said))))


def _did(node: Did) -> str:
    window = [f"within {written(node.within)}"] if node.within else []
    window += [f"at least {written(node.older_than)} ago"] if node.older_than else []
    window += [f"since {node.since:%Y-%m-%d %H:%M}"] if node.since else []
    window += [f"until {node.until:%Y-%m-%d %H:%M}"] if node.until else []
    parts = [_events(node), *window]
    if node.count:
        parts.append(tested("count", node.count, ""))
    for word, measure in (("sum of", node.sum), ("number of different", node.distinct)):
        if measure:
            parts.append(tested(f"{word} {measure.of}", measure, ""))
    return ", ".join(parts)


def _events(said: Did | Step) -> str:
    kinds = " or ".join(each.replace("_", " ") for each in said.event)
    found = f"{kinds} with {_fields(said.where)}" if said.where else kinds
    for word, step in (("then", said.followed_by), ("then not", said.not_followed_by)):
        if step:
            same = f" of the same {' and '.join(step.same)}" if step.same else ""
            within = f" within {written(step.within)}" if step.within else ""
            found += f" {word} {_events(step)}{same}{within}"
    return found


def _fields(said: Mapping[str, Test | None]) -> str:
    return ", ".join(tested(name, test, "") for name, test in said.items() if test)


def tested(name: str, test: Test, of: str) -> str:
    """What must be true of `name`."""
    return " and ".join(_tested(name, each, wanted, of) for each, wanted in test.said().items())


def _tested(name: str, test: str, wanted: Any, of: str) -> str:
    if test == "known":
        return f"{name} is {'known' if wanted else 'unknown'}"
    if isinstance(wanted, timedelta):
        return f"{name} {SIGNS[test]} {written(wanted)}"
    said = ", ".join(map(str, wanted)) if isinstance(wanted, tuple) else str(wanted)
    return f"{name} {SIGNS[test]} {said}{of}"


def unit(trait: str) -> str:
    """The unit of a trait's numbers, to be written behind them."""
    known = known_traits().get(trait)
    numeric = known is not None and known.type in ("integer", "number", "age")
    return f" {known.unit}" if known and numeric and known.unit else ""


def value_in_words(actual: Any) -> str:
    """What a node was compared with."""
    if actual is None:
        return "unknown"
    if isinstance(actual, dict):
        return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in actual.items())
    return ", ".join(map(str, actual)) if isinstance(actual, list) else str(actual)
