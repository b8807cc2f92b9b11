"""Events: landed once each, and corrected where said otherwise."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from hashlib import md5

import duckdb
import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging

EVENT_FACTS = (
    "occurred_at, kind, order_id, product, category, quantity, amount, discount, currency, score, "
    "properties"
)
_OURS = ", ".join(f"e.{fact}" for fact in EVENT_FACTS.split(", "))
_THEIRS = ", ".join(f"s.{fact}" for fact in EVENT_FACTS.split(", "))

# Only a record that was there before can have events.
KNOWN = """
SELECT s.n FROM staged_event_id AS s
WHERE EXISTS (SELECT FROM event AS e WHERE e.record_uid = s.record_uid AND e.event_id = s.event_id)
"""

# Known message ids with the same facts change nothing; with other facts they correct the event,
# whose former facts are kept in event_revision. What was corrected does not come back by being
# said again: an old file read once more changes nothing.
REVISE = f"""
WITH revised AS (
    UPDATE event AS e SET ({EVENT_FACTS}, recorded_at) = ROW ({_THEIRS}, :recorded_at)
    FROM staged_event AS s
    WHERE e.record_uid = s.record_uid AND e.event_id = s.event_id
      AND ({_OURS}) IS DISTINCT FROM ({_THEIRS})
      AND NOT EXISTS (
          SELECT FROM event_revision AS former
          WHERE former.record_uid = s.record_uid AND former.event_id = s.event_id
            AND former.event - 'recorded_at' = to_jsonb(s))
    RETURNING old.record_uid, old.event_id, old.recorded_at, to_jsonb(old) AS former),
kept AS (
    INSERT INTO event_revision (record_uid, event_id, superseded_at, recorded_at, event)
    SELECT record_uid, event_id, :recorded_at + (
               SELECT count(*) FROM event_revision AS earlier
               WHERE earlier.record_uid = revised.record_uid
                 AND earlier.event_id = revised.event_id) * interval '1 microsecond',
           recorded_at, former
    FROM revised
    RETURNING record_uid),
noted AS (INSERT INTO revised_event SELECT DISTINCT record_uid FROM kept)
SELECT count(*) FROM kept
"""

# A file delivered again may say that an event belongs to another record: of what it said before,
# an event that it now says of another record only is taken from the first.
TAKE_BACK_MOVED = """
WITH moved AS (
    DELETE FROM event AS e USING source_record AS r
    WHERE e.recorded_at = ANY(:earlier) AND r.record_uid = e.record_uid AND r.channel = :channel
      AND e.event_id IN (SELECT event_id FROM redelivered_event)
      AND NOT EXISTS (SELECT FROM redelivered_event AS now
                      WHERE now.record_uid = e.record_uid AND now.event_id = e.event_id)
    RETURNING e.*),
kept AS (
    INSERT INTO event_revision (record_uid, event_id, superseded_at, recorded_at, event)
    SELECT record_uid, event_id, :recorded_at, recorded_at, to_jsonb(moved) FROM moved
    RETURNING record_uid)
INSERT INTO revised_event SELECT DISTINCT record_uid FROM kept"""


def land_events(
    tx: Connection,
    events: pl.DataFrame,
    keys: pl.DataFrame,
    recorded_at: datetime,
    *,
    redelivered: bool = False,
) -> tuple[pl.DataFrame, int]:
    """Land events of the batch: the new ones, and how many corrected another.

    New events, which nearly all are, go straight into their table: by way of staging they cost
    twice as much. `keys` are record_key, record_uid, fresh; the new ones are returned with their
    record_uid. `redelivered` events may have to be taken from other records afterwards.
    """
    facts = _with_ids(events, keys)
    if redelivered:
        staging.copy_in(tx, "redelivered_event", facts.select("record_uid", "event_id"))
    known = _known(tx, facts)
    new = facts.lazy() if known.is_empty() else facts.lazy().join(known.lazy(), on="n", how="anti")
    new = new.drop("n", "fresh").sort("record_uid", "event_id").collect()
    staging.copy_new(tx, "event", new.with_columns(recorded_at=pl.lit(recorded_at)))
    if known.is_empty():
        return new, 0
    said_again = facts.join(known, on="n", how="semi").drop("n", "fresh")
    staging.copy_in(tx, "staged_event", said_again)
    return new, tx.execute(text(REVISE), {"recorded_at": recorded_at}).scalar_one()


def _with_ids(events: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """`events` with the uid of the record and the MD5 of the message id in place of them, and a number `n`."""
    hashed = _hashed if events.height >= staging.WORTH_ANALYZING else _hashed_one_by_one
    ids = hashed(events["message_id"])
    named = events.lazy().with_columns(event_id=ids).join(keys.lazy(), on="record_key")
    return named.drop("message_id", "record_key").with_row_index("n").collect()


def _hashed(messages: pl.Series) -> pl.Series:
    said = messages.to_frame("said")  # noqa: F841  DuckDB reads it by its name
    with _engine().cursor() as engine:
        return engine.sql("SELECT md5(said) AS event_id FROM said").pl()["event_id"]


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _hashed_one_by_one(messages: pl.Series) -> pl.Series:
    """The same; DuckDB takes some milliseconds to begin."""
    return pl.Series([md5(said.encode()).hexdigest() for said in messages], dtype=pl.String)  # noqa: S324  an id


def _known(tx: Connection, facts: pl.DataFrame) -> pl.DataFrame:
    """The numbers `n` of events that are in the store already."""
    asked = facts.lazy().filter(~pl.col("fresh")).select("n", "record_uid", "event_id")
    asked = asked.sort("record_uid", "event_id").collect()
    kind = {"n": facts.schema["n"]}
    if asked.is_empty():
        return pl.DataFrame(schema=kind)
    staging.copy_in(tx, "staged_event_id", asked)
    return staging.reader(asked.height)(tx, KNOWN, kind)


def take_back_moved(
    tx: Connection, channel: str, earlier: Sequence[datetime], recorded_at: datetime
) -> int:
    """Take from other records what the file, delivered before at `earlier`, now says of new ones.

    Returns:
        Of how many records something was taken.
    """
    staging.analyze(tx, "redelivered_event")
    parameters = {"channel": channel, "earlier": list(earlier), "recorded_at": recorded_at}
    taken = tx.execute(text(TAKE_BACK_MOVED), parameters).rowcount
    staging.truncate(tx, ("redelivered_event",))
    return taken
