"""From pairs to people: score-ordered agglomeration in which the whole group has a say.

One strong pair is not enough to unite two groups: the pairs between them must not speak against it
on the average, a record that lacks a name or a birth date must not be the bridge between two people
who differ in it, and a source that keeps nobody twice must not appear twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cdp.identity.clusters.graph import Ints, oldest_of
from cdp.identity.clusters.likeness import are_unlike

# What a pair that no blocking rule brought up counts in the average, and the average (both log2 of
# the odds) below which two groups stay apart. Measured on sets with 1 to 26 records per person:
# flat between -2 and -8; without the rule chains of namesakes form.
UNCOMPARED = -4.0
LEAST_AVERAGE = -3.0


@dataclass(slots=True)
class _Group:
    """What is known of the records united so far."""

    members: list[int]
    facts: dict[str, set[str]]
    clean: set[str] = field(default_factory=set)
    near: dict[int, float] = field(default_factory=dict)  # summed odds above UNCOMPARED, by group

    def absorb(self, other: "_Group") -> None:
        self.members += other.members
        for fact, said in other.facts.items():
            self.facts[fact] |= said
        self.clean |= other.clean


def groups(records: pl.DataFrame, pairs: pl.DataFrame, merge: float) -> pl.DataFrame:
    """The group of each record.

    Args:
        records: record_uid, given, birth (features) and, where sources without duplicates are
            known, `clean`: the name of the source, null elsewhere.
        pairs: left, right, weight (log2 of the odds), also those below `merge`.
        merge: probability from which a pair may unite.

    Returns:
        record_uid, group (the smallest record_uid in it), confidence: the probability of the
        strongest pair that holds the record in its group; 1 for a record alone.
    """
    known = records.sort("record_uid").with_row_index("node")
    uid = known.select("record_uid", "node")
    edges = (
        pairs.select("left", "right", "weight")
        .join(uid.rename({"record_uid": "left", "node": "one"}), on="left")
        .join(uid.rename({"record_uid": "right", "node": "other"}), on="right")
    )
    edges = edges.select("one", "other", "weight").sort(
        "weight", "one", "other", descending=[True, False, False]
    )
    # The very pair whose probability was chosen to be `merge` is in, whatever its last bits.
    threshold = float(np.log2(merge / (1 - merge))) - 1e-9
    strong = edges.filter(pl.col("weight") >= threshold)
    component = _components(known.height, strong)
    leaders = _agglomerated(known, edges, component, threshold)
    held = _held(strong, leaders, known.height)
    return known.select(
        "record_uid",
        group=known["record_uid"].gather(leaders),
        confidence=pl.Series(held),
    )


def _components(count: int, edges: pl.DataFrame) -> Ints:
    one, other = edges["one"].to_numpy(), edges["other"].to_numpy()
    matrix = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    return connected_components(matrix, directed=False)[1].astype(np.int64)


def _agglomerated(
    records: pl.DataFrame, edges: pl.DataFrame, component: Ints, threshold: float
) -> Ints:
    """The smallest node of each node's group."""
    inside = edges.filter(
        pl.Series(component[edges["one"].to_numpy()] == component[edges["other"].to_numpy()])
    )
    settled = _undisputed(records, inside, component)[component]
    leaders = np.where(settled, oldest_of(component), np.arange(len(component)))
    inside = inside.filter(pl.Series(~settled[inside["one"].to_numpy()]))
    growing = _Growth(records, inside, threshold)
    for one, other, weight in inside.iter_rows():
        if weight < threshold:
            break
        growing.unite(one, other)
    for group in growing.groups():
        leaders[group.members] = min(group.members)
    return leaders


def _undisputed(records: pl.DataFrame, inside: pl.DataFrame, component: Ints) -> NDArray[np.bool_]:
    """The components that are one group in whatever order: nothing in them could refuse a union.

    No pair speaks against it, no clean source is there twice, and of more than two records none
    states another given name or birth date than the others.
    """
    sizes = np.bincount(component)
    agreed = inside.filter(pl.col("weight") >= LEAST_AVERAGE)["one"].to_numpy()
    pairs = np.bincount(component[agreed], minlength=len(sizes))
    settled = pairs == sizes * (sizes - 1) // 2
    clean = pl.col("clean") if "clean" in records.columns else pl.lit(None, pl.String)
    differ = (pl.col("given", "birth").drop_nulls().n_unique() > 1) & (pl.len() > 2)
    disputed = (
        records.with_columns(clean.alias("clean"), component=component)
        .filter(pl.Series((settled & (sizes > 1))[component]))
        .group_by("component")
        .agg(differ, pl.col("clean").drop_nulls().is_duplicated().any())
        .filter(pl.any_horizontal("given", "birth", "clean"))
    )
    settled[disputed["component"].to_numpy()] = False
    return settled


