"""What was concluded, written: a row a profile, and the queues of those who read it."""

from datetime import datetime

import polars as pl
from sqlalchemy import Connection

from cdp.store import staging
from cdp.store.database import driver

# Segments and situations also read events: what the fold took is looked at even where no trait changed.
QUEUE = """,
moved AS (SELECT profile_id FROM written WHERE moved ORDER BY profile_id),
assigned AS (
    INSERT INTO unassigned_profile (profile_id) SELECT profile_id FROM moved
    ON CONFLICT DO NOTHING RETURNING profile_id),
-- What holds of a company is a condition on its people.
concerned AS (
    SELECT profile_id FROM moved
    UNION
    SELECT a.profile_id FROM moved JOIN profile_account AS a ON a.account_id = moved.profile_id),
queued AS (
    -- The queue of personas first, as those who work them off meet the two.
    INSERT INTO unsegmented_profile (profile_id) SELECT profile_id FROM concerned
    WHERE (SELECT count(*) FROM assigned) >= 0 ORDER BY profile_id
    ON CONFLICT DO NOTHING)
SELECT coalesce(sum(orders), 0)::bigint, count(*) FROM written"""
ORDERS = "CASE WHEN {row}.subject = 'person' THEN ({row}.traits ->> 'orders')::bigint END AS orders"
UPDATE = f"""
WITH written AS (
    UPDATE derived_profile AS d
    SET subject = s.subject, traits = s.traits, derived_at = %(now)s, due_at = s.due_at,
        parameters = %(parameters)s
    FROM derived AS s WHERE d.profile_id = s.profile_id
    RETURNING d.profile_id, s.folded OR old.traits IS DISTINCT FROM new.traits AS moved,
              {ORDERS.format(row="old")})
{QUEUE}"""
INSERT = f"""
WITH written AS (
    INSERT INTO derived_profile (profile_id, subject, traits, derived_at, due_at, parameters)
    SELECT profile_id, subject, traits, %(now)s, due_at, %(parameters)s FROM derived AS s
    WHERE NOT EXISTS (SELECT FROM derived_profile AS d WHERE d.profile_id = s.profile_id)
    ORDER BY profile_id
    RETURNING profile_id, true AS moved, 0 AS orders)
{QUEUE}"""
QUEUE_NEW = f"""
WITH written AS (
    SELECT profile_id, true AS moved, 0 AS orders
    FROM derived_profile JOIN deriving USING (profile_id))
{QUEUE}"""
ANY_KNOWN = """
SELECT EXISTS (SELECT FROM deriving JOIN derived_profile USING (profile_id))"""
# Whoever keeps bitmaps needs the number of a profile that is no more.
DROP_GONE = f"""
WITH gone AS (
    DELETE FROM derived_profile AS d WHERE profile_id IN (
        SELECT profile_id FROM deriving
        WHERE NOT EXISTS (SELECT FROM profile AS p WHERE p.profile_id = deriving.profile_id))
    RETURNING profile_id, number, {ORDERS.format(row="d")}),
queued AS (
    INSERT INTO unsegmented_profile (profile_id, number)
    SELECT profile_id, number FROM gone ORDER BY profile_id
    ON CONFLICT (profile_id) DO UPDATE SET number = excluded.number)
SELECT coalesce(sum(orders), 0)::bigint FROM gone"""


def write(
    tx: Connection, derived: pl.DataFrame, *, taken: int, now: datetime, parameters: int
) -> int:
    """Keep what was concluded: profile_id, subject, traits (JSON text), due_at, folded.

    Those of the `taken` profiles of `deriving` that are no more go; what changed is queued for
    segments and personas. Returns how many orders the persons of `deriving` were concluded to have
    before.
    """
    if derived.height >= staging.WORTH_ANALYZING and not _any_known(tx):
        _add(tx, derived, now, parameters)
        return 0
    copy = staging.copy_in if derived.height < staging.WORTH_ANALYZING else staging.copy_new
    copy(tx, "derived", derived)
    values = {"now": now, "parameters": parameters}
    before, known = driver(tx).execute(UPDATE, values).fetchall()[0]
    if known < derived.height:
        driver(tx).execute(INSERT, values)
    if derived.height < taken:
        before += driver(tx).execute(DROP_GONE).fetchall()[0][0]
    return before


def _any_known(tx: Connection) -> bool:
    return driver(tx).execute(ANY_KNOWN).fetchall()[0][0]


def _add(tx: Connection, derived: pl.DataFrame, now: datetime, parameters: int) -> None:
    """Profiles of which nothing was known: copied straight to where they stay."""
    rows = derived.drop("folded").with_columns(
        derived_at=pl.lit(now, pl.Datetime("us", "UTC")), parameters=pl.lit(parameters, pl.Int64)
    )
    staging.copy_new(tx, "derived_profile", rows.sort("profile_id"))
    driver(tx).execute(QUEUE_NEW)
