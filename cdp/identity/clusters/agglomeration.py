"""The careful pass: clusters grown from strong to weak edges, with a reason for each refusal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from cdp.identity.clusters.graph import by_namespace, strength
from cdp.identity.clusters.groups import FIREWALL, Group, Judge
from cdp.identity.clusters.links import PROBABLE_LINK, guards_of
from cdp.identity.policy.declaration import IdentityPolicy, NamespacePolicy

# A carrier is offered to so many groups of its value. Where more refuse to be one, the value says
# nothing about anybody, and the work stays in proportion to its carriers.
MOST_GROUPS = 100


@dataclass(frozen=True)
class Refusal:
    """Two records that a shared value did not unite, and why."""

    left: int
    right: int
    namespace: str
    value: str | int
    reason: str


class Agglomeration:
    """The growing clusters of some records (as nodes), of which the model has weighed `linked`."""

    def __init__(
        self, groups: dict[int, Group], policy: IdentityPolicy, linked: Iterable[int]
    ) -> None:
        self.refusals: list[Refusal] = []
        self._groups = groups
        self._linked = {node: groups[node].facts() for node in linked}
        self._leader = {node: node for node in groups}
        self._policy = policy
        self._judge = Judge(policy)

    def unite(self, namespace: str, value: str | int, carriers: list[int]) -> None:
        """Unite the carriers of one value, smallest key first, as far as the guards allow.

        A carrier is offered to the groups of the carriers before it and joins the first that takes
        it. Whom the firewall holds back stays as it is: to try further groups would only make
        several suspicious profiles of one.
        """
        guards = guards_of(self._policy, namespace)
        by_model = namespace == PROBABLE_LINK
        firsts: list[int] = []  # the first carrier of each group of this value
        for carrier in carriers:
            refusal = None
            for first in firsts[:MOST_GROUPS]:
                reason = self._join(guards, first, carrier, by_model=by_model)
                if reason is None:
                    break
                refusal = refusal or Refusal(first, carrier, namespace, value, reason)
                if reason.startswith(FIREWALL):
                    break
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

    def _join(
        self, guards: NamespacePolicy | None, first: int, carrier: int, *, by_model: bool
    ) -> str | None:
        """Unite the groups of two records, or the reason why not."""
        large, small = self.leader(first), self.leader(carrier)
        if large == small:
            return None
        one, other = self._groups[large], self._groups[small]
        # A steward's word stands above all guards but another steward's.
        if guards is None:
            reason = self._judge.parted(one, other)
        else:
            weighed = (self._linked[first], self._linked[carrier]) if by_model else None
            reason = self._judge.refuses(guards, one, other, weighed)
        if reason is None:
            if one.size < other.size:
                large, small = small, large
            self._groups[large].absorb(self._groups.pop(small))
            self._leader[small] = large
        return reason


def agglomerate(
    records: pl.DataFrame,
    claims: pl.DataFrame,
    edges: pl.DataFrame,
    apart: pl.DataFrame,
    policy: IdentityPolicy,
) -> tuple[dict[int, int], list[Refusal]]:
    """The leader of each record (as node), and the refusals.

    Args:
        records: node, record_key, plain_name, plain_family, birth_date of whole components.
        claims: node, namespace, value: what limits and strong ids are read from.
        edges: node, namespace, value, code of what two records or more have in common.
        apart: node, decision_id, side: the cannot-link decisions.
        policy: the guards.
    """
    linked = edges.filter(namespace=PROBABLE_LINK)["node"].unique()
    growing = Agglomeration(_groups(records, claims, apart, policy), policy, linked)
    for namespace, value, carriers in _from_strong_to_weak(records, edges, policy):
        growing.unite(namespace, value, carriers)
    leaders = {node: growing.leader(node) for node in records["node"]}
    # What one value could not unite, a weaker one may have, once more was known.
    refusals = [each for each in growing.refusals if leaders[each.left] != leaders[each.right]]
    return leaders, refusals


def _groups(
    records: pl.DataFrame, claims: pl.DataFrame, apart: pl.DataFrame, policy: IdentityPolicy
) -> dict[int, Group]:
    groups = {
        node: Group(names={name} - {None}, families={family} - {None}, dates={born} - {None})
        for node, name, family, born in records.select(
            "node", "plain_name", "plain_family", "birth_date"
        ).iter_rows()
    }
    parting = claims.filter(by_namespace(policy, lambda guards: guards.parts, pl.Boolean))
    for node, namespace, value in parting.select("node", "namespace", "value").iter_rows():
        groups[node].held.setdefault(namespace, set()).add(value)
    for node, decision, side in apart.select("node", "decision_id", "side").iter_rows():
        groups[node].sides[decision] = side
    return groups


def _from_strong_to_weak(
    records: pl.DataFrame, edges: pl.DataFrame, policy: IdentityPolicy
) -> Iterator[tuple[str, str | int, list[int]]]:
    """Values and their carriers in an order made of content, never of arrival."""
    keyed = edges.join(records.select("node", "record_key"), on="node")
    ordered = keyed.sort(*strength(policy), "record_key")
    carried = ordered.group_by("namespace", "value", "code", maintain_order=True).agg("node")
    return carried.select("namespace", "value", "node").iter_rows()
