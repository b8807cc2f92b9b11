"""What is known of the records united so far, and whether two such groups may be one person."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import product
from typing import TypeVar

from cdp.identity.clusters.likeness import are_apart, are_unlike
from cdp.identity.policy.declaration import IdentityPolicy, NamespacePolicy

# Reasons that begin so speak of a suspicious profile, not of two people.
FIREWALL = "firewall: "
CANNOT_LINK = "cannot-link: "
# Reasons that speak of two people, by what is known of each.
UNLIKE = {
    "names": "given names unlike",
    "families": "family names unlike",
    "dates": "birth dates differ",
}

Fact = TypeVar("Fact", str, date)


@dataclass
class Group:
    """What is known of the records united so far.

    `names` are given names. `sides` names, for each cannot-link decision that speaks of one of them,
    the side they are on.
    """

    size: int = 1
    names: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)
    held: dict[str, set[str | int]] = field(default_factory=dict)
    sides: dict[str, int] = field(default_factory=dict)

    def facts(self) -> "Group":
        """Its names and dates as they are now."""
        return Group(names=set(self.names), families=set(self.families), dates=set(self.dates))

    def absorb(self, other: "Group") -> None:
        """Know what `other` knows, too."""
        self.size += other.size
        self.names |= other.names
        self.families |= other.families
        self.dates |= other.dates
        for namespace, values in other.held.items():
            self.held.setdefault(namespace, set()).update(values)
        if other.sides:
            small, large = sorted((self.sides, other.sides), key=len)
            large.update(small)
            self.sides = large


class Judge:
    """Says why two groups must not become one, by the guards of a policy."""

    def __init__(self, policy: IdentityPolicy) -> None:
        self._policy = policy
        self._guards = policy.cluster
        self._are_unlike = cache(are_unlike)
        self._are_apart = cache(are_apart)

    def refuses(
        self,
        guards: NamespacePolicy,
        one: Group,
        other: Group,
        weighed: tuple[Group, Group] | None = None,
    ) -> str | None:
        """Why an edge under `guards` must not unite the two groups, or None.

        What a group holds already, be it because a steward joined it, is no reason against a record
        that says nothing else: a guard speaks only where the union knows more than each side alone.
        Nor is a difference between the two records of a probable link (`weighed`, each by itself):
        the model knew of it. What else their groups say still counts.
        """
        return (
            self.parted(one, other)
            or self._beyond_a_limit(one, other)
            or self._different_people(guards, one, other, weighed)
            or self._suspicious(one, other)
        )

    @staticmethod
    def parted(one: Group, other: Group) -> str | None:
        """The cannot-link decision that keeps the two apart, or None."""
        if not one.sides or not other.sides:
            return None
        small, large = sorted((one.sides, other.sides), key=len)
        for decision, side in small.items():
            if large.get(decision, side) != side:
                return f"{CANNOT_LINK}{decision}"
        return None

    def _beyond_a_limit(self, one: Group, other: Group) -> str | None:
        for namespace, values in other.held.items():
            limit = self._policy.of(namespace).per_profile
            held = one.held.get(namespace)
            if limit is None or not held or len(values) + len(held) <= limit:
                continue
            if len(values | held) > max(limit, len(values), len(held)):
                return f"limit: {namespace}"
        return None

    def _different_people(
        self,
        guards: NamespacePolicy,
        one: Group,
        other: Group,
        weighed: tuple[Group, Group] | None,
    ) -> str | None:
        if "given_names" in guards.vetoes:
            # Family names change; they count where there is no other name to tell people apart by.
            named = "names" if one.names and other.names else "families"
            if _strange(self._are_unlike, named, one, other, weighed):
                return UNLIKE[named]
        if "birth_dates" in guards.vetoes and _strange(
            self._are_apart, "dates", one, other, weighed
        ):
            return UNLIKE["dates"]
        if "strong_ids" in guards.vetoes:
            return self._two_strong_ids(one, other)
        return None

    def _two_strong_ids(self, one: Group, other: Group) -> str | None:
        for namespace, values in other.held.items():
            held = one.held.get(namespace)
            if (
                held
                and self._policy.of(namespace).strong
                and len(values | held) > max(len(values), len(held))
            ):
                return f"two strong ids: {namespace}"
        return None

    def _suspicious(self, one: Group, other: Group) -> str | None:
        most = self._guards.most_records
        if most is not None and one.size + other.size > most:
            return f"{FIREWALL}records"
        if _outgrows(self._guards.most_given_names, self._are_unlike, one.names, other.names):
            return f"{FIREWALL}given names"
        if _outgrows(self._guards.most_birth_dates, self._are_apart, one.dates, other.dates):
            return f"{FIREWALL}birth dates"
        return None


def _strange(
    differ: Callable[[Fact, Fact], bool],
    fact: str,
    one: Group,
    other: Group,
    weighed: tuple[Group, Group] | None,
) -> bool:
    """Whether of a fact each side says something that the other cannot mean."""
    ones, others = getattr(one, fact), getattr(other, fact)
    if weighed is not None:
        left, right = (getattr(record, fact) for record in weighed)
        known = {*product(left, right), *product(right, left)}
        return _strange_sets(lambda a, b: (a, b) not in known and differ(a, b), ones, others)
    return _strange_sets(differ, ones, others)


def _strange_sets(differ: Callable[[Fact, Fact], bool], ones: set[Fact], others: set[Fact]) -> bool:
    return _misses(differ, ones, others) and _misses(differ, others, ones)


def _misses(differ: Callable[[Fact, Fact], bool], ones: set[Fact], others: set[Fact]) -> bool:
    return bool(others) and any(
        one not in others and all(differ(one, other) for other in others) for one in ones
    )


def _outgrows(
    most: int | None, differ: Callable[[Fact, Fact], bool], ones: set[Fact], others: set[Fact]
) -> bool:
    """Whether both sides together tell more than `most` different facts, and than each alone."""
    if most is None or len(ones) + len(others) <= most or ones <= others or others <= ones:
        return False
    together = _different(differ, ones | others)
    return together > max(most, _different(differ, ones), _different(differ, others))


def _different(differ: Callable[[Fact, Fact], bool], facts: set[Fact]) -> int:
    """How many facts plainly differ; those that a third is like, as a name its nicknames, are one."""
    count, waiting = 0, set(facts)
    while waiting:
        count += 1
        alike = {waiting.pop()}
        while alike:
            one = alike.pop()
            more = {other for other in waiting if not differ(one, other)}
            waiting -= more
            alike |= more
    return count
