"""Records and the values they carry as one bipartite graph of integers."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cdp.identity.policy import IdentityPolicy, NamespacePolicy
from cdp.identity.spread import overfull, spoken_for_by_many

Ints = NDArray[np.int64]

# What joins records beside identifiers. No declared namespace has a blank in its name.
STEWARD_LINK = "steward link"
PROBABLE_LINK = "probable link"
_OF_PROBABLE_LINKS = NamespacePolicy(
    priority=0, vetoes=("given_names", "birth_dates", "strong_ids")
)
_OF_STEWARD_LINKS = NamespacePolicy(priority=0)

LINKS = {"left": pl.String, "right": pl.String, "weight": pl.Float64}
DECISIONS = {
    "decision_id": pl.String,
    "kind": pl.String,
    "record_uid": pl.String,
    "side": pl.Int64,
}


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
        decided = _known(decisions, aged)
        linked = [
            frame
            for frame in (_steward_links(decided), _probable_links(links, aged))
            if frame.height
        ]
        if linked:
            edges = _with_links(edges, pl.concat(linked))
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


def guards_of(policy: IdentityPolicy, namespace: str) -> NamespacePolicy | None:
    """The guards that an edge of this namespace is open to; None for a steward's word."""
    if namespace == STEWARD_LINK:
        return None
    return _OF_PROBABLE_LINKS if namespace == PROBABLE_LINK else policy.of(namespace)


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
        | {STEWARD_LINK: read(_OF_STEWARD_LINKS), PROBABLE_LINK: read(_OF_PROBABLE_LINKS)},
        default=pl.lit(read(policy.default), dtype=dtype),
        return_dtype=dtype,
    )


def _known(decisions: pl.DataFrame | None, aged: pl.DataFrame) -> pl.DataFrame:
    """The decisions with the node, key and subject of each record that is here."""
    if decisions is None:
        decisions = pl.DataFrame(schema=DECISIONS | {"record_uid": aged.schema["record_uid"]})
    here = aged.select("record_uid", "node", "record_key", "subject")
    return decisions.join(here, on="record_uid").sort("record_key")


def _steward_links(decided: pl.DataFrame) -> pl.DataFrame:
    """node, namespace, value, code of the steward links, in an order of their records' keys."""
    carried = (
        decided.filter(kind="link")
        .group_by("decision_id", "subject", maintain_order=True)
        .agg("node", pl.col("record_key").str.join("\n"))
        .filter(pl.col("node").list.len() > 1)
        .sort("record_key", "decision_id")
    )
    return carried.select(
        "node",
        namespace=pl.lit(STEWARD_LINK),
        value="decision_id",
        code=pl.int_range(pl.len(), dtype=pl.Int64),
    ).explode("node")


def _probable_links(links: pl.DataFrame | None, aged: pl.DataFrame) -> pl.DataFrame:
    """The same of the probable links, the heaviest first, equal ones by their records' keys."""
    if links is None:
        links = pl.DataFrame(
            schema=LINKS | dict.fromkeys(("left", "right"), aged.schema["record_uid"])
        )
    ends = aged.select("node", "record_key", "subject")
    ends = pl.concat([ends, aged.select("record_uid")], how="horizontal")
    pairs = links.join(ends, left_on="left", right_on="record_uid").join(
        ends, left_on=["right", "subject"], right_on=["record_uid", "subject"], suffix="_right"
    )
    keys = pl.concat_list("record_key", "record_key_right").list.sort().list.join("\n")
    ordered = pairs.with_columns(keys=keys).sort("weight", "keys", descending=[True, False])
    return ordered.select(
        node=pl.concat_list("node", "node_right"),
        namespace=pl.lit(PROBABLE_LINK),
        value=pl.format("weight {}", pl.col("weight").round(2)),
        code=pl.int_range(pl.len(), dtype=pl.Int64),
    ).explode("node")


def _with_links(edges: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """`edges` and `links`, whose codes go on after theirs."""
    unused = int(edges["code"].to_numpy().max(initial=-1)) + 1
    after_stewards = pl.when(namespace=PROBABLE_LINK).then(
        pl.col("code").filter(namespace=STEWARD_LINK).max().fill_null(-1) + 1
    ).otherwise(0)  # fmt: skip
    return pl.concat(
        [
            edges.select("node", "namespace", pl.col("value").cast(pl.String), "code"),
            links.with_columns(code=pl.col("code") + after_stewards + unused),
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


def _junk(
    claims: pl.DataFrame, identifiers: pl.DataFrame, policy: IdentityPolicy
) -> pl.DataFrame:
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
