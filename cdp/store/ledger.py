"""The ledger of deliveries: what has landed, changed in the data's own transaction."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from cdp.store.land import Delivered, Landed
from cdp.store.tables import channel, delivery


def declare_channel(tx: Connection, declared_at: datetime, **facts: Any) -> None:
    """Make `facts` (channel, subject, description, trust, synthetic) the channel's row."""
    said = insert(channel).values(declared_at=declared_at, **facts)
    changed = [channel.c[name].is_distinct_from(said.excluded[name]) for name in facts]
    tx.execute(
        said.on_conflict_do_update(
            index_elements=["channel"],
            set_={name: said.excluded[name] for name in (*facts, "declared_at")},
            where=or_(*changed),
        )
    )


def known_files(tx: Connection, name: str) -> set[tuple[str, int, datetime]]:
    """Path, size and time of each landed file of the channel: enough to pass it over unread."""
    rows = tx.execute(
        select(delivery.c.name, delivery.c.size, delivery.c.modified_at).where(
            delivery.c.channel == name, delivery.c.modified_at.is_not(None)
        )
    )
    return {(row.name, row.size, row.modified_at) for row in rows}


def known_digests(tx: Connection, name: str) -> set[str]:
    """The sha256 of each landed file of the channel: the same bytes never land twice."""
    rows = tx.execute(
        select(delivery.c.sha256).where(delivery.c.channel == name, delivery.c.sha256.is_not(None))
    )
    return set(rows.scalars())


def watermark(tx: Connection, name: str) -> str | None:
    """Where the last landed delivery of a table or REST channel ended."""
    return tx.execute(
        select(delivery.c.watermark)
        .where(delivery.c.channel == name, delivery.c.watermark.is_not(None))
        .order_by(delivery.c.recorded_at.desc(), delivery.c.delivery_id.desc())
        .limit(1)
    ).scalar_one_or_none()


def enter(tx: Connection, delivered: Delivered, landed: Landed, **facts: Any) -> None:
    """Enter a landed delivery: `facts` are sha256, partition, watermark, size and modified_at."""
    counts = asdict(landed)
    tx.execute(
        insert(delivery).values(
            delivery_id=delivered.delivery_id,
            channel=delivered.channel,
            name=delivered.name,
            rows_read=counts.pop("read"),
            rows_quarantined=counts.pop("quarantined"),
            rows_accepted=landed.accepted,
            counts=counts,
            recorded_at=delivered.recorded_at,
            **facts,
        )
    )


def new_id(tx: Connection) -> UUID:
    """A time-ordered id."""
    return tx.execute(text("SELECT uuidv7()")).scalar_one()
