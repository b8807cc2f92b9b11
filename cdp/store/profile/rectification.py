"""Rectifications: what stewards say of a trait, kept with the record they said it of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

# Of two words at one moment the later wins, as everywhere.
INSERT = """
INSERT INTO rectification (record_uid, trait, decided_at, value, decided_by, reason, withdrawn_at)
VALUES (:record_uid, :trait, :decided_at, CAST(:value AS jsonb), :decided_by, :reason, NULL)
ON CONFLICT (record_uid, trait, decided_at) DO UPDATE
    SET value = excluded.value, decided_by = excluded.decided_by, reason = excluded.reason"""
WITHDRAW = """
UPDATE rectification SET withdrawn_at = :withdrawn_at
WHERE record_uid = ANY(CAST(:record_uids AS uuid[])) AND trait = :trait AND withdrawn_at IS NULL"""
OF_RECORDS = """
SELECT trait, value, decided_at, decided_by, reason, record_uid, withdrawn_at FROM rectification
WHERE record_uid = ANY(CAST(:record_uids AS uuid[]))
ORDER BY decided_at DESC, record_uid"""
MARK_STALE = """
INSERT INTO touched_profile (profile_id)
SELECT DISTINCT profile_id FROM source_record WHERE record_uid = ANY(CAST(:record_uids AS uuid[]))"""


def write(
    tx: Connection,
    record_uid: UUID,
    trait: str,
    value: str,
    *,
    decided_at: datetime,
    decided_by: str,
    reason: str,
) -> None:
    """Enter a rectification; `value` is JSON text."""
    facts = {"decided_at": decided_at, "decided_by": decided_by, "reason": reason}
    tx.execute(text(INSERT), {"record_uid": record_uid, "trait": trait, "value": value} | facts)
    tx.execute(text(MARK_STALE), {"record_uids": [record_uid]})


def withdraw(tx: Connection, record_uids: Sequence[str], trait: str, withdrawn_at: datetime) -> int:
    """Take back what stands for `trait` on these records; how many words that were."""
    parameters = {"record_uids": list(record_uids), "trait": trait, "withdrawn_at": withdrawn_at}
    withdrawn = tx.execute(text(WITHDRAW), parameters).rowcount
    tx.execute(text(MARK_STALE), {"record_uids": list(record_uids)})
    return withdrawn


def of_records(tx: Connection, record_uids: Sequence[str]) -> list[dict[str, Any]]:
    """Every rectification of these records, newest first, those withdrawn among them."""
    found = tx.execute(text(OF_RECORDS), {"record_uids": list(record_uids)})
    return [dict(row) for row in found.mappings()]
