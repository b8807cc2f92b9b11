"""Single pairs and decisions as they were written, for explanations."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

# Of a pair that was scored more than once the newest score counts; a superseded one is no evidence.
BETWEEN = """
SELECT record_uid::text, other_uid::text, weight, probability, evidence
FROM probable_link
WHERE record_uid = ANY(CAST(:uids AS uuid[])) AND other_uid = ANY(CAST(:uids AS uuid[]))
  AND superseded_at IS NULL"""

DECISIONS = """
SELECT decision_id::text, kind, decided_by, decided_at, reason FROM identity_decision
WHERE decision_id = ANY(CAST(:ids AS uuid[]))"""

RAW = """
SELECT DISTINCT v.record_uid::text, said.key AS namespace, form.value
FROM record_version AS v, jsonb_each(v.content -> 'identifiers') AS said,
LATERAL (SELECT jsonb_array_elements_text(
             CASE jsonb_typeof(said.value) WHEN 'array' THEN said.value
                                           ELSE jsonb_build_array(said.value) END)) AS form (value)
WHERE v.record_uid = ANY(CAST(:uids AS uuid[])) AND form.value IS NOT NULL"""


def component_of(tx: Connection, record_uid: UUID) -> UUID | None:
    """The component of a record; None where there is no such record."""
    query = text("SELECT component_id FROM source_record WHERE record_uid = :uid")
    return tx.execute(query, {"uid": record_uid}).scalar_one_or_none()


def record_with_key(tx: Connection, channel: str, record_key: str) -> UUID | None:
    """The record that a channel knows by this key; None where there is none."""
    query = text(
        "SELECT record_uid FROM record_key WHERE channel = :channel AND record_key = :record_key"
    )
    found = tx.execute(query, {"channel": channel, "record_key": record_key})
    return found.scalar_one_or_none()


def scores(tx: Connection, record_uids: Collection[str]) -> list[dict[str, Any]]:
    """The scored pairs among some records: record_uid, other_uid, weight, probability, evidence."""
    return _rows(tx, BETWEEN, uids=list(record_uids))


def decisions(tx: Connection, ids: Collection[str]) -> list[dict[str, Any]]:
    """Some decisions: decision_id, kind, decided_by, decided_at, reason."""
    return _rows(tx, DECISIONS, ids=list(ids))


def raw_identifiers(tx: Connection, record_uids: Collection[str]) -> list[dict[str, Any]]:
    """What some records ever said of identifiers, raw: record_uid, namespace, value."""
    return _rows(tx, RAW, uids=list(record_uids))


def _rows(tx: Connection, query: str, **parameters: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.execute(text(query), parameters).mappings()]
