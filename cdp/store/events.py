"""Events: landed once each, corrected where said otherwise, and counted per record."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

EVENT_FACTS = (
    "occurred_at, kind, order_id, product, category, quantity, amount, discount, currency, score, "
    "properties"
)
_OURS = ", ".join(f"event.{fact}" for fact in EVENT_FACTS.split(", "))
_THEIRS = ", ".join(f"excluded.{fact}" for fact in EVENT_FACTS.split(", "))

# Known message ids with the same facts change nothing; with other facts they correct the event,
# whose former facts are kept in event_revision. What was corrected does not come back by being
# said again: an old file read once more changes nothing.
INSERT_EVENTS = f"""
WITH landed AS (
    INSERT INTO event (record_uid, event_id, {EVENT_FACTS}, recorded_at)
    SELECT k.record_uid, md5(s.message_id)::uuid, {EVENT_FACTS}, :recorded_at
    FROM staged_event AS s JOIN staged_key AS k USING (record_key)
    ORDER BY k.record_uid, s.occurred_at
    ON CONFLICT (record_uid, event_id) DO UPDATE
        SET ({EVENT_FACTS}, recorded_at) = ROW ({_THEIRS}, excluded.recorded_at)
        WHERE ({_OURS})
              IS DISTINCT FROM ({_THEIRS})
          AND NOT EXISTS (
              SELECT FROM event_revision AS former
              WHERE former.record_uid = excluded.record_uid AND former.event_id = excluded.event_id
                AND former.event - 'recorded_at' = to_jsonb(excluded) - 'recorded_at')
    RETURNING new.record_uid, new.kind, new.currency, new.amount, new.discount, new.score,
              new.occurred_at, old.event_id AS event_id, old.recorded_at AS recorded_at,
              CASE WHEN old.event_id IS NOT NULL THEN to_jsonb(old) END AS former),
revised AS (
    INSERT INTO event_revision (record_uid, event_id, superseded_at, recorded_at, event)
    SELECT record_uid, event_id, :recorded_at, recorded_at, former FROM landed
    WHERE event_id IS NOT NULL
    RETURNING record_uid),
noted AS (INSERT INTO revised_event SELECT DISTINCT record_uid FROM revised),
added AS (
    INSERT INTO landed_aggregate
    SELECT record_uid, kind, coalesce(currency, ''), count(*), coalesce(sum(amount), 0),
           coalesce(sum(discount), 0), count(score), coalesce(sum(score), 0),
           min(occurred_at), max(occurred_at)
    FROM landed WHERE event_id IS NULL
    GROUP BY record_uid, kind, coalesce(currency, '')
    RETURNING events)
SELECT coalesce((SELECT sum(events) FROM added), 0)::bigint, (SELECT count(*) FROM revised)
"""

# A file delivered again may say that an event belongs to another record: of what it said before,
# an event that it now says of another record only is taken from the first.
NOTE_REDELIVERED = """
INSERT INTO redelivered_event
SELECT k.record_uid, md5(s.message_id)::uuid
FROM staged_event AS s JOIN staged_key AS k USING (record_key)"""
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

ADD_AGGREGATES = """
INSERT INTO record_aggregate
    (record_uid, kind, currency, events, amount, discount, scores, score, first_at, last_at)
SELECT record_uid, kind, currency, sum(events), sum(amount), sum(discount), sum(scores), sum(score),
       min(first_at), max(last_at)
FROM landed_aggregate WHERE record_uid NOT IN (SELECT record_uid FROM revised_event)
GROUP BY record_uid, kind, currency ORDER BY record_uid
ON CONFLICT (record_uid, kind, currency) DO UPDATE
    SET events = record_aggregate.events + excluded.events,
        amount = record_aggregate.amount + excluded.amount,
        discount = record_aggregate.discount + excluded.discount,
        scores = record_aggregate.scores + excluded.scores,
        score = record_aggregate.score + excluded.score,
        first_at = least(record_aggregate.first_at, excluded.first_at),
        last_at = greatest(record_aggregate.last_at, excluded.last_at)
"""

# A minimum cannot be taken back by subtraction: records with a corrected event are counted anew.
RECOUNT_REVISED = (
    "DELETE FROM record_aggregate WHERE record_uid IN (SELECT record_uid FROM revised_event)",
    """
INSERT INTO record_aggregate
    (record_uid, kind, currency, events, amount, discount, scores, score, first_at, last_at)
SELECT record_uid, kind, coalesce(currency, ''), count(*), coalesce(sum(amount), 0),
       coalesce(sum(discount), 0), count(score), coalesce(sum(score), 0), min(occurred_at),
       max(occurred_at)
FROM event WHERE record_uid IN (SELECT record_uid FROM revised_event)
GROUP BY record_uid, kind, coalesce(currency, '')
""",
)

TOUCH_COUNTED = """
INSERT INTO touched_record
SELECT record_uid, false FROM landed_aggregate
UNION SELECT record_uid, false FROM revised_event
"""


def insert_staged(tx: Connection, recorded_at: datetime) -> tuple[int, int]:
    """Land the staged events; how many are new, and how many corrected another."""
    added, revised = tx.execute(text(INSERT_EVENTS), {"recorded_at": recorded_at}).one()
    return added, revised


def note_redelivered(tx: Connection) -> None:
    """Remember the staged events as said by a file that was delivered before."""
    tx.execute(text(NOTE_REDELIVERED))


def take_back_moved(
    tx: Connection, channel: str, earlier: Sequence[datetime], recorded_at: datetime
) -> None:
    """Take from other records what the file, delivered before at `earlier`, now says of new ones."""
    tx.execute(text("ANALYZE redelivered_event"))
    parameters = {"channel": channel, "earlier": list(earlier), "recorded_at": recorded_at}
    tx.execute(text(TAKE_BACK_MOVED), parameters)
    tx.execute(text("TRUNCATE redelivered_event"))


def count(tx: Connection) -> None:
    """Add what this transaction landed to the partial aggregates, and note the touched records."""
    tx.execute(text("ANALYZE landed_aggregate, revised_event"))
    tx.execute(text(ADD_AGGREGATES))
    for statement in RECOUNT_REVISED:
        tx.execute(text(statement))
    tx.execute(text(TOUCH_COUNTED))
