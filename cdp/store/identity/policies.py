"""The versions of the identity policy that a store has lived by; the live one is the newest that stands."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, Connection, func, select, text, update

from cdp.store.tables import policy_version

# Whoever brings records in by a policy shares the lock; who changes the policy waits for them.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('policy', 0))"
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended('policy', 0))"
# Two that bring the first records share the lock already: one of them writes the first version.
LOCK_FIRST = "SELECT pg_advisory_xact_lock(hashtextextended('policy:first', 0))"

READ_STAMP = """
SELECT version, applied_at FROM policy_version WHERE reverted_at IS NULL
ORDER BY version DESC LIMIT 1"""
READ_DOCUMENT = "SELECT document::text FROM policy_version WHERE version = %s"

STANDS = policy_version.c.reverted_at.is_(None)


def lock(tx: Connection) -> None:
    """Be the only one who changes the policy or acts on it, until this transaction ends."""
    tx.execute(text(LOCK))


def lock_shared(tx: Connection) -> None:
    """Keep the policy from being changed until this transaction ends."""
    tx.execute(text(LOCK_SHARED))


def lock_first(tx: Connection) -> None:
    """Be the only one who writes a first version, until this transaction ends."""
    tx.execute(text(LOCK_FIRST))


def live_stamp(tx: Connection, as_of: datetime | None = None) -> tuple[int, datetime] | None:
    """Number and time of the version that is live, or was at a past time; None before the first."""
    stood: ColumnElement[bool] = STANDS
    if as_of is not None:
        stood = (policy_version.c.applied_at <= as_of) & (
            STANDS | (policy_version.c.reverted_at > as_of)
        )
    return _newest(tx, stood)


def read_stamp(connection: psycopg.Connection) -> tuple[int, datetime] | None:
    """Number and time of the live version, for readers without a transaction."""
    return connection.execute(READ_STAMP, prepare=True).fetchone()


def read_document(connection: psycopg.Connection, version: int) -> str:
    """The policy of a version as JSON text, for readers without a transaction."""
    found = connection.execute(READ_DOCUMENT, (version,)).fetchone()
    return found[0] if found else ""


def document(tx: Connection, version: int) -> str:
    """The policy of a version as JSON text."""
    query = select(policy_version.c.document).where(policy_version.c.version == version)
    return json.dumps(tx.execute(query).scalar_one())


def versions(tx: Connection) -> list[dict[str, Any]]:
    """All versions without their documents, newest first."""
    columns = [column for column in policy_version.c if column.name != "document"]
    rows = tx.execute(select(*columns).order_by(policy_version.c.version.desc()))
    return [dict(row) for row in rows.mappings()]


def stamp_before(tx: Connection, version: int) -> tuple[int, datetime] | None:
    """Number and time of the version that is live again when `version`, the live one, is reverted."""
    return _newest(tx, STANDS & (policy_version.c.version < version))


def add(tx: Connection, at: datetime, *, by: str, note: str, document: Mapping[str, Any]) -> int:
    """Put a policy live; its version. The caller holds a lock."""
    newest = tx.execute(select(func.coalesce(func.max(policy_version.c.version), 0))).scalar_one()
    row = {
        "version": newest + 1,
        "applied_at": at,
        "applied_by": by,
        "note": note,
        "document": document,
    }
    tx.execute(policy_version.insert().values(row))
    return newest + 1


def revert(tx: Connection, version: int, at: datetime, *, by: str, note: str) -> None:
    """Note that a version stands no more. The caller holds the lock."""
    tx.execute(
        update(policy_version)
        .where(policy_version.c.version == version)
        .values(reverted_at=at, reverted_by=by, revert_note=note)
    )


def _newest(tx: Connection, chosen: ColumnElement[bool]) -> tuple[int, datetime] | None:
    query = select(policy_version.c.version, policy_version.c.applied_at).where(chosen)
    found = tx.execute(query.order_by(policy_version.c.version.desc()).limit(1)).first()
    return (found.version, found.applied_at) if found else None
