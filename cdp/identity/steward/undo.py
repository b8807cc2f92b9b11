"""Which records a merge brought together: what is kept apart when it is undone."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.errors import InvalidRequest
from cdp.identity.clusters_as_of import cluster_of, clustering_as_of
from cdp.store.identity import decisions as store

JUST_BEFORE = timedelta(microseconds=1)

Records = set[UUID]


def sides_of_merge(tx: Connection, entry: Mapping[str, Any]) -> tuple[Records, ...]:
    """The records of the one that was merged, of the profile that took it, and of all that came by it.

    `entry` is a merge of the identity log. Who was one just before stays one: where a record that
    came bridged several profiles, each of them is a side. What was new then has no cluster before:
    it counts with what hangs on by it. Raises InvalidRequest where the two are not one any more.
    """
    profile, other, at = entry["profile_id"], entry["other_id"], entry["logged_at"]
    if store.profile_of(tx, profile) != store.profile_of(tx, other):
        raise InvalidRequest(
            f"{other} and {profile} are not one profile any more, so there is nothing to undo; "
            "`cdp identity decide cannot-link` keeps them apart for ever"
        )
    before = clustering_as_of(tx, [profile, other], at - JUST_BEFORE).members
    taker, taken = (_uuids(cluster_of(before, uid)) for uid in (profile, other))
    two = bool(taken and taker) and taken != taker
    joined, whole, hanging = _hanging_by(tx, taken if two else {other}, profile, at)
    if not (hanging or two):
        raise InvalidRequest(f"what brought {other} and {profile} together cannot be told any more")
    if not taker or taken == taker:
        return hanging, whole - hanging
    brought = _clusters(tx, hanging - taken - taker, at - JUST_BEFORE)
    if not taken:
        brought += _reconciled(joined, _clusters(tx, whole - hanging, at - JUST_BEFORE), taker)
    return taken or hanging.difference(taker, *brought), taker, *brought


def _reconciled(joined: pl.DataFrame, before: list[Records], taker: Records) -> list[Records]:
    """Of those `before`, who were joined to each other by nothing new.

    What kept them apart spoke of all their records, and the one that came has outvoted it.
    """
    groups = {uid: number for number, records in enumerate(before) for uid in records}
    found = set[int]()
    for record, via in joined.select("record_uid", "via").drop_nulls().iter_rows():
        ends = {groups[uid] for uid in (UUID(record), UUID(via)) if uid in groups}
        if len(ends) > 1:
            found |= ends
    return [before[number] for number in sorted(found) if not before[number] & taker]


def _clusters(tx: Connection, uids: Records, as_of: datetime) -> list[Records]:
    """Which of the records were known, and one person with each other."""
    if not uids:
        return []
    members = clustering_as_of(tx, uids, as_of).members
    here = members.filter(pl.col("record_uid").is_in([str(uid) for uid in uids]))
    grouped = here.group_by("profile_id").agg("record_uid").sort("profile_id")
    return [_uuids(records) for records in grouped["record_uid"]]


def _hanging_by(
    tx: Connection, tops: Records, profile: UUID, at: datetime
) -> tuple[pl.DataFrame, Records, Records]:
    """What records hang by as of the merge (else now), their cluster, and who hangs on in it by `tops`.

    The clusters are empty where that cannot be told any more.
    """
    for as_of in (at, datetime.now(UTC)):
        clustering = clustering_as_of(tx, tops, as_of)
        whole = _uuids(cluster_of(clustering.members, profile))
        hanging = _below(clustering.joined, tops)
        if tops <= whole and profile not in hanging:
            return clustering.joined, whole, hanging
    return clustering.joined, set(), set()


def _below(joined: pl.DataFrame, tops: Records) -> Records:
    """`tops` and the records that hang on by them, in the tree of what records hang by."""
    children: dict[str, list[str]] = {}
    for record, via in joined.select("record_uid", "via").iter_rows():
        children.setdefault(via, []).append(record)
    found, waiting = set[UUID](), [str(top) for top in tops]
    while waiting:
        record = waiting.pop()
        found.add(UUID(record))
        waiting += children.get(record, ())
    return found


def _uuids(records: Collection[str]) -> Records:
    return {UUID(record) for record in records}
