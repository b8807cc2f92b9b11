"""Records and the values they carry as one bipartite graph of integers."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cdp.identity.clusters.links import (
    OF_PROBABLE_LINKS,
    OF_STEWARD_LINKS,
    PROBABLE_LINK,
    STEWARD_LINK,
    known_decisions,
    link_edges,
)
from cdp.identity.clusters.spread import overfull, spoken_for_by_many
from cdp.identity.policy.declaration import IdentityPolicy, NamespacePolicy

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Graph:
    """Who carries what, ready for clustering.

    `records` is sorted by age, so the row number of a record (its node) orders records by age.
    `claims` has one row per record and linking value: node, namespace, value, code (one number per
    value and subject). `edges` is the part of `claims` whose value at least two records carry, and
    in the same columns the links: of namespace STEWARD_LINK (value: the decision) and
    PROBABLE_LINK (value: its weight); of two links the smaller code is the stronger.
    `apart` says who is on which side of a cannot-link decision: node, decision_id, side.
    `blocked` lists the values that too many records carry; they are in none of these.
    """

    records: pl.DataFrame
    claims: pl.DataFrame
    edges: pl.DataFrame
    apart: pl.DataFrame
    blocked: pl.DataFrame

    @classmethod
    def of(
        cls,
        records: pl.DataFrame,
        identifiers: pl.DataFrame,
        policy: IdentityPolicy,
        blocked: pl.DataFrame | None,
        *,
        links: pl.DataFrame | None = None,
        decisions: pl.DataFrame | None = None,
    ) -> "Graph":
        """The graph of `records`, those of their identifiers that may link, links and decisions."""
        aged = records.sort("record_uid").with_row_index("node").cast({"node": pl.Int64})
        claims = _telling(identifiers, policy, blocked)
        claims = claims.join(aged.select("record_uid", "node"), on="record_uid")
        junk = _junk(claims, identifiers, policy)
        if junk.height:
            claims = claims.join(junk, on="code", how="anti")
        if aged["subject"].n_unique() > 1:
            claims = _apart_by_subject(claims, aged)
        edges = _joining(claims, policy)
        decided = known_decisions(decisions, aged)
        linked = link_edges(decided, links, aged)
        if linked.height:
            edges = _with_links(edges, linked)
        return cls(
            records=aged,
            claims=claims,
            edges=edges,
            apart=decided.filter(kind="cannot_link").select("node", "decision_id", "side"),
            blocked=junk.select("namespace", "value", "records").sort("namespace", "value"),
        )

    def components(self) -> Ints:
        """For each record the oldest record (as node) that it is connected with."""
        size = self.records.height
        nodes, codes = (self.edges[name].to_numpy() for name in ("node", "code"))
        return oldest_of(_labels(nodes, codes, size))


def oldest_of(labels: Ints) -> Ints:
    """For each record the smallest record of the same label."""
    oldest = np.empty(labels.max(initial=-1) + 1, dtype=np.int64)
    # Written from the youngest to the oldest: the last one to write stays.
    oldest[labels[::-1]] = np.arange(len(labels) - 1, -1, -1)
    return oldest[labels]


def strength(policy: IdentityPolicy) -> list[pl.Expr]:
    """The columns by which edges go from strong to weak.

    Steward links, identifiers by priority, probable links. Links go by their code, which knows
    their weight.
    """
    is_link = pl.col("namespace").is_in([STEWARD_LINK, PROBABLE_LINK])
    return [
        pl.col("namespace") != STEWARD_LINK,
        pl.col("namespace") == PROBABLE_LINK,
        pl.when(is_link).then("code").otherwise(0),
        by_namespace(policy, lambda guards: guards.priority, pl.Int64),
        pl.col("namespace"),
        pl.col("value"),
    ]


def by_namespace(
    policy: IdentityPolicy,
    read: Callable[[NamespacePolicy], int | bool | None],
    dtype: type[pl.DataType],
) -> pl.Expr:
    """What `read` finds in the guards of each row's namespace."""
    return pl.col("namespace").replace_strict(
        {namespace: read(guards) for namespace, guards in policy.namespaces.items()}
        | {STEWARD_LINK: read(OF_STEWARD_LINKS), PROBABLE_LINK: read(OF_PROBABLE_LINKS)},
        default=pl.lit(read(policy.default), dtype=dtype),
        return_dtype=dtype,
    )


