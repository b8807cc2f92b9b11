"""Resolve: after a change, decide anew who is who in the components it touched."""

from dataclasses import astuple, dataclass
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import Connection

from cdp.identity.clusters.clustering import Clustering, cluster
from cdp.identity.clusters.links import PROBABLE_LINK, STEWARD_LINK
from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import live_policy
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.identity import evidence, graph, links, policies
from cdp.store.identity.evidence import Evidence
from cdp.store.retry import retried

# Why records came together, where they have no identifier in common.
CAUSES = {
    STEWARD_LINK: "a steward's decision",
    PROBABLE_LINK: "probably one person",
}


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


def resolve(
    tx: Connection, recorded_at: datetime, policy: IdentityPolicy, cause: str | None = None
) -> Resolved:
    """Cluster the touched components and write who belongs to whom, with a log of each change.

    The result depends on the records and decisions alone, never on the order in which they came:
    see `cdp.identity.clusters.clustering`. `cause` is what the log says of it, where that is not the evidence.
    The caller holds the identity lock (`cdp.store.identity.graph.lock`).
    """
    found = graph.closure(tx, policy.matching.merge_weight)
    if found.records.is_empty():
        graph.mark_stale(tx, [])
        return Resolved()
    return _settle(tx, recorded_at, found, clustering_of(found, policy), cause)


def resolve_all(
    tx: Connection,
    recorded_at: datetime,
    policy: IdentityPolicy,
    cause: str | None = None,
    *,
    recount_blocks: bool = False,
) -> Resolved:
    """The same over every record of the store; only what differs is written.

    `recount_blocks` lifts the blocks of values that under this policy are no junk.
    """
    found = evidence.of_everything(tx)
    if found.records.is_empty():
        return Resolved()
    if recount_blocks:
        found = Evidence(**(vars(found) | {"blocked": found.blocked.clear()}))
    clustering = clustering_of(found, policy)
    if recount_blocks:
        clustering = _with_new_blocks(tx, recorded_at, clustering)
    return _settle(tx, recorded_at, found, clustering, cause)


def resolve_everything(database: Database) -> Resolved:
    """Decide anew who is who in the whole store, by its live policy.

    What has not changed since stays as it is; profiles that changed are queued for folding.
    """

    def whole() -> Resolved:
        with database.transaction() as tx:
            policies.lock_shared(tx)
            graph.lock(tx)
            policy = live_policy(tx, identity_policy(settings().policy))
            return resolve_all(tx, datetime.now(UTC), policy)

    return retried(whole)


def clustering_of(found: Evidence, policy: IdentityPolicy) -> Clustering:
    """What the evidence comes to under a policy."""
    joining = pl.col("weight") >= policy.matching.merge_weight
    return cluster(
        found.records,
        found.identifiers,
        policy,
        found.blocked,
        links=found.links.filter(joining),
        decisions=found.decisions,
    )


def _with_new_blocks(tx: Connection, at: datetime, clustering: Clustering) -> Clustering:
    """Lift the blocks that are none any more; the clustering with those alone that are new."""
    before = evidence.blocked(tx)
    graph.forget_blocks(tx, clustering.blocked)
    lifted = before.join(clustering.blocked, on=["namespace", "value"], how="anti")
    links.queue_carriers(tx, at, lifted)
    fresh = clustering.blocked.join(before, on=["namespace", "value"], how="anti")
    return Clustering(**(vars(clustering) | {"blocked": fresh}))


def _settle(
    tx: Connection,
    recorded_at: datetime,
    found: Evidence,
    clustering: Clustering,
    cause: str | None,
) -> Resolved:
    members = clustering.members.rename({"component": "component_id"})
    after = found.records.join(members, on="record_uid")
    moved = after.filter(
        pl.col("profile_before").is_null()
        | (pl.col("profile_before") != pl.col("profile_id"))
        | (pl.col("component_before") != pl.col("component_id"))
    )
    fresh = moved["profile_before"].null_count()
    assignment = moved.select("record_uid", "component_id", "profile_id")
    graph.assign(tx, recorded_at, assignment, fresh=fresh)
    cuts = _new_refusals(tx, clustering, recorded_at)
    blocks = clustering.blocked.with_columns(blocked_at=pl.lit(recorded_at))
    graph.write_blocks(tx, blocks)
    known = moved.filter(pl.col("profile_before") != pl.col("profile_id"))
    links.queue_carriers(tx, recorded_at, blocks)
    links.queue_members(tx, recorded_at, _parts(after, known))
    merges, splits = _merges(after, clustering, cause), _splits(after, cause)
    told = [each for each in (merges, splits, _blocked(blocks), _cut(cuts)) if each.height]
    if told:
        entries = pl.concat(told, how="diagonal_relaxed")
        graph.write_log(tx, entries.with_columns(logged_at=pl.lit(recorded_at)))
    graph.mark_stale(tx, pl.concat([known["profile_before"], known["profile_id"]]).unique().sort())
    return Resolved(after.height, merges.height, splits.height, blocks.height, cuts.height)


def _parts(after: pl.DataFrame, known: pl.DataFrame) -> list[str]:
    """The profiles that hold the parts of one that was taken apart."""
    if known.is_empty():
        return []
    concerned = after.join(known.select("profile_before").unique(), on="profile_before", how="semi")
    parts = concerned.filter(pl.col("profile_id").n_unique().over("profile_before") > 1)
    return parts["profile_id"].unique().to_list()


def _merges(after: pl.DataFrame, clustering: Clustering, cause: str | None) -> pl.DataFrame:
    """Who came to a profile that was there: a fresh record, or the oldest of those that changed."""
    fresh = after.filter(pl.col("profile_before").is_null())
    came = after.filter(pl.col("profile_before") != pl.col("profile_id"))
    firsts = pl.col("record_uid").min().over("profile_before", "profile_id")
    arrived = pl.concat([fresh, came.filter(pl.col("record_uid") == firsts)])
    absorbed = arrived.filter(pl.col("record_uid") != pl.col("profile_id"))
    if absorbed.is_empty():
        return absorbed
    causes = clustering.joined.drop("profile_id")
    by_evidence = pl.col("namespace").replace_strict(CAUSES, default="shared identifier")
    return absorbed.join(causes, on="record_uid", how="left").select(
        "profile_id",
        "namespace",
        "value",
        action=pl.lit("merge"),
        other_id="record_uid",
        cause=pl.lit(cause) if cause else by_evidence,
    )


def _splits(after: pl.DataFrame, cause: str | None) -> pl.DataFrame:
    """Records that now head a profile of their own and belonged to another before."""
    return after.filter(
        (pl.col("profile_before") != pl.col("record_uid"))
        & (pl.col("profile_id") == pl.col("record_uid"))
    ).select(
        profile_id="profile_before",
        other_id="record_uid",
        action=pl.lit("split"),
        cause=pl.lit(cause or "nothing holds them together any more"),
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
    before = graph.forget_refusals(tx)
    refused = clustering.refused.rename({"left": "record_uid", "right": "other_uid"})
    if refused.is_empty():
        return refused
    graph.write_refusals(tx, refused.with_columns(refused_at=pl.lit(recorded_at)))
    return refused.join(before, on=["record_uid", "other_uid", "namespace", "value"], how="anti")
