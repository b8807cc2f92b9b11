"""Stewards' decisions: written, revoked, listed, and what else is decided about the same records."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

ADD = """
INSERT INTO identity_decision (decision_id, verb, kind, decided_at, decided_by, reason, entry_id)
VALUES (uuidv7(), :verb, :kind, :at, :by, :reason, :entry_id) RETURNING decision_id"""
ADD_SIDE = """
INSERT INTO decision_record (record_uid, decision_id, side)
SELECT unnest(CAST(:records AS uuid[])), :decision, :side"""
REVOKE = """
UPDATE identity_decision SET revoked_at = :at, revoked_by = :by, revoke_reason = :reason
WHERE decision_id = :decision AND revoked_at IS NULL"""
RECORDS = "SELECT record_uid FROM decision_record WHERE decision_id = :decision"

READ = """
SELECT d.*, ARRAY(
    SELECT jsonb_build_object('first', min(r.record_uid::text), 'records', count(*))
    FROM decision_record AS r WHERE r.decision_id = d.decision_id
    GROUP BY r.side ORDER BY r.side) AS sides
FROM identity_decision AS d
WHERE (CAST(:decision AS uuid) IS NULL OR d.decision_id = :decision)
  AND (CAST(:records AS uuid[]) IS NULL OR d.decision_id IN (
      SELECT decision_id FROM decision_record WHERE record_uid = ANY(:records)))
  AND (:revoked OR d.revoked_at IS NULL)
ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT :limit"""

STANDING = """
SELECT r.decision_id, d.kind, r.record_uid, r.side
FROM identity_decision AS d JOIN decision_record AS r USING (decision_id)
WHERE d.revoked_at IS NULL AND d.kind = :kind AND d.decision_id IN (
    SELECT decision_id FROM decision_record WHERE record_uid = ANY(CAST(:records AS uuid[])))"""

PROFILE = "SELECT profile_id FROM source_record WHERE record_uid = :uid"
SUBJECTS = """
SELECT DISTINCT c.subject FROM source_record AS s JOIN channel AS c USING (channel)
WHERE s.record_uid = ANY(CAST(:records AS uuid[]))"""
OWNERS = """
SELECT record_uid, profile_id FROM source_record WHERE component_id IN (
    SELECT component_id FROM source_record WHERE record_uid = ANY(CAST(:records AS uuid[])))"""
OWNERS_NOW = """
SELECT record_uid, profile_id FROM source_record
WHERE record_uid IN (SELECT record_uid FROM closure_record)"""

MERGE = "SELECT * FROM identity_log WHERE entry_id = :entry AND action = 'merge'"
MERGE_OF = """
SELECT * FROM identity_log WHERE action = 'merge' AND other_id = :other
ORDER BY profile_id = :profile DESC, logged_at DESC, entry_id DESC LIMIT 1"""
LOG = """
SELECT * FROM identity_log
WHERE profile_id = ANY(CAST(:records AS uuid[])) OR other_id = ANY(CAST(:records AS uuid[]))
ORDER BY logged_at DESC, entry_id DESC LIMIT :limit"""


class Sided(NamedTuple):
    """One record's side in a decision that stands."""

    decision_id: UUID
    kind: str
    record_uid: UUID
    side: int


def add(
    tx: Connection,
    at: datetime,
    *,
    verb: str,
    kind: str,
    by: str,
    reason: str,
    sides: Sequence[Collection[UUID]],
    entry_id: UUID | None = None,
) -> UUID:
    """Write a decision about the records of its sides, two or more; its id."""
    row = {"verb": verb, "kind": kind, "at": at, "by": by, "reason": reason, "entry_id": entry_id}
    decision: UUID = tx.execute(text(ADD), row).scalar_one()
    for side, records in enumerate(sides):
        tx.execute(text(ADD_SIDE), {"records": list(records), "decision": decision, "side": side})
    return decision


def revoke(tx: Connection, decision: UUID, at: datetime, *, by: str, reason: str) -> list[UUID]:
    """Let a decision stand no more; the records that it spoke of. Empty where it did not stand."""
    row = {"decision": decision, "at": at, "by": by, "reason": reason}
    if not tx.execute(text(REVOKE), row).rowcount:
        return []
    return list(tx.execute(text(RECORDS), {"decision": decision}).scalars())


def read(
    tx: Connection,
    *,
    decision: UUID | None = None,
    records: Collection[UUID] | None = None,
    revoked: bool = True,
    limit: int = 1,
) -> list[dict[str, Any]]:
    """Decisions, newest first: all, the one of that id, or those about these records."""
    asked = {
        "decision": decision,
        "records": None if records is None else list(records),
        "revoked": revoked,
        "limit": limit,
    }
    return [dict(row) for row in tx.execute(text(READ), asked).mappings()]


def standing(tx: Connection, records: Collection[UUID], kind: str) -> list[Sided]:
    """The decisions of a kind that speak of one of the records, with all their records."""
    found = tx.execute(text(STANDING), {"records": list(records), "kind": kind})
    return [Sided(*row) for row in found]


def profile_of(tx: Connection, uid: UUID) -> UUID:
    """The id of the profile that a record belongs to."""
    return tx.execute(text(PROFILE), {"uid": uid}).scalar_one()


def subjects(tx: Connection, records: Collection[UUID]) -> set[str]:
    """What the records are: person, account."""
    return set(tx.execute(text(SUBJECTS), {"records": list(records)}).scalars())


def owners(tx: Connection, records: Collection[UUID]) -> dict[UUID, UUID]:
    """The profile of each record of the components that these records are in."""
    found = tx.execute(text(OWNERS), {"records": list(records)})
    return {row.record_uid: row.profile_id for row in found}


def owners_now(tx: Connection) -> dict[UUID, UUID]:
    """The profile of each record of the components resolved last."""
    return {row.record_uid: row.profile_id for row in tx.execute(text(OWNERS_NOW))}


def merge(tx: Connection, entry: UUID) -> RowMapping | None:
    """The entry of the identity log, where it is a merge."""
    return tx.execute(text(MERGE), {"entry": entry}).mappings().one_or_none()


def merge_of(tx: Connection, profile: UUID, other: UUID) -> RowMapping | None:
    """The newest merge of `other`, if there is one into `profile` of those."""
    found = tx.execute(text(MERGE_OF), {"profile": profile, "other": other})
    return found.mappings().one_or_none()


def log(tx: Connection, records: Collection[UUID], limit: int) -> list[RowMapping]:
    """The entries of the identity log about these records, newest first."""
    return list(tx.execute(text(LOG), {"records": list(records), "limit": limit}).mappings())