def _with_links(edges: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """`edges` and `links`, whose codes go on after theirs."""
    unused = int(edges["code"].to_numpy().max(initial=-1)) + 1
    return pl.concat(
        [
            edges.select("node", "namespace", pl.col("value").cast(pl.String), "code"),
            links.with_columns(pl.col("code") + unused),
        ]
    )


def _telling(
    identifiers: pl.DataFrame, policy: IdentityPolicy, blocked: pl.DataFrame | None
) -> pl.DataFrame:
    """The identifiers that can join or part records, with the `code` of their value."""
    linking = identifiers.filter(by_namespace(policy, lambda guards: guards.links, pl.Boolean))
    if blocked is not None and blocked.height:
        linking = linking.join(blocked, on=["namespace", "value"], how="anti")
    coded = linking.select(
        "record_uid", "namespace", "value", code=codes_of(linking.select("namespace", "value"))
    )
    counts = by_namespace(policy, lambda guards: guards.parts, pl.Boolean)
    return coded.filter(carried_twice(coded["code"]) | counts)


def codes_of(values: pl.DataFrame) -> pl.Series:
    """One number per distinct row."""
    for seed in count():
        codes = values.hash_rows(seed).rank("dense").cast(pl.Int64) - 1
        # Hashing is many times faster than comparing texts, but two of them may share a hash.
        repeated = carried_twice(codes)
        if _are_equal_within(codes.filter(repeated).to_numpy(), values.filter(repeated)):
            return codes
    raise AssertionError


def _are_equal_within(codes: Ints, values: pl.DataFrame) -> bool:
    an_example = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    an_example[codes] = np.arange(len(codes))
    return values[an_example[codes]].equals(values)


def carried_twice(codes: pl.Series) -> pl.Series:
    """Whether a code occurs again."""
    return pl.Series(np.bincount(codes.to_numpy())[codes.to_numpy()] > 1)


def _junk(claims: pl.DataFrame, identifiers: pl.DataFrame, policy: IdentityPolicy) -> pl.DataFrame:
    """Values on too many records, or with too many people: code, namespace, value, records."""
    limit = by_namespace(policy, lambda guards: guards.shared_by, pl.Int64)
    codes = claims["code"].to_numpy()
    # Rows, not records: a record that repeats a value is sorted out below.
    suspects = claims.filter(pl.Series(np.bincount(codes)[codes]) > limit)
    crowded = (
        suspects.group_by("code", "namespace", "value")
        .agg(records=pl.col("node").n_unique().cast(pl.Int64))
        .filter(pl.col("records") > limit)
    )
    return pl.concat([crowded, spoken_for_by_many(claims, identifiers, policy)]).unique("code")


def _joining(claims: pl.DataFrame, policy: IdentityPolicy) -> pl.DataFrame:
    """The claims to values of at least two records, without those of records that claim too many."""
    edges = claims.filter(carried_twice(claims["code"]))
    full = overfull(edges, policy)
    if full.is_empty():
        return edges
    edges = edges.join(full, on=["node", "namespace"], how="anti")
    return edges.filter(carried_twice(edges["code"]))


def _apart_by_subject(claims: pl.DataFrame, aged: pl.DataFrame) -> pl.DataFrame:
    subjects = aged["subject"].rank("dense").to_numpy().astype(np.int64)
    subject = pl.Series(subjects[claims["node"].to_numpy()])
    return claims.with_columns(code=pl.col("code") * subjects.max() + subject - 1)


def _labels(nodes: Ints, codes: Ints, size: int) -> Ints:
    total = size + int(codes.max(initial=-1)) + 1
    ones = np.ones(len(nodes), dtype=np.int8)
    matrix = coo_matrix((ones, (nodes, codes + size)), shape=(total, total))
    return connected_components(matrix, directed=False)[1][:size].astype(np.int64)
