"""Who was who at a past time, decided anew from what was known and decided then."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.identity.clusters.clustering import Clustering
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.policy.live import policy_as_of
from cdp.identity.resolve import clustering_of
from cdp.settings import settings
from cdp.store.identity.graph_as_of import components_as_of


def clustering_as_of(tx: Connection, uids: Collection[UUID], as_of: datetime) -> Clustering:
    """The clusters of the components of some records, by the policy of that time."""
    policy = policy_as_of(tx, as_of, identity_policy(settings().policy))
    evidence = components_as_of(tx, uids, as_of, policy.matching.merge_weight)
    return clustering_of(evidence, policy)


def cluster_of(members: pl.DataFrame, uid: UUID) -> list[str]:
    """The records, oldest first, of the cluster of `uid`; the first is its id. None where unknown."""
    own = members.filter(pl.col("record_uid") == str(uid)).select("profile_id")
    return members.join(own, on="profile_id", how="semi")["record_uid"].sort().to_list()