class _Growth:
    """The growing groups."""

    def __init__(self, records: pl.DataFrame, edges: pl.DataFrame, threshold: float) -> None:
        self._threshold = threshold
        self._weights = {(a, b): w for a, b, w in edges.iter_rows()}
        told = records[pl.concat([edges["one"], edges["other"]]).unique().sort()]
        nodes, given, birth = (told[c].to_list() for c in ("node", "given", "birth"))
        clean = told["clean"].to_list() if "clean" in told.columns else [None] * told.height
        self._groups = {
            node: _Group([node], {"given": _set(given), "birth": _set(birth)}, _set(source))
            for node, given, birth, source in zip(nodes, given, birth, clean, strict=True)
        }
        said = {"given": given, "birth": birth}
        self._said = {fact: dict(zip(nodes, said[fact], strict=True)) for fact in _DIFFER}
        self._leader = {node: node for node in self._groups}
        for (one, other), weight in self._weights.items():
            self._groups[one].near[other] = self._groups[other].near[one] = weight - UNCOMPARED

    def groups(self) -> Iterable[_Group]:
        return self._groups.values()

    def unite(self, one: int, other: int) -> None:
        """Unite the groups of two nodes unless the groups as a whole speak against it."""
        large, small = self._find(one), self._find(other)
        if large == small or self._refuses(self._groups[large], self._groups[small], small):
            return
        if len(self._groups[large].near) < len(self._groups[small].near):
            large, small = small, large
        gone = self._groups.pop(small)
        group = self._groups[large]
        group.absorb(gone)
        self._leader[small] = large
        for node, odds in gone.near.items():
            if node != large:
                near = self._groups[node].near
                near.pop(small)
                group.near[node] = near[large] = group.near.get(node, 0.0) + odds
        group.near.pop(small, None)

    def _find(self, node: int) -> int:
        while self._leader[node] != node:
            self._leader[node] = self._leader[self._leader[node]]
            node = self._leader[node]
        return node

    def _refuses(self, one: _Group, other: _Group, name: int) -> bool:
        if one.clean & other.clean:
            return True
        pairs = len(one.members) * len(other.members)
        if UNCOMPARED + one.near.get(name, 0.0) / pairs < LEAST_AVERAGE:
            return True
        return any(self._bridges(one, other, fact) for fact in _DIFFER)

    def _bridges(self, one: _Group, other: _Group, fact: str) -> bool:
        """Whether the two differ in a fact and only records that do not state it connect them."""
        ones, others = one.facts[fact], other.facts[fact]
        if len(one.members) * len(other.members) == 1 or not ones or not others:
            return False
        if not all(_DIFFER[fact](a, b) for a in ones for b in others):
            return False
        return not any(
            self._weights.get((min(a, b), max(a, b)), UNCOMPARED) >= self._threshold
            for a in one.members
            for b in other.members
            if self._said[fact][a] is not None and self._said[fact][b] is not None
        )


def _held(strong: pl.DataFrame, leaders: Ints, count: int) -> np.ndarray:
    """The probability of the strongest pair within its group, for each node."""
    inside = strong.filter(
        pl.Series(leaders[strong["one"].to_numpy()] == leaders[strong["other"].to_numpy()])
    )
    weight = np.full(count, np.inf)
    weight[np.bincount(leaders, minlength=count)[leaders] > 1] = -np.inf
    for end in ("one", "other"):
        np.maximum.at(weight, inside[end].to_numpy(), inside["weight"].to_numpy())
    return 1 / (1 + np.exp2(-weight))


def _set(value: str | None) -> set[str]:
    return set() if value is None else {value}


@cache
def _unlike(one: str, other: str) -> bool:
    return one != other and are_unlike(one, other)


@cache
def _apart(one: str, other: str) -> bool:
    """Whether two dates (yyyymmdd) differ in more than one digit."""
    return sum(a != b for a, b in zip(one, other, strict=True)) > 1


_DIFFER: dict[str, Callable[[str, str], bool]] = {"given": _unlike, "birth": _apart}
