"""Derivation in SQL: the queue of profiles, the facts of those at hand, and what was concluded."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import polars as pl
import psycopg
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.audience.predicate import literal, quoted
from cdp.store.database import driver
from cdp.store.derive.texts import COUNTS, HAS_TEXT, SAID
from cdp.store.profile.read import rows

# `deriving` numbers the profiles at hand; `deriving_record` holds their records, and when what they
# tell counts (null: always). `folded` tells those whose facts may have changed from those that only
# time or new parameters move.

# In the order of the index by time: without statistics, as after the first derivation, Postgres takes
# a third of all profiles for due, and would read every one to have them in the order of their ids.
QUEUE_DUE = """
WITH due AS MATERIALIZED (
    SELECT profile_id FROM derived_profile WHERE due_at <= %(now)s ORDER BY due_at)
INSERT INTO underived_profile (profile_id, folded)
SELECT profile_id, false FROM due ORDER BY profile_id ON CONFLICT DO NOTHING"""
QUEUE_ALL = """
INSERT INTO underived_profile (profile_id, folded)
SELECT profile_id, false FROM profile ORDER BY profile_id ON CONFLICT DO NOTHING"""
WAITING = "SELECT count(*) FROM underived_profile"
# By ctid: a queue that was empty when Postgres last looked at it would be joined row by row with itself.
TAKE = """
WITH taken AS (
    DELETE FROM underived_profile WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM underived_profile ORDER BY profile_id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED))
    RETURNING profile_id, folded)
INSERT INTO deriving SELECT row_number() OVER (ORDER BY profile_id), profile_id, folded FROM taken"""
TAKE_MEMBERS = """
INSERT INTO deriving_record
SELECT d.n, r.record_uid, r.channel, c.trust, NULL
FROM deriving AS d JOIN source_record AS r USING (profile_id) JOIN channel AS c USING (channel)
UNION ALL
-- What people did while they belonged to a company counts for it, too. Of dates the wrong way
-- round only the later word is taken: Postgres has no such range.
SELECT a.n, r.record_uid, r.channel, c.trust, a.counts
FROM (SELECT d.n, a.profile_id, range_agg(tstzrange(
          CASE WHEN a.until IS NULL OR a.since <= a.until THEN a.since END, a.until)) AS counts
      FROM deriving AS d JOIN profile_account AS a ON a.account_id = d.profile_id
      GROUP BY d.n, a.profile_id) AS a
JOIN source_record AS r USING (profile_id) JOIN channel AS c USING (channel)
WHERE c.subject = 'person'"""

# A chunk is bounded by its events, too: what is beyond goes back to the queue.
TOO_MANY = """
WITH counted AS (
    SELECT n, sum(events) AS events FROM deriving_record JOIN record_aggregate USING (record_uid)
    GROUP BY n),
beyond AS (
    SELECT min(n) AS n FROM (
        SELECT n, sum(events) OVER (ORDER BY n) AS so_far, min(n) OVER () AS first FROM counted) AS run
    WHERE so_far > %(most)s AND n > first),
back AS (
    DELETE FROM deriving WHERE n >= (SELECT n FROM beyond) RETURNING n, profile_id, folded),
gone AS (DELETE FROM deriving_record WHERE n >= (SELECT n FROM beyond))
INSERT INTO underived_profile (profile_id, folded) SELECT profile_id, folded FROM back ORDER BY n
ON CONFLICT (profile_id) DO UPDATE SET folded = underived_profile.folded OR excluded.folded"""
MOST_EVENTS = 1_500_000
# For so few profiles a prepared query is quicker than COPY, and looking up each by an index: of
# temporary tables without statistics Postgres thinks that they are large.
FEW = 100
BY_INDEX = """
SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('enable_seqscan', 'off', true)"""

# Stated traits, flat: the fields of an object under its name and a dot. The declared objects are
# taken apart field by field, which is ten times quicker than looking what there is.
PROFILES = """
SELECT d.n, d.profile_id, p.subject, d.folded::int,
       concat_ws(',', nullif(left(substr(((p.body -> 'traits') {objects})::text, 2), -1), ''){fields}),
       {filled}, p.body #>> '{{traits,gender}}'
