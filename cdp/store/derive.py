"""Derivation in SQL: the queue of profiles, the facts of those at hand, and what was concluded."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
import psycopg
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.database import driver
from cdp.store.read import rows

# `deriving` numbers the profiles at hand; `deriving_record` holds their records. `folded` tells
# those whose facts may have changed from those that only time or new parameters move.
QUEUE_DUE = """
INSERT INTO underived_profile (profile_id, folded)
SELECT profile_id, false FROM derived_profile WHERE due_at <= :now ORDER BY profile_id
ON CONFLICT DO NOTHING"""
QUEUE_ALL = """
INSERT INTO underived_profile (profile_id, folded)
SELECT profile_id, false FROM profile ORDER BY profile_id ON CONFLICT DO NOTHING"""
ANYTHING = "SELECT EXISTS (SELECT FROM underived_profile)"
TAKE = """
WITH taken AS (
    DELETE FROM underived_profile WHERE profile_id IN (
        SELECT profile_id FROM underived_profile ORDER BY profile_id LIMIT :limit
        FOR UPDATE SKIP LOCKED)
    RETURNING profile_id, folded)
INSERT INTO deriving SELECT row_number() OVER (ORDER BY profile_id), profile_id, folded FROM taken"""
TAKE_MEMBERS = """
INSERT INTO deriving_record
SELECT d.n, r.record_uid, r.channel, c.trust
FROM deriving AS d JOIN source_record AS r USING (profile_id) JOIN channel AS c USING (channel)
UNION ALL
-- What people do counts for the company they belong to, too.
SELECT DISTINCT d.n, r.record_uid, r.channel, c.trust
FROM deriving AS d JOIN profile_account AS a ON a.account_id = d.profile_id
JOIN source_record AS r ON r.profile_id = a.profile_id JOIN channel AS c USING (channel)
WHERE c.subject = 'person' AND coalesce(a.until > current_date, true)"""

# Stated traits, flat: the fields of an object under its name and a dot.
PROFILES = """
SELECT d.n, d.profile_id, p.subject, date_part('epoch', (p.body ->> 'created_at')::timestamptz),
       d.folded, stated.traits, {filled}, p.body #>> '{{traits,gender}}',
       (p.body #>> '{{traits,customer_since}}')
FROM deriving AS d JOIN profile AS p USING (profile_id), LATERAL (
    SELECT string_agg(to_json(name)::text || ':' || value::text, ',') AS traits FROM (
        SELECT key AS name, value FROM jsonb_each(p.body -> 'traits')
        WHERE jsonb_typeof(value) <> 'object'
        UNION ALL
        SELECT whole.key || '.' || field.key, field.value
        FROM jsonb_each(p.body -> 'traits') AS whole,
             jsonb_each(CASE jsonb_typeof(whole.value) WHEN 'object' THEN whole.value END) AS field
        WHERE jsonb_typeof(field.value) <> 'object') AS flat) AS stated"""
PROFILE_COLUMNS = {
    "n": pl.Int32,
    "profile_id": pl.String,
    "subject": pl.String,
    "created_at": pl.Float64,
    "folded": pl.String,
    "stated": pl.String,
    "filled": pl.Int32,
    "gender": pl.String,
    "customer_since": pl.String,
}

# Times as seconds since 1970: parsing a number is cheaper than parsing a date.
EVENTS = """
SELECT r.n, e.kind, date_part('epoch', e.occurred_at), e.order_id, e.product, e.category,
       e.properties ->> 'department', e.properties ->> 'brand', e.quantity, e.amount, e.discount,
       e.currency, e.score, r.channel, r.trust, e.properties ->> 'session',
       e.properties ->> 'device', coalesce(e.properties ->> 'campaign',
       e.properties ->> 'campaign_name', e.properties ->> 'campaign_id'), e.properties ->> 'type',
       (e.properties ?| ARRAY['store', 'store_id', 'shop', 'till'])::int,
       (lower(coalesce(e.properties ->> 'gift', e.properties ->> 'is_gift',
                       e.properties ->> 'gift_wrap', e.properties ->> 'gift_message', 'false'))
        NOT IN ('false', '0', 'no', 'n', ''))::int
FROM deriving_record AS r JOIN event AS e USING (record_uid)"""
EVENT_COLUMNS = {
    "n": pl.Int32,
    "kind": pl.Categorical,
    "at": pl.Float64,
    "order_id": pl.String,
    "product": pl.String,
    "category": pl.Categorical,
    "department": pl.Categorical,
    "brand": pl.Categorical,
    "quantity": pl.Float64,
    "amount": pl.Float64,
    "discount": pl.Float64,
    "currency": pl.Categorical,
    "score": pl.Float64,
    "channel": pl.Categorical,
    "trust": pl.Int16,
    "session": pl.String,
    "device": pl.Categorical,
    "campaign": pl.String,
    "campaign_type": pl.String,
    "in_store": pl.Int8,
    "gift": pl.Int8,
}
TEXTS = """
SELECT r.n, e.record_uid, e.event_id, e.kind, date_part('epoch', e.occurred_at), e.product,
       e.category, e.score,
       coalesce(e.properties ->> 'text', e.properties ->> 'comment', e.properties ->> 'message'),
       e.properties ->> 'title'
FROM deriving_record AS r JOIN event AS e USING (record_uid)
WHERE e.properties ?| ARRAY['text', 'comment', 'message']"""
TEXT_COLUMNS = {
    "n": pl.Int32,
    "record_uid": pl.String,
    "event_id": pl.String,
    "kind": pl.String,
    "at": pl.Float64,
    "product": pl.String,
    "category": pl.String,
    "score": pl.Float64,
    "text": pl.String,
    "title": pl.String,
}

UPDATE = """
UPDATE derived_profile AS d
SET subject = s.subject, traits = s.traits, derived_at = :now, due_at = s.due_at,
    parameters = :parameters
FROM derived AS s WHERE d.profile_id = s.profile_id"""
INSERT = """
INSERT INTO derived_profile (profile_id, subject, traits, derived_at, due_at, parameters)
SELECT profile_id, subject, traits, :now, due_at, :parameters FROM derived AS s
WHERE NOT EXISTS (SELECT FROM derived_profile AS d WHERE d.profile_id = s.profile_id)
ORDER BY profile_id"""
# Segments also read events, so what the fold took is looked at even where no trait changed.
QUEUE_SEGMENTS = """
INSERT INTO unsegmented_profile (profile_id)
SELECT s.profile_id FROM derived AS s LEFT JOIN derived_profile AS d USING (profile_id)
WHERE s.folded OR d.traits IS DISTINCT FROM s.traits ORDER BY s.profile_id
ON CONFLICT DO NOTHING"""
# Whoever keeps bitmaps needs the number of a profile that is no more.
DROP_GONE = """
WITH gone AS (
    DELETE FROM derived_profile WHERE profile_id IN (
        SELECT profile_id FROM deriving
        WHERE NOT EXISTS (SELECT FROM profile AS p WHERE p.profile_id = deriving.profile_id))
    RETURNING profile_id, number)
INSERT INTO unsegmented_profile (profile_id, number)
SELECT profile_id, number FROM gone ORDER BY profile_id
ON CONFLICT (profile_id) DO UPDATE SET number = excluded.number"""

ONE = """
SELECT d.profile_id, d.traits, d.derived_at, d.due_at, d.parameters
FROM derived_profile AS d WHERE d.profile_id = %s"""
LATEST = "SELECT version, fitted_at, document FROM derive_parameters ORDER BY version DESC LIMIT 1"
NEWEST = "SELECT version, fitted_at FROM derive_parameters ORDER BY version DESC LIMIT 1"
ADD_PARAMETERS = """
INSERT INTO derive_parameters (version, fitted_at, document)
SELECT coalesce(max(version), 0) + 1, :fitted_at, CAST(:document AS json) FROM derive_parameters
RETURNING version"""


def queue_due(tx: Connection, now: datetime) -> int:
    """Queue the profiles of which time alone has changed a trait by `now`; how many."""
    return tx.execute(text(QUEUE_DUE), {"now": now}).rowcount


def queue_all(tx: Connection) -> int:
    """Queue every profile; how many were not queued yet."""
    return tx.execute(text(QUEUE_ALL)).rowcount


def anything_queued(tx: Connection) -> bool:
    """Whether a profile waits."""
    return tx.execute(text(ANYTHING)).scalar_one()


def take(tx: Connection, limit: int) -> int:
    """Take up to `limit` profiles from the queue into `deriving`; how many."""
    staging.prepare(tx)
    taken = tx.execute(text(TAKE), {"limit": limit}).rowcount
    if taken:
        tx.execute(text(TAKE_MEMBERS))
        staging.analyze(tx, "deriving", "deriving_record")
    return taken


def profiles(tx: Connection, wanted: tuple[list[str], list[str]]) -> pl.DataFrame:
    """The profiles of `deriving` that exist; `wanted` traits and namespaces are counted."""
    traits, namespaces = (literals(each) for each in wanted)
    filled = (
        f"(SELECT count(*) FROM unnest({traits}) AS t WHERE p.body -> 'traits' ? t)"
        f" + (SELECT count(*) FROM unnest({namespaces}) AS i WHERE p.body -> 'identifiers' ? i)"
    )
    return staging.copy_out(tx, PROFILES.format(filled=filled), PROFILE_COLUMNS)


def literals(names: list[str]) -> str:
    """Texts as an array of SQL: COPY takes no parameters."""
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"ARRAY[{quoted}]::text[]"


def events(tx: Connection) -> pl.DataFrame:
    """The events of the profiles of `deriving`, as they were said (columns: EVENT_COLUMNS)."""
    return staging.copy_out(tx, EVENTS, EVENT_COLUMNS)


def texts(tx: Connection) -> pl.DataFrame:
    """Their events that hold words a person wrote (columns: TEXT_COLUMNS)."""
    return staging.copy_out(tx, TEXTS, TEXT_COLUMNS)


def write(tx: Connection, derived: pl.DataFrame, *, now: datetime, parameters: int) -> None:
    """Keep what was concluded: profile_id, subject, traits (JSON text), due_at, folded.

    Profiles of `deriving` that are no more go; what changed is queued for the segments.
    """
    staging.copy_in(tx, "derived", derived)
    tx.execute(text(QUEUE_SEGMENTS))
    values = {"now": now, "parameters": parameters}
    tx.execute(text(UPDATE), values)
    tx.execute(text(INSERT), values)
    tx.execute(text(DROP_GONE))


def computed(connection: psycopg.Connection, profile_id: Any) -> Mapping[str, Any] | None:
    """What is kept of one profile; None: nothing was concluded of it yet."""
    found = rows(connection, ONE, (profile_id,))
    return found[0] if found else None


def newest_parameters(tx: Connection) -> tuple[int, datetime] | None:
    """Version and time of the parameters in force; None before the first fit."""
    row = tx.execute(text(NEWEST)).one_or_none()
    return None if row is None else (row.version, row.fitted_at)


def parameters(tx: Connection) -> tuple[int, datetime, dict[str, Any]] | None:
    """The parameters in force: version, when they were fitted, document."""
    row = tx.execute(text(LATEST)).one_or_none()
    return None if row is None else (row.version, row.fitted_at, row.document)


def add_parameters(tx: Connection, fitted_at: datetime, document: Mapping[str, Any]) -> int:
    """Put other parameters in force; their version."""
    said = {"fitted_at": fitted_at, "document": json.dumps(document)}
    return tx.execute(text(ADD_PARAMETERS), said).scalar_one()
