"""The feed of changed profiles, in the order in which their changes were committed."""

from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from cdp.store.profile.read import rows

# Positions are given at the end of a transaction, one transaction at a time: a reader who has seen
# a position has seen every smaller one. Horizons of transaction ids would need no lock, but a bulk
# load of minutes would hold the feed back that long (see DECISIONS.md).
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('changes', 0))"
# One narrow row and one index: kept up to date by profile it would cost three times as much.
NOTE = """
INSERT INTO profile_change (position, profile_id, changed_at)
SELECT last.position + row_number() OVER (ORDER BY profile_id), profile_id, :changed_at
FROM (SELECT DISTINCT profile_id FROM changed_profile) AS changed,
     (SELECT coalesce(max(position), 0) AS position FROM profile_change) AS last"""

# A profile that is no more was merged into the one that its oldest record now belongs to.
SINCE = """
WITH page AS (
    SELECT * FROM profile_change WHERE position > %s ORDER BY position LIMIT %s),
newest AS (SELECT DISTINCT ON (profile_id) * FROM page ORDER BY profile_id, position DESC)
SELECT c.position, c.profile_id, c.changed_at, p.body::text AS body,
       CASE WHEN p.profile_id IS NOT NULL THEN 'changed' WHEN r.record_uid IS NOT NULL THEN 'merged'
            ELSE 'erased' END AS kind,
       CASE WHEN p.profile_id IS NULL THEN r.profile_id END AS merged_into,
       (SELECT count(*) FROM page) AS in_page
FROM newest AS c LEFT JOIN profile AS p USING (profile_id)
LEFT JOIN source_record AS r ON r.record_uid = c.profile_id
ORDER BY c.position"""

# What a later row of the same profile says, too.
SUPERSEDED = """
DELETE FROM profile_change AS c WHERE EXISTS (
    SELECT FROM profile_change AS later
    WHERE later.profile_id = c.profile_id AND later.position > c.position)"""
SIZES = """
SELECT (SELECT reltuples FROM pg_class WHERE oid = 'profile_change'::regclass),
       (SELECT reltuples FROM pg_class WHERE oid = 'profile'::regclass)"""
FEW = 100_000
LAST = "SELECT coalesce(max(position), 0) AS position FROM profile_change"


def note(tx: Connection, changed_at: datetime) -> None:
    """Enter the profiles of `changed_profile`; the last thing that a transaction does."""
    tx.execute(text(LOCK))
    tx.execute(text(NOTE), {"changed_at": changed_at})


def since(connection: psycopg.Connection, position: int, limit: int) -> list[dict[str, Any]]:
    """The profiles of the next `limit` changes, in order, each once; `body` is JSON text or None.

    `in_page`: how many changes that were. The last row is always the last change of the page.
    """
    return rows(connection, SINCE, (position, limit))


def last(connection: psycopg.Connection) -> int:
    """The position of the newest change."""
    return rows(connection, LAST)[0]["position"]


def drop_superseded(tx: Connection) -> int:
    """Drop changes that later ones stand for, where there are many; how many."""
    entries, profiles = tx.execute(text(SIZES)).one()
    if entries < 2 * max(profiles, FEW):
        return 0
    return tx.execute(text(SUPERSEDED)).rowcount
