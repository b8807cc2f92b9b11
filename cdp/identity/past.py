"""A profile as it was known at a time: who was who then is decided anew, and folded."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cdp.errors import ProfileNotFound
from cdp.identity.clusters_as_of import cluster_of, clustering_as_of
from cdp.profile.traits import survivorship_rules
from cdp.store.profile import fold


def body_as_of(tx: Connection, uid: UUID, as_of: datetime) -> tuple[UUID, str]:
    """The id and body (JSON text) of the profile that `uid` stood for at `as_of`. Raises ProfileNotFound."""
    members = clustering_as_of(tx, [uid], as_of).members
    if members.filter(record_uid=str(uid)).is_empty():
        raise ProfileNotFound(f"nothing was known under the id {uid} at {as_of.isoformat()}")
    records = cluster_of(members, uid)
    body = fold.fold_as_of(tx, records[0], records, survivorship_rules(), as_of)
    return UUID(records[0]), body
