"""Personas in SQL: who there is, the models, who is which, and their cards."""

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

ADD = """
INSERT INTO persona (persona_id, kind, name, words, definition, created_at, created_by)
VALUES (coalesce(CAST(:persona_id AS uuid), uuidv7()), :kind, :name, '{}', CAST(:definition AS jsonb),
        :now, :by)
RETURNING persona_id"""
CHANGE = """
UPDATE persona SET name = coalesce(:name, name), words = words || CAST(:words AS jsonb),
                   definition = coalesce(CAST(:definition AS jsonb), definition)
WHERE persona_id = :persona_id"""
RETIRE = "UPDATE persona SET retired_at = :now WHERE persona_id = ANY(:persona_ids) AND retired_at IS NULL"
DIMENSIONS = ("persona", "situation")  # whose cells are named as the personas are
_NAMED = f"WHERE dimension IN {DIMENSIONS} AND cell"
RENAME_CELLS = tuple(
    f"UPDATE {table} SET cell = :new {_NAMED} = :old"
    for table in ("profile_cell", "cell_bitmap", "cell_change")
)
RENAME_IN_MODEL = """
UPDATE persona_model
SET document = jsonb_set(document::jsonb, ARRAY['names', CAST(:persona_id AS text)],
                         to_jsonb(CAST(:name AS text)))::json
WHERE version = (SELECT max(version) FROM persona_model)"""
LIVE = "SELECT * FROM persona WHERE retired_at IS NULL ORDER BY created_at, persona_id"
PEOPLE = """
SELECT persona_id, count(*) AS people FROM profile_persona GROUP BY persona_id"""
ADD_MODEL = """
INSERT INTO persona_model (version, fitted_at, document)
SELECT coalesce(max(version), 0) + 1, :now, CAST(:document AS json) FROM persona_model
RETURNING version"""
MODEL = "SELECT version, fitted_at, document FROM persona_model ORDER BY version DESC LIMIT 1"
# A persona that is renamed changes the row of its version.
NEWEST = "SELECT version, xmin::text FROM persona_model ORDER BY version DESC LIMIT 1"
QUEUE_ALL = """
INSERT INTO unassigned_profile (profile_id)
SELECT profile_id FROM derived_profile WHERE subject = 'person' ORDER BY profile_id
ON CONFLICT DO NOTHING"""
QUEUE_DUE = """
INSERT INTO unassigned_profile (profile_id)
SELECT profile_id FROM profile_persona WHERE due_at <= :now ORDER BY profile_id
ON CONFLICT DO NOTHING"""
TAKE = """
WITH taken AS (
    DELETE FROM unassigned_profile WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM unassigned_profile ORDER BY profile_id LIMIT :limit
        FOR UPDATE SKIP LOCKED))
    RETURNING profile_id)
INSERT INTO assigning (n, profile_id) SELECT row_number() OVER (ORDER BY profile_id) - 1, profile_id FROM taken"""
SAMPLE = """
INSERT INTO assigning (n, profile_id)
SELECT row_number() OVER (ORDER BY profile_id) - 1, profile_id FROM (
    SELECT profile_id FROM derived_profile WHERE subject = 'person'
    ORDER BY hashtextextended(profile_id::text, :seed) LIMIT :limit) AS drawn"""
# Traits as texts, from one reading of the document; lists and objects are left out.
TRAITS = """
SELECT a.n, a.profile_id{said}
FROM assigning AS a JOIN derived_profile AS d USING (profile_id),
     LATERAL jsonb_to_record(d.traits) AS t ({columns})
WHERE d.subject = 'person' ORDER BY a.n"""
# Traits that need no declaration: what the sample has under a prefix, and of which JSON type.
FREE = """
SELECT e.key, jsonb_typeof(e.value), count(*)
FROM assigning AS a JOIN derived_profile AS d USING (profile_id), jsonb_each(d.traits) AS e
WHERE e.key LIKE 'psychographics.%' GROUP BY 1, 2"""
FORGET = """
DELETE FROM profile_persona WHERE profile_id IN (
    SELECT profile_id FROM assigning
    WHERE NOT EXISTS (SELECT FROM derived_profile AS d
                      WHERE d.profile_id = assigning.profile_id AND d.subject = 'person'))"""
ASSIGN = """
INSERT INTO profile_persona (profile_id, persona_id, probability, probabilities, version,
                             assigned_at, due_at)
SELECT profile_id, persona_id, probability, probabilities, :version, :now, due_at
FROM assigned ORDER BY profile_id
ON CONFLICT (profile_id) DO UPDATE
    SET persona_id = excluded.persona_id, probability = excluded.probability,
        probabilities = excluded.probabilities, version = excluded.version,
        assigned_at = excluded.assigned_at, due_at = excluded.due_at"""
PUT_CARD = """
INSERT INTO persona_card (persona_id, version, made_at, document)
VALUES (:persona_id, :version, :now, CAST(:document AS jsonb))
ON CONFLICT (persona_id, version) DO UPDATE
    SET made_at = excluded.made_at, document = excluded.document"""
CARD = """
SELECT document FROM persona_card WHERE persona_id = %s ORDER BY version DESC LIMIT 1"""
PUT_CHECK = """
INSERT INTO persona_check (checked_at, version, document)
VALUES (:now, :version, CAST(:document AS jsonb))
ON CONFLICT (checked_at) DO UPDATE SET version = excluded.version, document = excluded.document"""
CHECK = "SELECT checked_at, version, document FROM persona_check ORDER BY checked_at DESC LIMIT 1"


