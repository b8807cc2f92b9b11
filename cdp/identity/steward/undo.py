"""Which records a merge brought together: what is kept apart when it is undone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.errors import InvalidRequest
from cdp.identity.clusters_as_of import cluster_of, clustering_as_of
from cdp.store import decisions as store

JUST_BEFORE = timedelta(microseconds=1)

Sides = tuple[set[UUID], set[UUID]]


def sides_of_merge(tx: Connection, entry: Mapping[str, Any]) -> Sides:
    """The records of the one that was merged, and those of the profile that took it, at that time.

    `entry` is a merge of the identity log. What was new then has no cluster before: it counts with
    what hangs on by it. Raises InvalidRequest where the two are not one profile any more.
    """
    profile, other, at = entry["profile_id"], entry["other_id"], entry["logged_at"]
    if store.profile_of(tx, profile) != store.profile_of(tx, other):
        raise InvalidRequest(
            f"{other} and {profile} are not one profile any more, so there is nothing to undo; "
            "`cdp identity decide cannot-link` keeps them apart for ever"
        )
    taker, taken = (_cluster(tx, uid, at - JUST_BEFORE) for uid in (profile, other))
    if taken and taker and not taken & taker:
        return taken, taker
    whole, hanging = _hanging_by(tx, other, profile, at)
    if taker and other not in taker:
        return hanging - taker, taker
    return hanging, whole - hanging


def _cluster(tx: Connection, uid: UUID, as_of: datetime) -> set[UUID]:
    """The records that were one person with `uid`; none where it was not known yet."""
    members = clustering_as_of(tx, uid, as_of).members
    return {UUID(record) for record in cluster_of(members, uid)}


def _hanging_by(
    tx: Connection, other: UUID, profile: UUID, at: datetime
) -> tuple[set[UUID], set[UUID]]:
    """The cluster of both as of the merge (else now), and those that hang on in it by `other`."""
    for as_of in (at, datetime.now(UTC)):
        clustering = clustering_as_of(tx, other, as_of)
        whole = {UUID(record) for record in cluster_of(clustering.members, other)}
        hanging = _below(clustering.joined, other)
        if profile in whole - hanging:
            return whole, hanging
    raise InvalidRequest(f"what brought {other} and {profile} together cannot be told any more")


def _below(joined: pl.DataFrame, top: UUID) -> set[UUID]:
    """`top` and the records that hang on by it, in the tree of what records hang by."""
    children: dict[str, list[str]] = {}
    for record, via in joined.select("record_uid", "via").iter_rows():
        children.setdefault(via, []).append(record)
    found, waiting = set(), [str(top)]
    while waiting:
        record = waiting.pop()
        found.add(UUID(record))
        waiting += children.get(record, ())
    return found
