"""Preview: what another policy would change, computed over the whole store without writing a row."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from cdp.identity.clusters.clustering import Clustering
from cdp.identity.policy.comparison import differences
from cdp.identity.policy.declaration import IdentityPolicy
from cdp.identity.policy.derivation import IDENTIFIER, Rederived, rederived
from cdp.identity.policy.live import find_live
from cdp.identity.policy.moves import moves_of
from cdp.identity.policy.sample import Sample, Side
from cdp.identity.resolve import clustering_of
from cdp.model.explanation import JunkValue, PolicyPreview, ProfileSize
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.identity import evidence as reading
from cdp.store.identity.evidence import Evidence

LARGEST = 10
MOST_JUNK = 100
MOST_IDS = 1_000


def preview(database: Database, policy: IdentityPolicy, *, sample: int = 10) -> PolicyPreview:
    """What would change if `policy` were live: merges, splits, sizes, and a sample with evidence.

    Every record of the store is clustered under it; nothing is written.
    """
    with database.transaction() as tx:
        live = find_live(tx)
        decides = live.policy if live else policy
        changes = rederived(tx, decides, policy, settings().default_region)
        before = reading.of_everything(tx)
        after = with_changes(before, changes)
        clustering = clustering_of(after, policy)
        moves = moves_of(before, clustering)
        return PolicyPreview(
            live_version=live.version if live else None,
            differences=differences(decides, policy),
            records=before.records.height,
            profiles_before=before.records["profile_before"].n_unique(),
            profiles_after=clustering.members["profile_id"].n_unique(),
            merges=moves.merged.height,
            splits=moves.split.height,
            moved_records=moves.moved.height,
            identifiers_lost=changes.lost.height,
            identifiers_gained=changes.gained.height,
            blocked=_junk(clustering.blocked, before.blocked),
            unblocked=_junk(before.blocked, clustering.blocked),
            refused=_reasons(clustering),
            largest_before=_largest(before.records, before.records["profile_before"]),
            largest_after=_largest(before.records, moves.after["profile_id"]),
            elsewhere=dict(moves.merged.head(MOST_IDS).select("id", "profile_id").iter_rows()),
            sample=Sample(
                tx,
                Side(before, decides),
                Side(replace(after, blocked=clustering.blocked), policy),
                moves,
            ).of(sample),
        )


def with_changes(evidence: Evidence, changes: Rederived) -> Evidence:
    """The evidence with its identifiers as another policy makes them, no value known as junk yet."""
    kept = evidence.identifiers.join(changes.lost, on=IDENTIFIER, how="anti")
    gained = changes.gained.select(kept.columns)
    return replace(
        evidence, identifiers=pl.concat([kept, gained]), blocked=evidence.blocked.clear()
    )


def _junk(found: pl.DataFrame, known: pl.DataFrame) -> list[JunkValue]:
    fresh = found.join(known, on=["namespace", "value"], how="anti")
    ordered = fresh.sort(["records", "namespace", "value"], descending=[True, False, False])
    columns = ordered.head(MOST_JUNK).select("namespace", "value", "records")
    return [JunkValue(**row) for row in columns.iter_rows(named=True)]


def _reasons(clustering: Clustering) -> Mapping[str, int]:
    # Of a cannot-link the id is no news here.
    reason = pl.col("reason").str.replace(r"^cannot-link: .*$", "cannot-link")
    counted = clustering.refused.group_by(reason).agg(links=pl.len())
    return dict(counted.sort(["links", "reason"], descending=[True, False]).iter_rows())


def _largest(records: pl.DataFrame, profiles: pl.Series) -> list[ProfileSize]:
    sizes = (
        records.select("given_name", "birth_date")
        .with_columns(profile_id=profiles)
        .group_by("profile_id")
        .agg(
            records=pl.len(),
            given_names=pl.col("given_name").drop_nulls().n_unique(),
            birth_dates=pl.col("birth_date").drop_nulls().n_unique(),
        )
        .sort(["records", "profile_id"], descending=[True, False])
    )
    return [ProfileSize(**row) for row in sizes.head(LARGEST).iter_rows(named=True)]
