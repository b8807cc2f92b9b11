"""The audit log: who looked at or changed whom, wherefor and when."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from cdp.store.database import Database
from cdp.store.profile import read

APPEND = """
INSERT INTO audit_entry (entry_id, at, key_id, purpose, action, profile_id, request_id)
SELECT uuidv7(), (said ->> 0)::timestamptz, said ->> 1, said ->> 2, said ->> 3, (said ->> 4)::uuid,
       (said ->> 5)::uuid
FROM json_array_elements(%s::json) AS each (said)"""
NEWEST = """
SELECT at, key_id, purpose, action, profile_id, request_id FROM audit_entry
WHERE %(profile_id)s::uuid IS NULL OR profile_id = ANY(ARRAY(
    SELECT record_uid FROM source_record WHERE profile_id = (
        SELECT profile_id FROM source_record WHERE record_uid = %(profile_id)s)))
ORDER BY entry_id DESC LIMIT %(limit)s"""


@dataclass(frozen=True)
class AuditEntry:
    """One look or change."""

    at: datetime
    key_id: str
    purpose: str | None
    action: str
    profile_id: UUID | None
    request_id: UUID


# `astuple` would copy every value deeply: ten times as long.
FACTS = attrgetter(*(field.name for field in fields(AuditEntry)))


def append(database: Database, entries: Sequence[AuditEntry]) -> None:
    """Write entries, durably, in one transaction."""
    # One text: the driver would look at each value of lists, and hold up every request meanwhile.
    said = to_json(list(map(FACTS, entries))).decode()
    with database.autocommit() as connection:
        connection.execute(APPEND, [said])


def newest(database: Database, profile_id: UUID | None, limit: int) -> list[dict[str, Any]]:
    """The newest entries, of one profile by any of its ids or of all."""
    with database.autocommit() as connection:
        return read.rows(connection, NEWEST, {"profile_id": profile_id, "limit": limit})
