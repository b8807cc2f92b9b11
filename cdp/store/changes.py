"""The feed of changed profiles: per profile the position of its last change, in order of commit."""

from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from cdp.store.read import rows

# Positions are given at the end of a transaction, one transaction at a time: a reader who has seen
# a position has seen every smaller one. Horizons of transaction ids would need no lock, but a bulk
# load of minutes would hold the feed back that long (see DECISIONS.md).
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('changes', 0))"
NOTE = """
INSERT INTO profile_change (profile_id, position, changed_at)
SELECT profile_id, last.position + row_number() OVER (ORDER BY profile_id), :changed_at
FROM (SELECT DISTINCT profile_id FROM changed_profile) AS changed,
     (SELECT coalesce(max(position), 0) AS position FROM profile_change) AS last
ON CONFLICT (profile_id) DO UPDATE
    SET position = excluded.position, changed_at = excluded.changed_at"""

# A profile that is no more was merged into the one that its oldest record now belongs to.
SINCE = """
SELECT c.position, c.profile_id, c.changed_at, p.body::text AS body,
       CASE WHEN p.profile_id IS NOT NULL THEN 'changed' WHEN r.record_uid IS NOT NULL THEN 'merged'
            ELSE 'erased' END AS kind,
       CASE WHEN p.profile_id IS NULL THEN r.profile_id END AS merged_into
FROM (SELECT * FROM profile_change WHERE position > %s ORDER BY position LIMIT %s) AS c
LEFT JOIN profile AS p USING (profile_id)
LEFT JOIN source_record AS r ON r.record_uid = c.profile_id
ORDER BY c.position"""
LAST = "SELECT coalesce(max(position), 0) AS position FROM profile_change"


def note(tx: Connection, changed_at: datetime) -> None:
    """Enter the profiles of `changed_profile`; the last thing that a transaction does."""
    tx.execute(text(LOCK))
    tx.execute(text(NOTE), {"changed_at": changed_at})


def since(connection: psycopg.Connection, position: int, limit: int) -> list[dict[str, Any]]:
    """The profiles changed last after `position`, in order; `body` is JSON text or None."""
    return rows(connection, SINCE, (position, limit))


def last(connection: psycopg.Connection) -> int:
    """The position of the newest change."""
    return rows(connection, LAST)[0]["position"]
