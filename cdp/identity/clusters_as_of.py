"""Who was who at a past time, decided anew from what was known and decided then."""

from datetime import datetime
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.identity.clusters.clustering import Clustering
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.policy.live import policy_as_of
from cdp.identity.resolve import clustering_of
from cdp.settings import settings
from cdp.store.identity_as_of import component_as_of


def clustering_as_of(tx: Connection, uid: UUID, as_of: datetime) -> Clustering:
    """The clusters of one record's component, by the policy of that time."""
    policy = policy_as_of(tx, as_of, identity_policy(settings().policy))
    evidence = component_as_of(tx, str(uid), as_of, policy.matching.merge_weight)
    return clustering_of(evidence, policy)


def cluster_of(members: pl.DataFrame, uid: UUID) -> list[str]:
    """The records, oldest first, of the cluster of one of the `members`; the first is its id."""
    own = pl.col("profile_id").filter(pl.col("record_uid") == str(uid))
    return members.filter(pl.col("profile_id") == own)["record_uid"].sort().to_list()
