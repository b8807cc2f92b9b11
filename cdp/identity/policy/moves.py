"""Who would go where: the profiles of the store against those of another clustering."""

from dataclasses import dataclass

import polars as pl

from cdp.identity.clusters.clustering import Clustering
from cdp.store.identity.evidence import Evidence


@dataclass(frozen=True)
class Moves:
    """Who would go where.

    after: record_uid, component_before, profile_before, profile_id of every record, by record_uid.
    moved: those of `after` whose profile changes.
    merged: id, profile_id, records - profiles that would be taken in, and by which.
    split: id, profile_id, records - profiles that would come to be, and out of which.
    """

    after: pl.DataFrame
    moved: pl.DataFrame
    merged: pl.DataFrame
    split: pl.DataFrame


def moves_of(before: Evidence, clustering: Clustering) -> Moves:
    """The difference between the profiles of the store and those of a clustering."""
    members = clustering.members.select("record_uid", "profile_id")
    columns = ("record_uid", "component_before", "profile_before")
    after = before.records.select(columns).join(members, on="record_uid", maintain_order="left")
    moved = after.filter(pl.col("profile_before") != pl.col("profile_id"))
    head = pl.col("record_uid")
    merged = moved.filter(pl.col("profile_before") == head).select("profile_id", id=head)
    split = moved.filter(pl.col("profile_id") == head).select(id=head, profile_id="profile_before")
    sizes_before = after.group_by(id="profile_before").agg(records=pl.len())
    sizes_after = after.group_by(id="profile_id").agg(records=pl.len())
    most = ["records", "id"]
    return Moves(
        after=after,
        moved=moved,
        merged=merged.join(sizes_before, on="id").sort(most, descending=[True, False]),
        split=split.join(sizes_after, on="id").sort(most, descending=[True, False]),
    )
