"""The identity graph in Postgres: what a change touches is found, and who is who goes back."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import polars as pl
import polars.selectors as cs
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.identity import evidence
from cdp.store.identity.evidence import Evidence

# One resolver at a time: two transactions might otherwise join the same component differently.
LOCK_IDENTITY = "SELECT pg_advisory_xact_lock(hashtextextended('identity', 0))"

# New edges can only join the touched records to records that share a value or a link with them; the
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
    UNION SELECT l.other_uid FROM touched JOIN probable_link AS l USING (record_uid)
    WHERE l.superseded_at IS NULL AND l.weight >= :merge_weight
    UNION SELECT l.record_uid FROM touched AS t JOIN probable_link AS l ON l.other_uid = t.record_uid
    WHERE l.superseded_at IS NULL AND l.weight >= :merge_weight
    UNION SELECT other.record_uid
    FROM touched JOIN decision_record AS r USING (record_uid)
    JOIN identity_decision AS d USING (decision_id) JOIN decision_record AS other USING (decision_id)
    WHERE d.kind = 'link' AND d.revoked_at IS NULL
    UNION SELECT record_uid FROM touched)
INSERT INTO closure_record
SELECT record_uid FROM source_record WHERE component_id IN (
    SELECT DISTINCT s.component_id FROM neighbour JOIN source_record AS s USING (record_uid))
UNION SELECT record_uid FROM touched
"""

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

FORGET_BLOCKS = """
DELETE FROM identifier_block WHERE (namespace, value) NOT IN (
    SELECT * FROM unnest(CAST(:namespace AS text[]), CAST(:value AS text[])))"""

MARK_STALE = """
INSERT INTO touched_profile (profile_id)
SELECT s.profile_id FROM touched_record JOIN source_record AS s USING (record_uid)
UNION SELECT record_uid FROM moved_profile"""
STALE_HERE = """
SELECT profile_id FROM touched_profile WHERE profile_id IN (SELECT record_uid FROM closure_record)
UNION
SELECT profile_id FROM stale_profile WHERE profile_id IN (SELECT record_uid FROM closure_record)"""
TOUCH = "INSERT INTO touched_record SELECT unnest(CAST(:records AS uuid[])), true"

MEMBERS = """
SELECT record_uid::text FROM source_record
WHERE profile_id = (SELECT profile_id FROM source_record WHERE record_uid = :uid)"""


def lock(tx: Connection) -> None:
    """Be the only one who decides who is who, until this transaction ends."""
    tx.execute(text(LOCK_IDENTITY))


def touch(tx: Connection, records: list[UUID]) -> None:
    """Note records whose neighbours have changed, to be resolved in this transaction."""
    tx.execute(text(TOUCH), {"records": records})


def closure(tx: Connection, merge_weight: float) -> Evidence:
    """The evidence on every component that the touched records may change.

    Probable links of `merge_weight` (log2 of the odds) and more join.
    """
    staging.analyze(tx, "touched_record", "fresh_record")
    found = tx.execute(text(CLOSURE), {"merge_weight": merge_weight})
    return evidence.of_closure(tx, found.rowcount)


def assign(tx: Connection, recorded_at: datetime, assignment: pl.DataFrame, *, fresh: int) -> None:
    """Write each record's component and profile: record_uid, component_id, profile_id.

    `fresh` of the records are new to the store.
    """
    staging.copy_in(tx, "assignment", assignment)
    if fresh < assignment.height:
        tx.execute(text(MOVE_KNOWN))
    if fresh:
        tx.execute(text(ADD_FRESH), {"recorded_at": recorded_at})


def forget_refusals(tx: Connection) -> pl.DataFrame:
    """Forget what was refused within the closure: record_uid, other_uid, namespace, value."""
    before = staging.copy_out(tx, REFUSALS, REFUSAL_COLUMNS)
    if before.height:
        tx.execute(text(FORGET_REFUSALS))
    return before


def write_refusals(tx: Connection, refusals: pl.DataFrame) -> None:
    """Note links that are refused: the columns of refused_link."""
    staging.copy_in(tx, "refused_link", refusals)


def forget_blocks(tx: Connection, standing: pl.DataFrame) -> None:
    """Lift the blocks of all values but these: namespace, value."""
    values = standing.select("namespace", "value").to_dict(as_series=False)
    tx.execute(text(FORGET_BLOCKS), values)


def write_blocks(tx: Connection, blocks: pl.DataFrame) -> None:
    """Block values for good: the columns of identifier_block."""
    staging.copy_in(tx, "identifier_block", blocks)


def write_log(tx: Connection, entries: pl.DataFrame) -> None:
    """Append to the identity log: its columns but entry_id."""
    if entries.is_empty():
        return
    fresh = f"SELECT uuidv7() FROM generate_series(1, {entries.height})"
    ids = staging.reader(entries.height)(tx, fresh, {"entry_id": pl.String})
    told = entries.with_columns(ids["entry_id"], cs.by_dtype(pl.Null).cast(pl.String))
    if told.height < staging.WORTH_ANALYZING:
        staging.copy_in(tx, "identity_log", told)
    else:
        staging.copy_new(tx, "identity_log", told)


def mark_stale(tx: Connection, moved: Collection[str] | pl.Series) -> None:
    """Queue for folding the profiles of all touched records and those that gained or lost records."""
    staging.copy_in(tx, "moved_profile", pl.DataFrame({"record_uid": moved}))
    tx.execute(text(MARK_STALE))


def stale_here(tx: Connection) -> list[UUID]:
    """The profiles that wait to be folded in the components resolved last."""
    return list(tx.execute(text(STALE_HERE)).scalars())


def members(tx: Connection, any_uid: UUID) -> list[str]:
    """The uids of all records of the profile that `any_uid`, one of them, belongs to."""
    return list(tx.execute(text(MEMBERS), {"uid": any_uid}).scalars())
