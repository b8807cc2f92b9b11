"""Ideal customer profiles in SQL, version by version, and the companies they are held against."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.profile.read import rows

IN_FORCE = """
SELECT document FROM (
    SELECT DISTINCT ON (name) name, document, archived_at FROM icp ORDER BY name, version DESC) AS latest
WHERE archived_at IS NULL ORDER BY name"""
ADD = """
INSERT INTO icp (name, version, kind, document, note, created_by, created_at)
SELECT :name, coalesce(max(version), 0) + 1, :kind, CAST(:document AS jsonb), :note, :created_by,
       :created_at
FROM icp WHERE name = :name RETURNING version"""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('icp', 0))"
EVERY = """
SELECT name, version, document, note, created_by, created_at, archived_at FROM (
    SELECT DISTINCT ON (name) * FROM icp ORDER BY name, version DESC) AS latest
WHERE archived_at IS NULL ORDER BY name"""
VERSIONS = """
SELECT name, version, document, note, created_by, created_at, archived_at FROM icp
WHERE name = %s ORDER BY version DESC"""
ARCHIVE = """
UPDATE icp SET archived_at = :at WHERE name = :name AND archived_at IS NULL"""
QUEUE = """
INSERT INTO underived_profile (profile_id, folded)
SELECT profile_id, false FROM profile WHERE subject = :subject ORDER BY profile_id
ON CONFLICT DO NOTHING"""

FITTING = """
SELECT d.profile_id, d.traits ->> 'company_name' AS name, (d.traits ->> %(fit)s)::float8 AS score,
       d.traits
FROM derived_profile AS d
WHERE d.subject = %(subject)s AND (d.traits ->> %(fit)s)::float8 >= %(at_least)s
ORDER BY score DESC, d.profile_id LIMIT %(limit)s"""
TRAITS = "SELECT profile_id, subject, traits FROM derived_profile WHERE profile_id = %s"
ALL_TRAITS = """
SELECT profile_id::text, subject, traits::text FROM derived_profile WHERE subject = '{subject}'"""
TRAIT_COLUMNS = {"profile_id": pl.String, "subject": pl.String, "traits": pl.String}
# A deal is won by the company, or by a person for it while there.
DEALS = """
SELECT DISTINCT owner.profile_id::text FROM event AS e JOIN source_record AS r USING (record_uid),
LATERAL (SELECT r.profile_id
         UNION SELECT a.account_id FROM profile_account AS a WHERE a.profile_id = r.profile_id
           AND coalesce(e.occurred_at >= a.since, true)
           AND coalesce(e.occurred_at < a.until, true)) AS owner
WHERE e.kind = '{kind}'"""


def in_force(tx: Connection) -> list[Mapping[str, Any]]:
    """The documents of the profiles in force."""
    return list(tx.execute(text(IN_FORCE)).scalars())


def add(tx: Connection, document: Mapping[str, Any], **told: Any) -> int:
    """Put another version in force (name, kind, note, created_by, created_at); its number."""
    tx.execute(text(LOCK))
    said = {"document": json.dumps(document)} | told
    return tx.execute(text(ADD), said).scalar_one()


def archive(tx: Connection, name: str, at: datetime) -> int:
    """Put a profile out of force; 0 where there is none in force."""
    return tx.execute(text(ARCHIVE), {"name": name, "at": at}).rowcount


def queue(tx: Connection, subject: str) -> None:
    """Have every profile of `subject` concluded on anew."""
    tx.execute(text(QUEUE), {"subject": subject})


def every(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """The profiles in force, by name."""
    return rows(connection, EVERY, ())


def versions(connection: psycopg.Connection, name: str) -> list[dict[str, Any]]:
    """All versions of a profile, the latest first."""
    return rows(connection, VERSIONS, (name,))


def fitting(
    connection: psycopg.Connection, *, fit: str, subject: str, at_least: float, limit: int
) -> list[dict[str, Any]]:
    """The best by the trait `fit`: profile_id, name, score, traits."""
    said = {"fit": fit, "subject": subject, "at_least": at_least, "limit": limit}
    return rows(connection, FITTING, said)


def traits(connection: psycopg.Connection, profile_id: UUID) -> dict[str, Any] | None:
    """What is concluded of one profile: profile_id, subject, traits."""
    found = rows(connection, TRAITS, (profile_id,))
    return found[0] if found else None


def all_traits(tx: Connection, subject: str) -> pl.DataFrame:
    """The same of every profile of `subject`, traits as JSON text."""
    return staging.copy_out(tx, ALL_TRAITS.format(subject=_word(subject)), TRAIT_COLUMNS)


def with_event(tx: Connection, kind: str) -> Sequence[str]:
    """The profiles, and the companies of the people, that have an event of `kind`."""
    found = staging.copy_out(tx, DEALS.format(kind=_word(kind)), {"profile_id": pl.String})
    return found["profile_id"].to_list()


def _word(said: str) -> str:
    """COPY takes no parameters: a word is written into the query."""
    return said.replace("'", "''")
