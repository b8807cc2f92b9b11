"""The identity graph as of a past time: components, walked outward from some of their records."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

from cdp.store.identity.evidence import (
    BLOCKED_COLUMNS,
    DECISION_COLUMNS,
    IDENTIFIER_COLUMNS,
    LINK_COLUMNS,
    NAMES,
    RECORD_COLUMNS,
    Evidence,
)

# Found by walking outward, because the stored component is today's.
REACHED = """
SELECT other.record_uid
FROM record_identifier AS i JOIN record_identifier AS other USING (namespace, value)
WHERE i.record_uid = ANY(CAST(:frontier AS uuid[]))
  AND i.recorded_at <= :as_of AND (i.withdrawn_at IS NULL OR i.withdrawn_at > :as_of)
  AND other.recorded_at <= :as_of AND (other.withdrawn_at IS NULL OR other.withdrawn_at > :as_of)
  AND NOT EXISTS (SELECT FROM identifier_block AS b WHERE b.namespace = i.namespace
                  AND b.value = i.value AND b.blocked_at <= :as_of)
UNION SELECT CASE WHEN l.record_uid = ANY(CAST(:frontier AS uuid[])) THEN l.other_uid
             ELSE l.record_uid END
FROM probable_link AS l
WHERE (l.record_uid = ANY(CAST(:frontier AS uuid[])) OR l.other_uid = ANY(CAST(:frontier AS uuid[])))
  AND l.weight >= :merge_weight
  AND l.scored_at <= :as_of AND (l.superseded_at IS NULL OR l.superseded_at > :as_of)
UNION SELECT other.record_uid
FROM decision_record AS r JOIN identity_decision AS d USING (decision_id)
JOIN decision_record AS other USING (decision_id)
WHERE r.record_uid = ANY(CAST(:frontier AS uuid[])) AND d.kind = 'link'
  AND d.decided_at <= :as_of AND (d.revoked_at IS NULL OR d.revoked_at > :as_of)
"""
RECORDS = f"""
SELECT s.record_uid::text, s.channel || ':' || s.record_key AS record_key, c.subject,
       {NAMES},
       v.birth_date
FROM source_record AS s JOIN channel AS c USING (channel) LEFT JOIN LATERAL (
    SELECT content -> 'traits' -> 'name' AS name, content -> 'traits' ->> 'birth_date' AS birth_date
    FROM record_version AS w WHERE w.record_uid = s.record_uid AND w.recorded_at <= :as_of
      AND content -> 'traits' ?| ARRAY['name', 'birth_date']
    ORDER BY observed_at DESC, recorded_at DESC, content_hash LIMIT 1) AS v ON true
WHERE s.record_uid = ANY(CAST(:records AS uuid[])) AND s.recorded_at <= :as_of
"""
IDENTIFIERS = """
SELECT i.record_uid::text, i.namespace, i.value FROM record_identifier AS i
WHERE i.record_uid = ANY(CAST(:records AS uuid[]))
  AND i.recorded_at <= :as_of AND (i.withdrawn_at IS NULL OR i.withdrawn_at > :as_of)
"""
BLOCKED = """
SELECT DISTINCT b.namespace, b.value, b.records
FROM record_identifier AS i JOIN identifier_block AS b USING (namespace, value)
WHERE i.record_uid = ANY(CAST(:records AS uuid[])) AND b.blocked_at <= :as_of
"""
LINKS = """
SELECT l.record_uid::text, l.other_uid::text, l.weight FROM probable_link AS l
WHERE l.record_uid = ANY(CAST(:records AS uuid[]))
  AND l.scored_at <= :as_of AND (l.superseded_at IS NULL OR l.superseded_at > :as_of)
"""
DECISIONS = """
SELECT r.decision_id::text, d.kind, r.record_uid::text, r.side
FROM decision_record AS r JOIN identity_decision AS d USING (decision_id)
WHERE r.record_uid = ANY(CAST(:records AS uuid[]))
  AND d.decided_at <= :as_of AND (d.revoked_at IS NULL OR d.revoked_at > :as_of)
"""


def components_as_of(
    tx: Connection, record_uids: Collection[UUID], as_of: datetime, merge_weight: float
) -> Evidence:
    """The evidence on the components of some records at a past time."""
    parameters = {
        "records": _reached(tx, record_uids, as_of, merge_weight),
        "as_of": as_of,
    }

    def read(query: str, columns: Mapping[str, Any]) -> pl.DataFrame:
        rows: Sequence[Any] = tx.execute(text(query), parameters).all()
        return pl.DataFrame([tuple(row) for row in rows], schema=dict(columns), orient="row")

    told = {name: of for name, of in RECORD_COLUMNS.items() if not name.endswith("_before")}
    return Evidence(
        records=read(RECORDS, told).with_columns(pl.col("birth_date").str.to_date(strict=False)),
        identifiers=read(IDENTIFIERS, IDENTIFIER_COLUMNS),
        blocked=read(BLOCKED, BLOCKED_COLUMNS),
        links=read(LINKS, LINK_COLUMNS),
        decisions=read(DECISIONS, DECISION_COLUMNS),
    )


def _reached(
    tx: Connection, record_uids: Collection[UUID], as_of: datetime, merge_weight: float
) -> list[str]:
    reached: set[str] = set()
    frontier = {str(uid) for uid in record_uids}
    while frontier:
        reached |= frontier
        found = tx.execute(
            text(REACHED),
            {"frontier": list(frontier), "as_of": as_of, "merge_weight": merge_weight},
        )
        frontier = {str(uid) for uid in found.scalars()} - reached
    return list(reached)
