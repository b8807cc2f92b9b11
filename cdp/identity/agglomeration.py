"""The careful pass: clusters grown from strong to weak edges, with a reason for each refusal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TypeVar

import polars as pl

from cdp.identity.graph import by_namespace, strength
from cdp.identity.likeness import are_apart, are_unlike
from cdp.identity.policy import IdentityPolicy, NamespacePolicy

# A carrier is offered to so many groups of its value. Where more refuse to be one, the value says
# nothing about anybody, and the work stays in proportion to its carriers.
MOST_GROUPS = 100

Value = TypeVar("Value", str, date)


@dataclass
class Group:
    """What is known of the records united so far."""

    size: int = 1
    names: set[str] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)
    held: dict[str, set[str | int]] = field(default_factory=dict)

    def absorb(self, other: "Group") -> None:
        """Know what `other` knows, too."""
        self.size += other.size
        self.names |= other.names
        self.dates |= other.dates
        for namespace, values in other.held.items():
            self.held.setdefault(namespace, set()).update(values)


@dataclass(frozen=True)
class Refusal:
    """Two records that a shared value did not unite, and why."""

    left: int
    right: int
    namespace: str
    value: str | int
    reason: str


class Agglomeration:
    """The growing clusters of some records (as nodes)."""

    def __init__(self, groups: dict[int, Group], policy: IdentityPolicy) -> None:
        self.refusals: list[Refusal] = []
        self._groups = groups
        self._leader = {node: node for node in groups}
        self._policy = policy
        self._are_unlike = cache(are_unlike)
        self._are_apart = cache(are_apart)

    def unite(self, namespace: str, value: str | int, carriers: list[int]) -> None:
        """Unite the carriers of one value as far as the guards allow.

        Refusals outlast growth (a larger group only knows more), so a carrier that found its group
        need not be offered to those that refused that group before.
        """
        guards = self._policy.of(namespace)
        firsts: list[int] = []  # the first carrier of each group of this value
        for carrier in carriers:
            refusal = None
            for first in firsts[:MOST_GROUPS]:
                reason = self._join(guards, first, carrier)
                if reason is None:
                    break
                refusal = refusal or Refusal(first, carrier, namespace, value, reason)
            else:
                firsts.append(carrier)
            if refusal is not None:
                self.refusals.append(refusal)

    def leader(self, node: int) -> int:
        """The record that stands for the group of `node`."""
        while self._leader[node] != node:
            self._leader[node] = self._leader[self._leader[node]]
            node = self._leader[node]
        return node

    def _join(self, guards: NamespacePolicy, first: int, carrier: int) -> str | None:
        """Unite the groups of two records, or the reason why not."""
        large, small = self.leader(first), self.leader(carrier)
        if large == small:
            return None
        reason = self._refuses(guards, large, small)
        if reason is None:
            if self._groups[large].size < self._groups[small].size:
                large, small = small, large
            self._groups[large].absorb(self._groups.pop(small))
            self._leader[small] = large
        return reason

    def _refuses(self, guards: NamespacePolicy, left: int, right: int) -> str | None:
        one, other = self._groups[left], self._groups[right]
        for namespace, values in other.held.items():
            limit = self._policy.of(namespace).per_profile
            if limit is not None and len(values | one.held.get(namespace, set())) > limit:
                return f"limit: {namespace}"
        if "given_names" in guards.vetoes and _any(self._are_unlike, one.names, other.names):
            return "given names unlike"
        if "birth_dates" in guards.vetoes and _any(self._are_apart, one.dates, other.dates):
            return "birth dates differ"
        if "strong_ids" in guards.vetoes:
            return self._two_strong_ids(one, other)
        return None

    def _two_strong_ids(self, one: Group, other: Group) -> str | None:
        for namespace, values in other.held.items():
            held = one.held.get(namespace)
            if held and self._policy.of(namespace).strong and len(values | held) > 1:
                return f"two strong ids: {namespace}"
        return None


def agglomerate(
    records: pl.DataFrame, claims: pl.DataFrame, edges: pl.DataFrame, policy: IdentityPolicy
) -> tuple[dict[int, int], list[Refusal]]:
    """The leader of each record (as node), and the refusals.

    Args:
        records: node, record_key, plain_name, birth_date of whole components.
        claims: node, namespace, value: what limits and strong ids are read from.
        edges: node, namespace, value of the values that two records or more carry.
        policy: the guards.
    """
    growing = Agglomeration(_groups(records, claims, policy), policy)
    for namespace, value, carriers in _from_strong_to_weak(records, edges, policy):
        growing.unite(namespace, value, carriers)
    return {node: growing.leader(node) for node in records["node"]}, growing.refusals


def _groups(
    records: pl.DataFrame, claims: pl.DataFrame, policy: IdentityPolicy
) -> dict[int, Group]:
    groups = {
        node: Group(names={name} - {None}, dates={born} - {None})
        for node, name, born in records.select("node", "plain_name", "birth_date").iter_rows()
    }
    parting = claims.filter(by_namespace(policy, lambda guards: guards.parts, pl.Boolean))
    for node, namespace, value in parting.select("node", "namespace", "value").iter_rows():
        groups[node].held.setdefault(namespace, set()).add(value)
    return groups


def _from_strong_to_weak(
    records: pl.DataFrame, edges: pl.DataFrame, policy: IdentityPolicy
) -> Iterator[tuple[str, str | int, list[int]]]:
    """Values and their carriers in an order made of content, never of arrival."""
    keyed = edges.join(records.select("node", "record_key"), on="node")
    ordered = keyed.sort(*strength(policy), "record_key")
    carried = ordered.group_by("namespace", "value", "code", maintain_order=True).agg("node")
    return carried.select("namespace", "value", "node").iter_rows()


def _any(differ: Callable[[Value, Value], bool], ones: set[Value], others: set[Value]) -> bool:
    return any(one != other and differ(one, other) for one in ones for other in others)
