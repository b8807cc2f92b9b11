"""Saved segments: their definitions, and their place beside those who evaluate them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, text

from cdp.store.database import driver
from cdp.store.profile.read import rows

# Who keeps memberships shares this; who changes what is evaluated has it alone.
SHARE = "SELECT pg_advisory_xact_lock_shared(hashtextextended('segments', 0))"
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('segments', 0))"
LIVE = """
SELECT segment_id, name, description, subject, definition::text, created_at, created_by, evaluated_at
FROM segment WHERE archived_at IS NULL ORDER BY name"""
# A definition never changes: another one is another segment of the same name.
EDITION = """
SELECT md5(string_agg(segment_id::text, ',' ORDER BY name)) FROM segment WHERE archived_at IS NULL"""
INSERT = """
INSERT INTO segment (segment_id, name, description, subject, definition, created_at, created_by)
VALUES (uuidv7(), :name, :description, :subject, CAST(:definition AS jsonb), :at, :by)"""
ARCHIVE = "UPDATE segment SET archived_at = :at WHERE name = :name AND archived_at IS NULL"
EVALUATED = "UPDATE segment SET evaluated_at = :at WHERE name = :name AND archived_at IS NULL"
DIMENSIONS = "SELECT dimension, declaration FROM dimension"
# Tells the dimensions that are kept, and as what, from any others.
KEPT = (
    "SELECT md5(string_agg(concat(dimension, declaration), ',' ORDER BY dimension)) FROM dimension"
)
FORGET_DIMENSION = "DELETE FROM dimension WHERE dimension = :name"
KEEP_DIMENSION = """
INSERT INTO dimension (dimension, declaration, evaluated_at)
VALUES (:name, CAST(:declaration AS jsonb), :at)
ON CONFLICT (dimension) DO UPDATE
SET declaration = excluded.declaration, evaluated_at = excluded.evaluated_at"""
# What is derived and queued, or due, is not yet right; the earliest of it tells since when.
RIGHT_AT = """
SELECT LEAST((SELECT min(d.derived_at) FROM unsegmented_profile JOIN derived_profile AS d
              USING (profile_id)),
             (SELECT min(due_at) FROM segment_due WHERE due_at <= %(now)s), %(now)s) AS right_at"""
ENTERED = """
SELECT d.profile_id, d.number, c.entered_at FROM derived_profile AS d JOIN profile_cell AS c
  ON c.profile_id = d.profile_id AND c.dimension = 'segment' AND c.cell = %s AND c.left_at IS NULL
WHERE d.number = ANY(%s) ORDER BY d.number"""
MEMBER_SINCE = """
SELECT entered_at FROM profile_cell
WHERE dimension = 'segment' AND cell = %s AND profile_id = %s AND left_at IS NULL"""


@dataclass(frozen=True)
class SavedSegment:
    """A segment as it is kept; `definition` is its condition as JSON text."""

    segment_id: UUID
    name: str
    description: str
    subject: str
    definition: str
    created_at: datetime
    created_by: str
    evaluated_at: datetime | None


def hold(tx: Connection) -> None:
    """Keep the segments as they are until the transaction ends."""
    driver(tx).execute(SHARE)


def hold_alone(tx: Connection) -> None:
    """Wait for all who keep memberships, and keep them out until the transaction ends."""
    tx.execute(text(ALONE))


def live(tx: Connection) -> list[SavedSegment]:
    """The segments there are, by name."""
    return [SavedSegment(*row) for row in tx.execute(text(LIVE))]


def edition(tx: Connection) -> str:
    """A text that is another one as soon as another definition is in force."""
    return driver(tx).execute(EDITION).fetchall()[0][0] or "none"


def insert(tx: Connection, **said: object) -> None:
    """Save a definition: name, description, subject, definition (JSON text), at, by."""
    tx.execute(text(INSERT), said)


def archive(tx: Connection, name: str, at: datetime) -> int:
    """End the segment of that name, or its present definition; how many there were."""
    return tx.execute(text(ARCHIVE), {"name": name, "at": at}).rowcount


def evaluated(tx: Connection, name: str, at: datetime) -> None:
    """Note that the segment was evaluated over the whole base."""
    tx.execute(text(EVALUATED), {"name": name, "at": at})


def kept_dimensions(tx: Connection) -> dict[str, Any]:
    """The dimensions whose cells are kept, each as it was declared when it was evaluated."""
    return {row.dimension: row.declaration for row in tx.execute(text(DIMENSIONS))}


def kept_edition(tx: Connection) -> str | None:
    """A text that is another one as soon as other dimensions are kept, or as other declarations."""
    return driver(tx).execute(KEPT).fetchall()[0][0]


def keep_dimension(tx: Connection, name: str, declaration: str, at: datetime) -> None:
    """Note that a dimension was evaluated as `declaration` (JSON text) has it."""
    tx.execute(text(KEEP_DIMENSION), {"name": name, "declaration": declaration, "at": at})


def forget_dimension(tx: Connection, name: str) -> None:
    """Note that the cells of a dimension are no longer kept."""
    tx.execute(text(FORGET_DIMENSION), {"name": name})


def right_at(connection: psycopg.Connection, now: datetime) -> datetime:
    """The time up to which all memberships are right, as far as profiles were derived."""
    return rows(connection, RIGHT_AT, {"now": now})[0]["right_at"]


def entered(
    connection: psycopg.Connection, name: str, numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """profile_id, number and entered_at of the members with these numbers."""
    return rows(connection, ENTERED, (name, list(numbers)))


def member_since(connection: psycopg.Connection, name: str, profile_id: UUID) -> datetime | None:
    """Since when the profile is in the segment; None: it is not."""
    found = rows(connection, MEMBER_SINCE, (name, profile_id))
    return found[0]["entered_at"] if found else None
