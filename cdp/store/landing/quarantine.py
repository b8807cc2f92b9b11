"""The quarantine in SQL: rows that broke their channel's contract, waiting to be mended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection, text

# What waits is an object or a text. Messages that were neither (null, a number, a list) used to be
# kept as they came: those read as the text of their JSON, as they are kept now.
RAW = """CASE WHEN jsonb_typeof(raw) IN ('object', 'string') THEN raw
    ELSE to_jsonb(raw::text) END AS raw"""
SHOWN = f"""quarantine_id, channel, delivery, row, field, rule, value, reason, {RAW}, state, recorded_at,
    replayed_at"""

LIST = f"""
SELECT {SHOWN} FROM quarantine
WHERE (CAST(:channel AS text) IS NULL OR channel = :channel)
  AND (CAST(:state AS text) IS NULL OR state = :state)
ORDER BY recorded_at DESC, quarantine_id LIMIT :limit"""

SHOW = f"SELECT {SHOWN} FROM quarantine WHERE quarantine_id = ANY(:ids) ORDER BY quarantine_id"

# A delivery's own time is its partition, else the time of its file, else when it was recorded.
DELIVERIES = """
SELECT q.delivery_id, q.delivery,
    coalesce((min(d.partition) || 'T00:00:00Z')::timestamptz, min(d.modified_at),
             min(d.recorded_at), min(q.recorded_at)) AS delivered_at
FROM quarantine AS q LEFT JOIN delivery AS d USING (delivery_id)
WHERE q.channel = :channel AND q.state = 'open'
  AND (CAST(:ids AS uuid[]) IS NULL OR q.quarantine_id = ANY(:ids))
GROUP BY q.delivery_id, q.delivery
ORDER BY min(q.recorded_at), q.delivery_id"""

TAKE = f"""
SELECT quarantine_id, row, {RAW} FROM quarantine
WHERE delivery_id = :delivery_id AND state = 'open'
  AND (CAST(:ids AS uuid[]) IS NULL OR quarantine_id = ANY(:ids))
  AND (CAST(:after AS uuid) IS NULL OR quarantine_id > :after)
ORDER BY quarantine_id LIMIT :limit FOR UPDATE SKIP LOCKED"""

CLOSE = """
UPDATE quarantine SET state = 'replayed', replayed_at = :replayed_at
WHERE quarantine_id = ANY(:ids)"""

SUPERSEDE = """
UPDATE quarantine SET state = 'superseded', replayed_at = :at
WHERE channel = :channel AND delivery = :delivery AND state = 'open'"""

FAIL = """
UPDATE quarantine AS q SET field = f.field, rule = f.rule, value = f.value, reason = f.reason
FROM unnest(CAST(:ids AS uuid[]), CAST(:fields AS text[]), CAST(:rules AS text[]),
            CAST(:values AS text[]), CAST(:reasons AS text[])) AS f (id, field, rule, value, reason)
WHERE q.quarantine_id = f.id
  AND (q.field, q.rule, q.value, q.reason) IS DISTINCT FROM (f.field, f.rule, f.value, f.reason)"""


def supersede(tx: Connection, channel: str, delivery: str, at: datetime) -> None:
    """Close the open rows of a file that is delivered again: what is still wrong comes anew."""
    tx.execute(text(SUPERSEDE), {"channel": channel, "delivery": delivery, "at": at})


def listed(
    tx: Connection, *, channel: str | None, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """The newest rows, of one channel and in one state where these are given."""
    parameters = {"channel": channel, "state": state, "limit": limit}
    return [dict(row) for row in tx.execute(text(LIST), parameters).mappings()]


def channels(tx: Connection) -> list[str]:
    """The channels that the store has heard of."""
    return list(tx.execute(text("SELECT channel FROM channel ORDER BY channel")).scalars())


def shown(tx: Connection, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The rows with these ids, as far as there are any."""
    return [dict(row) for row in tx.execute(text(SHOW), {"ids": list(ids)}).mappings()]


def open_deliveries(
    tx: Connection, channel: str, ids: Sequence[UUID] | None
) -> list[tuple[UUID, str, datetime]]:
    """Id, name and own time of the deliveries that have open rows (among `ids`), oldest first."""
    parameters = {"channel": channel, "ids": None if ids is None else list(ids)}
    return [tuple(row) for row in tx.execute(text(DELIVERIES), parameters)]


def take(
    tx: Connection,
    delivery_id: UUID,
    ids: Sequence[UUID] | None,
    after: UUID | None,
    limit: int | None,
) -> list[tuple[UUID, int, Any]]:
    """Up to `limit` open rows of a delivery behind `after`, for this transaction alone.

    Each is its id, its row number and the raw row.
    """
    parameters = {
        "delivery_id": delivery_id,
        "ids": None if ids is None else list(ids),
        "after": after,
        "limit": limit,
    }
    return [tuple(row) for row in tx.execute(text(TAKE), parameters)]


def close(tx: Connection, ids: Sequence[UUID], replayed_at: datetime) -> None:
    """Note that these rows have been replayed."""
    tx.execute(text(CLOSE), {"ids": list(ids), "replayed_at": replayed_at})


def fail(tx: Connection, failed: pl.DataFrame) -> None:
    """Give rows (quarantine_id, field, rule, value, reason) the reason why they failed again."""
    tx.execute(
        text(FAIL),
        {
            "ids": failed["quarantine_id"].to_list(),
            "fields": failed["field"].to_list(),
            "rules": failed["rule"].to_list(),
            "values": failed["value"].to_list(),
            "reasons": failed["reason"].to_list(),
        },
    )
