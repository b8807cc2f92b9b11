"""Resolve: after a landing, decide anew who is who in the components it touched."""

from dataclasses import astuple, dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Connection

from cdp.identity.clusters import Clustering, cluster
from cdp.identity.policy import IdentityPolicy
from cdp.store import identity as graph


@dataclass(frozen=True)
class Resolved:
    """What one resolve step decided, in numbers."""

    records: int = 0
    merges: int = 0
    splits: int = 0
    blocks: int = 0
    cuts: int = 0

    def __add__(self, other: "Resolved") -> "Resolved":
        return Resolved(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def resolve(tx: Connection, recorded_at: datetime, policy: IdentityPolicy) -> Resolved:
    """Cluster the touched components and write who belongs to whom, with a log of each change.

    The result depends on the records alone, never on the order in which they came: see
    `cdp.identity.clusters`. The caller holds the identity lock (`cdp.store.identity.lock`).
    """
    records, identifiers = graph.closure(tx)
    if records.is_empty():
        graph.mark_stale(tx, [])
        return Resolved()
    clustering = cluster(records, identifiers, policy)
    members = clustering.members.rename({"component": "component_id"})
    after = records.join(members, on="record_uid")
    moved = after.filter(
        pl.col("profile_before").is_null()
        | (pl.col("profile_before") != pl.col("profile_id"))
        | (pl.col("component_before") != pl.col("component_id"))
    )
    graph.assign(tx, recorded_at, moved.select("record_uid", "component_id", "profile_id"))
    cuts = _new_refusals(tx, clustering, recorded_at)
    blocks = clustering.blocked.with_columns(blocked_at=pl.lit(recorded_at))
    graph.write_blocks(tx, blocks)
    merges, splits = _merges(after, clustering), _splits(after)
    entries = pl.concat([merges, splits, _blocked(blocks), _cut(cuts)], how="diagonal_relaxed")
    graph.write_log(tx, entries.with_columns(logged_at=pl.lit(recorded_at)))
    known = moved.filter(pl.col("profile_before").is_not_null())
    graph.mark_stale(
        tx, pl.concat([known["profile_before"], known["profile_id"]]).unique().to_list()
    )
    return Resolved(records.height, merges.height, splits.height, blocks.height, cuts.height)


def _merges(after: pl.DataFrame, clustering: Clustering) -> pl.DataFrame:
    """Former heads of a profile (a fresh record heads its own) that now belong to an older one."""
    absorbed = after.filter(
        (pl.col("profile_before").is_null() | (pl.col("profile_before") == pl.col("record_uid")))
        & (pl.col("profile_id") != pl.col("record_uid"))
    )
    causes = clustering.joined.drop("profile_id")
    return absorbed.join(causes, on="record_uid", how="left").select(
        "profile_id",
        "namespace",
        "value",
        action=pl.lit("merge"),
        other_id="record_uid",
        cause=pl.lit("shared identifier"),
    )


def _splits(after: pl.DataFrame) -> pl.DataFrame:
    """Records that now head a profile of their own and belonged to another before."""
    return after.filter(
        (pl.col("profile_before") != pl.col("record_uid"))
        & (pl.col("profile_id") == pl.col("record_uid"))
    ).select(
        profile_id="profile_before",
        other_id="record_uid",
        action=pl.lit("split"),
        cause=pl.lit("nothing holds them together any more"),
    )


def _blocked(blocks: pl.DataFrame) -> pl.DataFrame:
    return blocks.select(
        "namespace",
        "value",
        action=pl.lit("block"),
        cause=pl.format("carried by {} records", "records"),
    )


def _cut(cuts: pl.DataFrame) -> pl.DataFrame:
    return cuts.select(
        "namespace",
        "value",
        action=pl.lit("cut"),
        profile_id="record_uid",
        other_id="other_uid",
        cause="reason",
    )


def _new_refusals(tx: Connection, clustering: Clustering, recorded_at: datetime) -> pl.DataFrame:
    """Write the refused links of the closure; those that were not refused before."""
    refused = clustering.refused.rename({"left": "record_uid", "right": "other_uid"}).with_columns(
        refused_at=pl.lit(recorded_at)
    )
    before = graph.replace_refusals(tx, refused)
    return refused.join(before, on=["record_uid", "other_uid", "namespace", "value"], how="anti")
