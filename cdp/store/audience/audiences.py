"""Audiences, hold-outs and suppressions as they are kept."""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cdp.store.profile.read import rows

KEY_BYTES = 32

ADD = """
INSERT INTO audience (audience_id, name, description, crossing, purpose, medium, fields, holdout,
    created_at, created_by, archived_at)
VALUES (uuidv7(), %(name)s, %(description)s, %(crossing)s, %(purpose)s, %(medium)s, %(fields)s,
    %(holdout)s, %(at)s, %(by)s, NULL)
ON CONFLICT (name) WHERE archived_at IS NULL DO NOTHING
RETURNING audience_id"""
CHANGE = """
UPDATE audience SET description = %(description)s, crossing = %(crossing)s, purpose = %(purpose)s,
    medium = %(medium)s, fields = %(fields)s, holdout = %(holdout)s
WHERE name = %(name)s AND archived_at IS NULL RETURNING audience_id"""
READ = """
SELECT a.audience_id, a.name, a.description, a.crossing, a.purpose, a.medium, a.fields,
       a.created_at, a.created_by,
       CASE WHEN h.name IS NOT NULL THEN jsonb_build_object('name', h.name, 'share', h.share) END
           AS holdout
FROM audience AS a LEFT JOIN holdout AS h ON h.name = a.holdout
WHERE a.archived_at IS NULL AND (%(name)s::text IS NULL OR a.name = %(name)s) ORDER BY a.name"""
ARCHIVE = """
UPDATE audience SET archived_at = %s WHERE name = %s AND archived_at IS NULL RETURNING audience_id"""

# The key and the share of a hold-out never change: who is held out stays so.
HOLD_OUT = """
INSERT INTO holdout (name, key, share, created_at) VALUES (%(name)s, %(key)s, %(share)s, %(at)s)
ON CONFLICT (name) DO NOTHING"""
HELD = "SELECT name, key, share FROM holdout WHERE name = %s"

SUPPRESS = """
INSERT INTO suppression (namespace, value, reason, note, suppressed_by, suppressed_at)
VALUES (%(namespace)s, %(value)s, %(reason)s, %(note)s, %(by)s, %(at)s)
ON CONFLICT (namespace, value, reason) DO UPDATE
    SET note = excluded.note, suppressed_by = excluded.suppressed_by,
        suppressed_at = excluded.suppressed_at
RETURNING *"""
LIFT = "DELETE FROM suppression WHERE namespace = %s AND value = %s RETURNING reason"
SUPPRESSED = """
SELECT * FROM suppression ORDER BY suppressed_at DESC, namespace, value, reason LIMIT %s"""


def add(connection: psycopg.Connection, *, at: datetime, by: str, **said: Any) -> UUID | None:
    """Keep a new audience: name, description, crossing, purpose, medium, fields, holdout (name).

    None: there is one of that name.
    """
    found = rows(connection, ADD, _kept(said) | {"at": at, "by": by})
    return found[0]["audience_id"] if found else None


def change(connection: psycopg.Connection, **said: Any) -> bool:
    """Make the audience of that name what is said now; whether there is one."""
    return bool(rows(connection, CHANGE, _kept(said)))


def read(connection: psycopg.Connection, name: str | None = None) -> list[dict[str, Any]]:
    """The audiences that are not archived, by name; or the one called `name`."""
    return rows(connection, READ, {"name": name})


def archive(connection: psycopg.Connection, name: str, at: datetime) -> bool:
    """Put an audience away; whether there was one."""
    return bool(rows(connection, ARCHIVE, (at, name)))


def hold_out(
    connection: psycopg.Connection, name: str, share: float, at: datetime
) -> tuple[bytes, float]:
    """The key and the share of the hold-out called `name`, made now if there is none."""
    key = secrets.token_bytes(KEY_BYTES)
    connection.execute(HOLD_OUT, {"name": name, "key": key, "share": share, "at": at})
    (found,) = rows(connection, HELD, (name,))
    return bytes(found["key"]), found["share"]


def suppress(connection: psycopg.Connection, **said: Any) -> dict[str, Any]:
    """Keep a suppression: namespace, value (normalised), reason, note, by, at."""
    return rows(connection, SUPPRESS, said)[0]


def lift(connection: psycopg.Connection, namespace: str, value: str) -> bool:
    """End the suppressions of an identifier; whether there were any."""
    return bool(rows(connection, LIFT, (namespace, value)))


def suppressed(connection: psycopg.Connection, limit: int) -> list[dict[str, Any]]:
    """The newest suppressions."""
    return rows(connection, SUPPRESSED, (limit,))


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    return said | {"fields": Jsonb(list(said["fields"]))}
