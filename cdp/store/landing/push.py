"""Pushed messages in SQL: each taken once, counted by the day, and the profiles they touched."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import md5
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

from cdp.store import staging
from cdp.store.landing.land import Delivered, Landed

DECLARE = """
INSERT INTO channel (channel, subject, description, trust, synthetic, declared_at)
VALUES (:channel, :subject, :description, :trust, false, :declared_at) ON CONFLICT DO NOTHING"""

# In the order of the key, so that two landings that meet wait instead of blocking each other.
CLAIM = """
WITH said AS (SELECT unnest(CAST(:message_uids AS uuid[])) AS message_uid),
added AS (
    INSERT INTO pushed_message (channel, message_uid, recorded_at)
    SELECT :channel, message_uid, :recorded_at FROM said ORDER BY message_uid
    ON CONFLICT DO NOTHING RETURNING message_uid)
SELECT message_uid::text FROM said EXCEPT SELECT message_uid::text FROM added"""

# One line of the ledger for a day of a channel: pushed messages come in thousands of landings.
ENTER = """
INSERT INTO delivery AS d (delivery_id, channel, name, partition, rows_read, rows_accepted,
                           rows_quarantined, counts, recorded_at)
VALUES (:delivery_id, :channel, :name, :partition, :read, :accepted, :quarantined,
        jsonb_build_object('versions', CAST(:versions AS bigint), 'events', CAST(:events AS bigint),
                           'revised_events', CAST(:revised_events AS bigint)), :recorded_at)
ON CONFLICT (delivery_id) DO UPDATE SET
    rows_read = d.rows_read + excluded.rows_read,
    rows_accepted = d.rows_accepted + excluded.rows_accepted,
    rows_quarantined = d.rows_quarantined + excluded.rows_quarantined,
    counts = (SELECT jsonb_object_agg(key, CAST(value AS bigint)
                                      + coalesce(CAST(d.counts ->> key AS bigint), 0))
              FROM jsonb_each_text(excluded.counts))"""

QUARANTINE = """
INSERT INTO quarantine (quarantine_id, channel, delivery_id, delivery, row, field, rule, value,
                        reason, raw, state, recorded_at)
SELECT uuidv7(), :channel, :delivery_id, :name, row, field, rule, value, reason, raw, 'open',
       :recorded_at
FROM staged_reject ORDER BY row"""

# Those that `graph.mark_stale` has queued.
TOUCHED = """
SELECT profile_id::text FROM (
    SELECT s.profile_id FROM touched_record JOIN source_record AS s USING (record_uid)
    UNION SELECT record_uid FROM moved_profile) AS touched"""


def declare(
    tx: Connection, *, channel: str, subject: str, description: str, trust: int, at: datetime
) -> None:
    """Have the channel; one that is declared otherwise stays as it is."""
    facts = {"subject": subject, "description": description, "trust": trust, "declared_at": at}
    tx.execute(text(DECLARE), {"channel": channel, **facts})


def claim(
    tx: Connection, channel: str, message_uids: Iterable[str], recorded_at: datetime
) -> set[str]:
    """Note that the channel said these messages; those of them that it had said before."""
    # As one text: the driver would look at each element of a list.
    said = f"{{{','.join(message_uids)}}}"
    facts = {"channel": channel, "message_uids": said, "recorded_at": recorded_at}
    return set(tx.execute(text(CLAIM), facts).scalars())


def is_pushed(tx: Connection, channel: str) -> bool:
    """Whether messages were pushed to the channel, taken or refused."""
    asked = "SELECT EXISTS (SELECT FROM pushed_message WHERE channel = :channel)"
    return tx.execute(text(asked), {"channel": channel}).scalar_one()


def day_of(channel: str, recorded_at: datetime) -> Delivered:
    """The delivery that everything pushed to `channel` on one day (UTC) belongs to."""
    day = recorded_at.date().isoformat()
    name = f"push {day}"
    delivery_id = UUID(bytes=md5(f"{channel}\x1f{name}".encode()).digest())  # noqa: S324  an id
    return Delivered(delivery_id, channel, name, recorded_at, recorded_at, corrects=False)


def enter(tx: Connection, delivered: Delivered, landed: Landed) -> None:
    """Add what was landed to the day's line of the ledger."""
    facts = {
        "delivery_id": delivered.delivery_id,
        "channel": delivered.channel,
        "name": delivered.name,
        "partition": delivered.recorded_at.date().isoformat(),
        "recorded_at": delivered.recorded_at,
    }
    tx.execute(text(ENTER), facts | asdict(landed) | {"accepted": landed.accepted})


def quarantine(tx: Connection, delivered: Delivered, rejects: pl.DataFrame) -> None:
    """Put messages that cannot be taken aside."""
    staging.truncate(tx, ("staged_reject",))
    staging.copy_in(tx, "staged_reject", rejects)
    facts = {"channel": delivered.channel, "recorded_at": delivered.recorded_at}
    origin = {"delivery_id": delivered.delivery_id, "name": delivered.name}
    tx.execute(text(QUARANTINE), facts | origin)


def touched_profiles(tx: Connection) -> Sequence[str]:
    """The profiles that this transaction has changed; ask after `resolve`."""
    return tx.execute(text(TOUCHED)).scalars().all()
