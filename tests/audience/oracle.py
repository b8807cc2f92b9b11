"""Conditions evaluated the plain way, one profile at a time: what the SQL must agree with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from cdp.audience.words import scalar
from cdp.derive.registry import known_trait
from cdp.model.expression import (
    All,
    AnyOf,
    Condition,
    Consented,
    Did,
    InSegment,
    MemberOf,
    Not,
    Step,
    TraitIs,
    WorksFor,
)
from cdp.model.wanted import Test

DAY = timedelta(days=1)


@dataclass
class Event:
    """An event of a record."""

    kind: str
    at: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    number: int = 0


@dataclass
class Person:
    """A profile with all that its records hold."""

    profile_id: UUID
    traits: dict[str, Any]
    events: Sequence[Event] = ()
    consents: Sequence[tuple[str, str, str]] = ()
    memberships: Sequence[tuple[str, date | None, date | None]] = ()
    accounts: Sequence[tuple["Person", str, date | None]] = ()
    subject: str = "person"


def holds(  # noqa: PLR0911 - one for each kind
    node: Condition, who: Person, now: datetime, saved: dict[str, Condition]
) -> bool:
    """Whether the condition holds of the profile at `now`."""
    if isinstance(node, All):
        return all(holds(each, who, now, saved) for each in node.all)
    if isinstance(node, AnyOf):
        return any(holds(each, who, now, saved) for each in node.any)
    if isinstance(node, Not):
        return not holds(node.not_, who, now, saved)
    if isinstance(node, InSegment):
        return who.subject == "person" and holds(saved[node.segment], who, now, saved)
    if isinstance(node, TraitIs):
        return _trait(node, who, now)
    if isinstance(node, Did):
        return _did(node, who, now)
    if isinstance(node, Consented):
        return (node.consent, node.medium, node.state) in who.consents
    if isinstance(node, MemberOf):
        return any(
            _passes(organisation, node.member_of)
            and (
                node.ever or ((not since or since <= now.date()) and (not end or end >= now.date()))
            )
            for organisation, since, end in who.memberships
        )
    assert isinstance(node, WorksFor)
    return any(
        (node.ever or end is None or end > now.date())
        and (node.role is None or _passes(role, node.role))
        and (node.account is None or holds(node.account, company, now, saved))
        for company, role, end in who.accounts
    )


def _trait(node: TraitIs, who: Person, now: datetime) -> bool:
    known = known_trait(node.trait)
    value = who.traits.get(known.of or known.name)
    if node.known is not None:
        return (value is not None) == node.known
    if value is None:
        return False
    if known.type == "age":
        value = (now - datetime.fromisoformat(value)) / DAY
    if isinstance(value, list):
        return all(
            wanted in value if name == "contains" else bool(set(wanted) & set(value))
            for name, wanted in node.said().items()
        )
    if node.within or node.older_than:
        age = now - datetime.fromisoformat(str(value))
        recent = node.within is None or timedelta(0) <= age < node.within
        return recent and (node.older_than is None or age >= node.older_than)
    return _passes(value, node)


def _passes(value: Any, test: Test) -> bool:
    compare = {
        "is": lambda a, b: a == b,
        "is_not": lambda a, b: a != b,
        "in": lambda a, b: a in b,
        "not_in": lambda a, b: a not in b,
        "above": lambda a, b: a > b,
        "at_least": lambda a, b: a >= b,
        "below": lambda a, b: a < b,
        "at_most": lambda a, b: a <= b,
        "contains": lambda a, b: b.lower() in a.lower(),
    }
    return value is not None and all(
        compare[name](value, wanted) for name, wanted in test.said().items()
    )


def _matches(said: Did | Step, event: Event) -> bool:
    kinds = [
        k
        for kind in said.event
        for k in (("order", "order_line") if kind == "purchase" else (kind,))
    ]
    return event.kind in kinds and all(
        _passes(event.facts.get(name), test) for name, test in said.where.items()
    )


def _sequel(said: Did | Step, event: Event, who: Person, now: datetime) -> bool:
    def later(step: Step) -> bool:
        return any(
            _matches(step, other)
            and event.at < other.at <= now
            and (step.within is None or other.at <= event.at + step.within)
            and all(
                other.facts.get(name) is not None and other.facts.get(name) == event.facts.get(name)
                for name in step.same
            )
            and _sequel(step, other, who, now)
            for other in who.events
        )

    if said.followed_by and not later(said.followed_by):
        return False
    without = said.not_followed_by
    if without is None:
        return True
    waited = without.within is None or event.at + without.within <= now
    return waited and not later(without)


def _did(node: Did, who: Person, now: datetime) -> bool:
    found = [
        event
        for event in who.events
        if _matches(node, event)
        and event.at <= now - (node.older_than or timedelta(0))
        and (node.within is None or event.at > now - node.within)
        and (node.since is None or event.at >= node.since)
        and (node.until is None or event.at < node.until)
        and _sequel(node, event, who, now)
    ]
    if node.sum:
        return _passes(sum(each.facts.get(node.sum.of) or 0 for each in found), node.sum)
    if node.distinct:
        different = {each.facts.get(node.distinct.of) for each in found} - {None}
        return _passes(len(different), node.distinct)
    if node.count is None:
        return bool(found)
    counted = len(found)
    if "purchase" in node.event:
        counted = len({each.facts.get("order_id") or each.number for each in found})
    return _passes(counted, node.count)


def instant(at: datetime) -> str:
    """An instant as traits hold it."""
    return str(scalar(at))
