"""Webhooks: subscriptions with a place in the changes feed, and the deliveries that wait."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cdp.errors import WebhookNotFound
from cdp.store.audience import cells
from cdp.store.profile import changes
from cdp.store.profile.read import rows

CHANGES_IN_A_DELIVERY = 100
# A change of a cell is of the kind `segment.entered`, `situation.left`, ...
DONE = {"enter": "entered", "leave": "left"}
CELL_KINDS = tuple(f"{dimension}.{done}" for dimension in cells.TOLD for done in DONE.values())
# Beyond these the feed itself is the queue.
MOST_WAITING = 10

ADD = """
INSERT INTO webhook
    (webhook_id, url, kinds, secret, position, cell_position, created_at, removed_at)
VALUES (uuidv7(), %(url)s, %(kinds)s, %(secret)s, %(position)s, %(cell_position)s, %(at)s, NULL)
RETURNING webhook_id"""
EVERY = """
SELECT w.webhook_id, w.url, w.kinds, w.created_at,
       (SELECT count(*) FROM webhook_delivery AS d
        WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting') AS waiting,
       (SELECT count(*) FROM webhook_delivery AS d
        WHERE d.webhook_id = w.webhook_id AND d.state = 'dead') AS dead,
       (SELECT count(*) FROM profile_change AS c WHERE c.position > w.position) AS behind
FROM webhook AS w WHERE w.removed_at IS NULL ORDER BY w.created_at"""
REMOVE = """
UPDATE webhook SET removed_at = %s WHERE webhook_id = %s AND removed_at IS NULL
RETURNING webhook_id"""
DROP_DELIVERIES = "DELETE FROM webhook_delivery WHERE webhook_id = %s"

# Whoever holds the row fills the queue; others pass it over.
BEHIND = """
SELECT w.webhook_id, w.position, w.kinds FROM webhook AS w
WHERE w.removed_at IS NULL
  AND w.position < (SELECT coalesce(max(position), 0) FROM profile_change)
  AND (SELECT count(*) FROM webhook_delivery AS d
       WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting') < %s
FOR UPDATE OF w SKIP LOCKED"""
QUEUE = """
INSERT INTO webhook_delivery
    (delivery_id, webhook_id, changes, state, attempts, created_at, due_at, delivered_at, answer)
VALUES (uuidv7(), %(webhook_id)s, %(changes)s, 'waiting', 0, %(at)s, %(at)s, NULL, NULL)"""
MOVE = "UPDATE webhook SET position = %s WHERE webhook_id = %s"
# The same of the changes of cells; a webhook made before there were any begins with the first.
BEHIND_IN_CELLS = """
SELECT w.webhook_id, coalesce(w.cell_position, 0) AS position, w.kinds FROM webhook AS w
WHERE w.removed_at IS NULL AND w.kinds ?| %s
  AND coalesce(w.cell_position, 0) < (SELECT coalesce(max(position), 0) FROM cell_change)
  AND (SELECT count(*) FROM webhook_delivery AS d
       WHERE d.webhook_id = w.webhook_id AND d.state = 'waiting') < %s
FOR UPDATE OF w SKIP LOCKED"""
MOVE_IN_CELLS = "UPDATE webhook SET cell_position = %s WHERE webhook_id = %s"

# A claim is a lease: of a courier that dies, the delivery is due again when the lease ends.
CLAIM = """
UPDATE webhook_delivery AS d SET attempts = d.attempts + 1, due_at = %(leased_until)s
FROM webhook AS w
WHERE w.webhook_id = d.webhook_id AND d.delivery_id IN (
    SELECT first.delivery_id FROM (
        SELECT DISTINCT ON (webhook_id) webhook_id, delivery_id FROM webhook_delivery
        WHERE state = 'waiting' AND due_at <= %(at)s AND webhook_id <> ALL(%(busy)s::uuid[])
        ORDER BY webhook_id, due_at, delivery_id) AS first
    JOIN webhook_delivery AS row USING (delivery_id)
    LIMIT %(limit)s FOR UPDATE OF row SKIP LOCKED)
  AND d.state = 'waiting' AND d.due_at <= %(at)s
RETURNING d.delivery_id, d.webhook_id, d.changes, d.attempts, d.created_at, w.url, w.secret"""
DELIVERED = """
UPDATE webhook_delivery SET state = 'delivered', delivered_at = %s, answer = %s
WHERE delivery_id = %s"""
FAILED = """
UPDATE webhook_delivery SET state = %s, due_at = %s, answer = %s
WHERE delivery_id = %s AND state = 'waiting'"""
DEAD = """
SELECT delivery_id, webhook_id, created_at, attempts, answer,
       jsonb_array_length(changes) AS changes
FROM webhook_delivery WHERE state = 'dead' ORDER BY delivery_id LIMIT %s"""
REPLAY = """
UPDATE webhook_delivery SET state = 'waiting', attempts = 0, due_at = %(at)s
WHERE state = 'dead' AND (%(ids)s::uuid[] IS NULL OR delivery_id = ANY(%(ids)s)
                          OR webhook_id = ANY(%(ids)s))"""
FORGET = "DELETE FROM webhook_delivery WHERE state = 'delivered' AND delivered_at < %s"


@dataclass(frozen=True)
class Delivery:
    """What a courier has claimed: whom to tell what."""

    delivery_id: UUID
    webhook_id: UUID
    changes: list[dict[str, Any]]
    attempts: int
    created_at: datetime
    url: str
    secret: str


def add(
    connection: psycopg.Connection, url: str, kinds: Collection[str], secret: str, at: datetime
) -> UUID:
    """Subscribe an address to what changes from now on; the webhook's id."""
    said = {"url": url, "kinds": Jsonb(sorted(kinds)), "secret": secret, "at": at}
    places = {"position": changes.last(connection), "cell_position": cells.last(connection)}
    found = rows(connection, ADD, said | places)
    return found[0]["webhook_id"]


def every(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """The webhooks, with how many deliveries wait or are dead."""
    return rows(connection, EVERY)


def remove(connection: psycopg.Connection, webhook_id: UUID, at: datetime) -> None:
    """End a webhook and forget its deliveries. Raises WebhookNotFound."""
    with connection.transaction():
        if not rows(connection, REMOVE, (at, webhook_id)):
            raise WebhookNotFound
        connection.execute(DROP_DELIVERIES, (webhook_id,))


def fill(connection: psycopg.Connection, at: datetime) -> int:
    """Queue a delivery for each webhook that is behind the feed; how many webhooks moved on."""
    with connection.transaction():
        behind = rows(connection, BEHIND, (MOST_WAITING,))
        for webhook in behind:
            _queue_profiles(connection, webhook, at)
        moved = rows(connection, BEHIND_IN_CELLS, (list(CELL_KINDS), MOST_WAITING))
        for webhook in moved:
            _queue_cells(connection, webhook, at)
    return len(behind) + len(moved)


def _queue_profiles(connection: psycopg.Connection, webhook: dict[str, Any], at: datetime) -> None:
    found = changes.since(connection, webhook["position"], CHANGES_IN_A_DELIVERY)
    told = [
        {
            "kind": row["kind"],
            "profile_id": str(row["profile_id"]),
            "merged_into": row["merged_into"] and str(row["merged_into"]),
            "changed_at": row["changed_at"].isoformat(),
        }
        for row in found
        if row["kind"] in webhook["kinds"]
    ]
    _queue(connection, webhook, told, at)
    if found:
        connection.execute(MOVE, (found[-1]["position"], webhook["webhook_id"]))


def _queue_cells(connection: psycopg.Connection, webhook: dict[str, Any], at: datetime) -> None:
    found = cells.since(connection, webhook["position"], CHANGES_IN_A_DELIVERY)
    kinds = [f"{row['dimension']}.{DONE[row['change']]}" for row in found]
    told = [
        {
            "kind": kind,
            row["dimension"]: row["cell"],
            "profile_id": str(row["profile_id"]),
            "changed_at": row["changed_at"].isoformat(),
        }
        for kind, row in zip(kinds, found, strict=True)
        if kind in webhook["kinds"]
    ]
    _queue(connection, webhook, told, at)
    if found:
        connection.execute(MOVE_IN_CELLS, (found[-1]["position"], webhook["webhook_id"]))


def _queue(
    connection: psycopg.Connection, webhook: dict[str, Any], told: list[Any], at: datetime
) -> None:
    if told:
        said = {"webhook_id": webhook["webhook_id"], "changes": Jsonb(told), "at": at}
        connection.execute(QUEUE, said)


def claim(
    connection: psycopg.Connection,
    at: datetime,
    lease: timedelta,
    busy: Collection[UUID],
    limit: int,
) -> list[Delivery]:
    """Due deliveries, one of each webhook that is not `busy`, ours until the lease ends."""
    said = {"at": at, "leased_until": at + lease, "busy": list(busy), "limit": limit}
    return [Delivery(**row) for row in rows(connection, CLAIM, said)]


def delivered(connection: psycopg.Connection, delivery_id: UUID, answer: str, at: datetime) -> None:
    """Note that a delivery arrived."""
    connection.execute(DELIVERED, (at, answer, delivery_id))


def failed(
    connection: psycopg.Connection, delivery_id: UUID, answer: str, due_at: datetime | None
) -> None:
    """Note that a delivery failed: due again at `due_at`, or dead (None)."""
    state, due = ("waiting", due_at) if due_at else ("dead", "infinity")
    connection.execute(FAILED, (state, due, answer, delivery_id))


def dead(connection: psycopg.Connection, limit: int) -> list[dict[str, Any]]:
    """Deliveries that were given up, oldest first."""
    return rows(connection, DEAD, (limit,))


def replay(connection: psycopg.Connection, ids: Collection[UUID] | None, at: datetime) -> int:
    """Have dead deliveries (of these ids or webhooks; None: all) tried anew; how many."""
    said = {"ids": None if ids is None else list(ids), "at": at}
    return connection.execute(REPLAY, said).rowcount


def forget_delivered(connection: psycopg.Connection, before: datetime) -> None:
    """Drop what was delivered before a time."""
    connection.execute(FORGET, (before,))