def add(tx: Connection, kind: str, name: str, *, definition: Any, by: str, now: datetime) -> UUID:
    """A new persona's id."""
    said = {
        "persona_id": None, "kind": kind, "name": name, "by": by, "now": now,
        "definition": None if definition is None else json.dumps(definition),
    }  # fmt: skip
    return tx.execute(text(ADD), said).scalar_one()


def change(
    tx: Connection,
    persona_id: UUID,
    *,
    name: str | None = None,
    words: Mapping[str, Any] | None = None,
    definition: Any = None,
) -> None:
    """Give a persona another name, or other words over its card; the rest stays."""
    said = {
        "persona_id": persona_id, "name": name, "words": json.dumps(dict(words or {})),
        "definition": None if definition is None else json.dumps(definition),
    }  # fmt: skip
    tx.execute(text(CHANGE), said)


def rename_cells(tx: Connection, old: str, new: str) -> None:
    """Let the cells of a persona, and what the feed tells of them, bear its new name."""
    for statement in RENAME_CELLS:
        tx.execute(text(statement), {"old": old, "new": new})


def rename_in_model(tx: Connection, persona_id: UUID, name: str) -> None:
    """Let the version in force know the persona's new name."""
    tx.execute(text(RENAME_IN_MODEL), {"persona_id": str(persona_id), "name": name})


def retire(tx: Connection, persona_ids: Sequence[UUID], now: datetime) -> None:
    """Personas that discovery no longer finds, or that the staff took away."""
    tx.execute(text(RETIRE), {"persona_ids": list(persona_ids), "now": now})


def live(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """The personas there are, oldest first."""
    return rows(connection, LIVE)


def people(connection: psycopg.Connection) -> dict[UUID, int]:
    """How many individuals' likeliest persona each is."""
    return {row["persona_id"]: row["people"] for row in rows(connection, PEOPLE)}


def add_model(tx: Connection, document: Mapping[str, Any], now: datetime) -> int:
    """Put another model in force; its version. Every person waits to be assigned by it."""
    said = {"document": json.dumps(document), "now": now}
    version = tx.execute(text(ADD_MODEL), said).scalar_one()
    tx.execute(text(QUEUE_ALL))
    return version


def newest(connection: psycopg.Connection) -> tuple[int, str] | None:
    """The version in force, and a mark that changes when one of its personas is renamed."""
    return connection.execute(NEWEST, prepare=True).fetchone()


def model(connection: psycopg.Connection) -> dict[str, Any] | None:
    """The model in force: version, fitted_at, document."""
    found = rows(connection, MODEL)
    return found[0] if found else None


def queue_due(tx: Connection, now: datetime) -> int:
    """Queue the profiles whose session has ended by `now`; how many."""
    return tx.execute(text(QUEUE_DUE), {"now": now}).rowcount


def take(tx: Connection, limit: int) -> int:
    """Take up to `limit` profiles from the queue into `assigning`; how many."""
    staging.prepare(tx)
    taken = tx.execute(text(TAKE), {"limit": limit}).rowcount
    staging.analyze(tx, "assigning")
    return taken


def sample(tx: Connection, limit: int, seed: int) -> int:
    """Draw up to `limit` persons into `assigning`, the same ones for the same seed; how many."""
    staging.prepare(tx)
    drawn = tx.execute(text(SAMPLE), {"limit": limit, "seed": seed}).rowcount
    staging.analyze(tx, "assigning")
    return drawn


def traits(tx: Connection, names: Sequence[str]) -> pl.DataFrame:
    """`n`, `profile_id` and these traits (texts) of the persons of `assigning`."""
    columns = {f"t{place}": name for place, name in enumerate(names)}
    quoted = {short: name.replace('"', '""') for short, name in columns.items()}
    query = TRAITS.format(
        said="".join(f', t."{name}"' for name in quoted.values()),
        columns=", ".join(f'"{name}" text' for name in quoted.values()) or "nothing text",
    )
    schema = {"n": pl.Int64, "profile_id": pl.String, **dict.fromkeys(columns, pl.String)}
    return staging.copy_out(tx, query, schema).rename(columns)


def free_traits(tx: Connection) -> pl.DataFrame:
    """Undeclared traits of the persons of `assigning`: name, json_type and people that have it."""
    return staging.copy_out(
        tx, FREE, {"name": pl.String, "json_type": pl.String, "people": pl.Int64}
    )


def forget_others(tx: Connection) -> None:
    """Those of `assigning` that are no persons any more have no persona."""
    tx.execute(text(FORGET))


def assign(tx: Connection, assigned: pl.DataFrame, *, version: int, now: datetime) -> None:
    """Keep who is which: profile_id, persona_id, probability, probabilities (JSON text), due_at."""
    staging.copy_in(tx, "assigned", assigned)
    tx.execute(text(ASSIGN), {"version": version, "now": now})


def put_card(tx: Connection, persona_id: UUID, version: int, document: str, now: datetime) -> None:
    """Keep a card (JSON text)."""
    said = {"persona_id": persona_id, "version": version, "document": document, "now": now}
    tx.execute(text(PUT_CARD), said)


def card(connection: psycopg.Connection, persona_id: UUID) -> dict[str, Any] | None:
    """A persona's newest card."""
    found = rows(connection, CARD, (persona_id,))
    return found[0]["document"] if found else None


def put_check(tx: Connection, version: int, document: Mapping[str, Any], now: datetime) -> None:
    """Keep the figures of a validation."""
    said = {"version": version, "document": json.dumps(document), "now": now}
    tx.execute(text(PUT_CHECK), said)


def last_check(connection: psycopg.Connection) -> dict[str, Any] | None:
    """The newest validation: checked_at, version, document."""
    found = rows(connection, CHECK)
    return found[0] if found else None