FROM deriving AS d JOIN profile AS p USING (profile_id)"""
FIELD = """, '"{name}.{field}": ' || (p.body #> '{{traits,{name},{field}}}')::text"""
PROFILE_COLUMNS = {
    "n": pl.Int32,
    "profile_id": pl.String,
    "subject": pl.String,
    "folded": pl.Int8,
    "stated": pl.String,
    "filled": pl.Int32,
    "gender": pl.String,
}

# Times as seconds since 1970: parsing a number is cheaper than parsing a date. What only some
# events can have is looked for in these only.
EVENTS = f"""
SELECT r.n, e.kind, date_part('epoch', e.occurred_at), e.order_id, e.product, e.category,
       CASE WHEN e.product IS NOT NULL OR e.order_id IS NOT NULL THEN
           e.properties ->> 'department' END,
       CASE WHEN e.product IS NOT NULL OR e.order_id IS NOT NULL THEN
           e.properties ->> 'brand' END,
       e.quantity::float8, e.amount::float8, e.discount::float8, e.currency, e.score, r.channel, r.trust,
       CASE WHEN e.order_id IS NULL THEN e.properties ->> 'session' END,
       CASE WHEN e.order_id IS NULL THEN e.properties ->> 'device' END,
       CASE WHEN e.product IS NULL AND e.order_id IS NULL THEN
           coalesce(e.properties ->> 'campaign', e.properties ->> 'campaign_name',
                    e.properties ->> 'campaign_id') END,
       CASE WHEN e.product IS NULL AND e.order_id IS NULL THEN e.properties ->> 'type' END,
       CASE WHEN (e.order_id IS NOT NULL OR e.amount IS NOT NULL)
                 AND e.properties ?| ARRAY['store', 'store_id', 'shop', 'till'] THEN
           (coalesce(e.properties ->> 'store', e.properties ->> 'store_id',
                     e.properties ->> 'shop', e.properties ->> 'till') IS NOT NULL)::int ELSE 0 END,
       CASE WHEN (e.order_id IS NOT NULL OR e.amount IS NOT NULL)
                 AND e.properties ?| ARRAY['gift', 'is_gift', 'gift_wrap', 'gift_message'] THEN
           (lower(coalesce(e.properties ->> 'gift', e.properties ->> 'is_gift',
                           e.properties ->> 'gift_wrap', e.properties ->> 'gift_message', ''))
            NOT IN ('false', '0', 'no', 'n', ''))::int ELSE 0 END
FROM deriving_record AS r JOIN event AS e USING (record_uid)
WHERE {COUNTS}"""
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
SELECT r.n, e.record_uid, e.event_id, date_part('epoch', e.occurred_at),
       {said}
FROM deriving_record AS r JOIN event AS e USING (record_uid)
WHERE e.kind = ANY({kinds}) AND {tells}"""
TEXT_COLUMNS = {
    "n": pl.Int32,
    "record_uid": pl.String,
    "event_id": pl.String,
    "at": pl.Float64,
    "text": pl.String,
}

ONE = """
SELECT d.profile_id, d.traits, d.derived_at, d.due_at, d.parameters
FROM derived_profile AS d WHERE d.profile_id = %s"""
LATEST = "SELECT version, fitted_at, document FROM derive_parameters ORDER BY version DESC LIMIT 1"
NEWEST = "SELECT version, fitted_at FROM derive_parameters ORDER BY version DESC LIMIT 1"
ADD_PARAMETERS = """
INSERT INTO derive_parameters (version, fitted_at, document, orders)
SELECT coalesce(max(version), 0) + 1, :fitted_at, CAST(:document AS json), coalesce(max(orders), 0)
FROM derive_parameters RETURNING version"""
COUNT_ORDERS = """
UPDATE derive_parameters SET orders = orders + %(more)s
WHERE version = (SELECT max(version) FROM derive_parameters) RETURNING orders, fitted_orders"""
COUNTED_ORDERS = """
SELECT orders, fitted_orders FROM derive_parameters ORDER BY version DESC LIMIT 1"""
MARK_FITTED = """
UPDATE derive_parameters SET fitted_orders = orders
WHERE version = (SELECT max(version) FROM derive_parameters)"""


def queue_due(tx: Connection, now: datetime) -> int:
    """Queue the profiles of which time alone has changed a trait by `now`; how many."""
    return driver(tx).execute(QUEUE_DUE, {"now": now}).rowcount


def queue_all(tx: Connection) -> int:
    """Queue every profile; how many were not queued yet."""
    return driver(tx).execute(QUEUE_ALL).rowcount


def waiting(tx: Connection) -> int:
    """How many profiles wait."""
    return driver(tx).execute(WAITING).fetchall()[0][0]


def take(tx: Connection, limit: int) -> tuple[int, bool]:
    """Take up to `limit` profiles from the queue into `deriving`, fewer of many events.

    Returns how many, and whether the queue may hold more.
    """
    staging.prepare(tx)
    found = taken = driver(tx).execute(TAKE, {"limit": limit}).rowcount
    if taken:
        if taken < FEW:
            driver(tx).execute(BY_INDEX)
        driver(tx).execute(TAKE_MEMBERS)
    if taken >= FEW:
        taken -= driver(tx).execute(TOO_MANY, {"most": MOST_EVENTS}).rowcount
        staging.analyze(tx, "deriving", "deriving_record")
    return taken, found == limit or taken < found


def _rows(tx: Connection, query: str, schema: Mapping[str, Any], profiles: int) -> pl.DataFrame:
    return (staging.fetch if profiles < FEW else staging.copy_out)(tx, query, schema)


def profiles(
    tx: Connection,
    count: int,
    wanted: tuple[list[str], list[str]],
    objects: Mapping[str, Collection[str]],
) -> pl.DataFrame:
    """The profiles of `deriving`, `count` at most, that exist (columns: PROFILE_COLUMNS).

    `wanted` traits and namespaces are counted; `objects` are traits of several fields.
    """
    filled = [
        f"(p.body -> '{part}' ? {quoted(name)})::int"
        for part, names in zip(("traits", "identifiers"), wanted, strict=True)
        for name in names
    ]
    fields = [
        FIELD.format(name=name.replace("'", "''"), field=field.replace("'", "''"))
        for name, of in objects.items()
        for field in of
    ]
    query = PROFILES.format(
        filled=" + ".join(filled) or "0",
        objects=f"- {literal(objects)}" if objects else "",
        fields="".join(fields),
    )
    return _rows(tx, query, PROFILE_COLUMNS, count)


def events(tx: Connection, count: int) -> pl.DataFrame:
    """The events of the `count` profiles of `deriving`, as they were said (EVENT_COLUMNS)."""
    return _rows(tx, EVENTS, EVENT_COLUMNS, count)


def texts(tx: Connection, count: int, kinds: list[str]) -> pl.DataFrame:
    """Their events of these kinds that hold words a person wrote (columns: TEXT_COLUMNS)."""
    return _rows(
        tx,
        TEXTS.format(kinds=literal(kinds), said=SAID, tells=f"{HAS_TEXT} AND {COUNTS}"),
        TEXT_COLUMNS,
        count,
    )


def computed(connection: psycopg.Connection, profile_id: Any) -> Mapping[str, Any] | None:
    """What is kept of one profile; None: nothing was concluded of it yet."""
    found = rows(connection, ONE, (profile_id,))
    return found[0] if found else None


def newest_parameters(tx: Connection) -> tuple[int, datetime] | None:
    """Version and time of the parameters in force; None before the first fit."""
    return driver(tx).execute(NEWEST).fetchone()


def parameters(tx: Connection) -> tuple[int, datetime, dict[str, Any]] | None:
    """The parameters in force: version, when they were fitted, document."""
    row = tx.execute(text(LATEST)).one_or_none()
    return None if row is None else (row.version, row.fitted_at, row.document)


def add_parameters(tx: Connection, fitted_at: datetime, document: Mapping[str, Any]) -> int:
    """Put other parameters in force; their version."""
    said = {"fitted_at": fitted_at, "document": json.dumps(document)}
    return tx.execute(text(ADD_PARAMETERS), said).scalar_one()


def count_orders(tx: Connection, more: int) -> tuple[int, int | None]:
    """Add to the orders of the base: how many there are, and were at the last fit (None: not yet)."""
    if not more:  # a transaction that writes nothing needs not wait for the disk
        return driver(tx).execute(COUNTED_ORDERS).fetchall()[0]
    return driver(tx).execute(COUNT_ORDERS, {"more": more}).fetchall()[0]


def mark_fitted(tx: Connection) -> None:
    """The orders there are now are those that the parameters in force were fitted to."""
    driver(tx).execute(MARK_FITTED)
