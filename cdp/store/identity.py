"""The identity graph in Postgres: what a change touches comes out, who is who goes back."""

from datetime import datetime
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging

# One resolver at a time: two transactions might otherwise join the same component differently.
LOCK_IDENTITY = "SELECT pg_advisory_xact_lock(hashtextextended('identity', 0))"

# New edges can only join the touched records to records that share a value with them; the
# component of each such record is complete already. A newly blocked value is one they share too.
CLOSURE = """
WITH touched AS (SELECT DISTINCT record_uid FROM touched_record WHERE identity),
neighbour AS (
    SELECT other.record_uid
    FROM (SELECT DISTINCT i.namespace, i.value
          FROM touched JOIN record_identifier AS i USING (record_uid)
          WHERE NOT EXISTS (SELECT FROM identifier_block AS b
                            WHERE b.namespace = i.namespace AND b.value = i.value)) AS said
    JOIN record_identifier AS other USING (namespace, value)
    UNION SELECT record_uid FROM touched)
INSERT INTO closure_record
SELECT record_uid FROM source_record WHERE component_id IN (
    SELECT DISTINCT s.component_id FROM neighbour JOIN source_record AS s USING (record_uid))
UNION SELECT record_uid FROM touched
"""

RECORDS = """
SELECT c.record_uid, coalesce(s.channel || ':' || s.record_key, f.channel || ':' || f.record_key),
       channel.subject,
       lower(coalesce(v.name ->> 'given', split_part(v.name ->> 'full', ' ', 1))),
       v.birth_date, s.component_id, s.profile_id
FROM closure_record AS c
LEFT JOIN source_record AS s USING (record_uid)
LEFT JOIN fresh_record AS f USING (record_uid)
JOIN channel ON channel.channel = coalesce(s.channel, f.channel)
LEFT JOIN (
    SELECT DISTINCT ON (record_uid) record_uid, content -> 'traits' -> 'name' AS name,
           content -> 'traits' ->> 'birth_date' AS birth_date
    FROM record_version WHERE record_uid IN (SELECT record_uid FROM closure_record)
      AND content -> 'traits' ?| ARRAY['name', 'birth_date']
    ORDER BY record_uid, observed_at DESC, recorded_at DESC, content_hash) AS v USING (record_uid)
"""
RECORD_COLUMNS = {
    "record_uid": pl.String,
    "record_key": pl.String,
    "subject": pl.String,
    "given_name": pl.String,
    "birth_date": pl.String,
    "component_before": pl.String,
    "profile_before": pl.String,
}

IDENTIFIERS = """
SELECT i.record_uid, i.namespace, i.value
FROM closure_record AS c JOIN record_identifier AS i USING (record_uid)
WHERE i.withdrawn_at IS NULL
  AND NOT EXISTS (SELECT FROM identifier_block AS b
                  WHERE b.namespace = i.namespace AND b.value = i.value)
"""
IDENTIFIER_COLUMNS = {"record_uid": pl.String, "namespace": pl.String, "value": pl.String}

MOVE_KNOWN = """
UPDATE source_record AS s SET component_id = a.component_id, profile_id = a.profile_id
FROM assignment AS a WHERE a.record_uid = s.record_uid
  AND (s.component_id, s.profile_id) IS DISTINCT FROM (a.component_id, a.profile_id)
"""

ADD_FRESH = """
INSERT INTO source_record (record_uid, channel, record_key, profile_id, component_id, recorded_at)
SELECT f.record_uid, f.channel, f.record_key, a.profile_id, a.component_id, :recorded_at
FROM fresh_record AS f JOIN assignment AS a USING (record_uid) ORDER BY f.record_uid
"""

REFUSALS = """
SELECT record_uid, other_uid, namespace, value FROM refused_link
WHERE record_uid IN (SELECT record_uid FROM closure_record)"""
REFUSAL_COLUMNS = {
    "record_uid": pl.String,
    "other_uid": pl.String,
    "namespace": pl.String,
    "value": pl.String,
}
FORGET_REFUSALS = (
    "DELETE FROM refused_link WHERE record_uid IN (SELECT record_uid FROM closure_record)"
)

MARK_STALE = """
INSERT INTO stale_profile (profile_id)
SELECT s.profile_id FROM touched_record JOIN source_record AS s USING (record_uid)
UNION SELECT unnest(CAST(:moved AS uuid[]))
ON CONFLICT DO NOTHING
"""


def lock(tx: Connection) -> None:
    """Be the only one who decides who is who, until this transaction ends."""
    tx.execute(text(LOCK_IDENTITY))


def closure(tx: Connection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records of every component that the touched records may change, and their identifiers."""
    tx.execute(text("ANALYZE touched_record, fresh_record"))
    tx.execute(text(CLOSURE))
    tx.execute(text("ANALYZE closure_record"))
    records = staging.copy_out(tx, RECORDS, RECORD_COLUMNS)
    return (
        records.with_columns(pl.col("birth_date").str.to_date(strict=False)),
        staging.copy_out(tx, IDENTIFIERS, IDENTIFIER_COLUMNS),
    )


def assign(tx: Connection, recorded_at: datetime, assignment: pl.DataFrame) -> None:
    """Write each record's component and profile: record_uid, component_id, profile_id."""
    staging.copy_in(tx, "assignment", assignment)
    tx.execute(text(MOVE_KNOWN))
    tx.execute(text(ADD_FRESH), {"recorded_at": recorded_at})


def replace_refusals(tx: Connection, refusals: pl.DataFrame) -> pl.DataFrame:
    """Replace what was refused within the closure (columns of refused_link); what stood before."""
    before = staging.copy_out(tx, REFUSALS, REFUSAL_COLUMNS)
    tx.execute(text(FORGET_REFUSALS))
    staging.copy_in(tx, "refused_link", refusals)
    return before


def write_blocks(tx: Connection, blocks: pl.DataFrame) -> None:
    """Block values for good: the columns of identifier_block."""
    staging.copy_in(tx, "identifier_block", blocks)


def write_log(tx: Connection, entries: pl.DataFrame) -> None:
    """Append to the identity log: its columns but entry_id."""
    if entries.is_empty():
        return
    ids = tx.execute(
        text("SELECT uuidv7()::text FROM generate_series(1, :n)"), {"n": entries.height}
    )
    staging.copy_in(
        tx, "identity_log", entries.with_columns(entry_id=pl.Series(list(ids.scalars())))
    )


def mark_stale(tx: Connection, moved: list[str]) -> None:
    """Queue for folding the profiles of all touched records and those that gained or lost records."""
    tx.execute(text(MARK_STALE), {"moved": moved})


# The same questions as of a time, for one component: found by walking outward, because the
# stored component is today's.
REACHED_AS_OF = """
SELECT DISTINCT other.record_uid
FROM record_identifier AS i JOIN record_identifier AS other USING (namespace, value)
WHERE i.record_uid = ANY(CAST(:frontier AS uuid[]))
  AND i.recorded_at <= :as_of AND (i.withdrawn_at IS NULL OR i.withdrawn_at > :as_of)
  AND other.recorded_at <= :as_of AND (other.withdrawn_at IS NULL OR other.withdrawn_at > :as_of)
  AND NOT EXISTS (SELECT FROM identifier_block AS b WHERE b.namespace = i.namespace
                  AND b.value = i.value AND b.blocked_at <= :as_of)
"""
EVIDENCE_AS_OF = """
SELECT s.record_uid::text, s.channel || ':' || s.record_key AS record_key, c.subject,
       lower(coalesce(v.name ->> 'given', split_part(v.name ->> 'full', ' ', 1))) AS given_name,
       v.birth_date
FROM source_record AS s JOIN channel AS c USING (channel) LEFT JOIN LATERAL (
    SELECT content -> 'traits' -> 'name' AS name, content -> 'traits' ->> 'birth_date' AS birth_date
    FROM record_version AS w WHERE w.record_uid = s.record_uid AND w.recorded_at <= :as_of
      AND content -> 'traits' ?| ARRAY['name', 'birth_date']
    ORDER BY observed_at DESC, recorded_at DESC, content_hash LIMIT 1) AS v ON true
WHERE s.record_uid = ANY(CAST(:records AS uuid[])) AND s.recorded_at <= :as_of
"""
IDENTIFIERS_AS_OF = """
SELECT i.record_uid::text, i.namespace, i.value FROM record_identifier AS i
WHERE i.record_uid = ANY(CAST(:records AS uuid[]))
  AND i.recorded_at <= :as_of AND (i.withdrawn_at IS NULL OR i.withdrawn_at > :as_of)
  AND NOT EXISTS (SELECT FROM identifier_block AS b WHERE b.namespace = i.namespace
                  AND b.value = i.value AND b.blocked_at <= :as_of)
"""


MEMBERS = """
SELECT record_uid::text FROM source_record
WHERE profile_id = (SELECT profile_id FROM source_record WHERE record_uid = :uid)"""


def members(tx: Connection, any_uid: UUID) -> list[str]:
    """The uids of all records of the profile that `any_uid`, one of them, belongs to."""
    return list(tx.execute(text(MEMBERS), {"uid": any_uid}).scalars())


def component_as_of(
    tx: Connection, record_uid: str, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records and identifiers, as `closure` gives them, of one record's component at a past time."""
    reached: set[str] = set()
    frontier = {record_uid}
    while frontier:
        reached |= frontier
        found = tx.execute(text(REACHED_AS_OF), {"frontier": list(frontier), "as_of": as_of})
        frontier = {str(uid) for uid in found.scalars()} - reached
    parameters = {"records": list(reached), "as_of": as_of}
    columns = {name: RECORD_COLUMNS[name] for name in list(RECORD_COLUMNS)[:5]}
    records = tx.execute(text(EVIDENCE_AS_OF), parameters).all()
    identifiers = tx.execute(text(IDENTIFIERS_AS_OF), parameters).all()
    return (
        pl.DataFrame([tuple(row) for row in records], schema=columns, orient="row").with_columns(
            pl.col("birth_date").str.to_date(strict=False)
        ),
        pl.DataFrame([tuple(row) for row in identifiers], schema=IDENTIFIER_COLUMNS, orient="row"),
    )
