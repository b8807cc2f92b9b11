"""The ledger of deliveries: what has landed, changed in the data's own transaction."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from cdp.store.landing.land import Delivered, Landed
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


def subject(tx: Connection, name: str) -> str:
    """Whether the records of the channel `name` are persons or accounts."""
    return tx.execute(select(channel.c.subject).where(channel.c.channel == name)).scalar_one()


@dataclass
class LandedFiles:
    """The files of a channel that landed: by name what came last and when it came, and all digests."""

    latest: dict[str, tuple[str, int, datetime]] = field(default_factory=dict)
    recorded: dict[str, list[datetime]] = field(default_factory=dict)
    digests: set[str] = field(default_factory=set)

    def add(self, name: str, sha256: str, size: int, modified_at: datetime, at: datetime) -> None:
        """Note a file that has landed."""
        self.latest[name] = (sha256, size, modified_at)
        self.recorded.setdefault(name, []).append(at)
        self.digests.add(sha256)

    def looks_known(self, name: str, size: int, modified_at: datetime) -> bool:
        """Whether the file needs not be opened: size and time are those that landed last."""
        return name in self.latest and self.latest[name][1:] == (size, modified_at)

    def says_nothing_new(self, name: str, sha256: str) -> bool:
        """Whether these bytes landed last under this name, or before under another.

        A file that returns to an earlier state is news: its name came with other bytes since.
        """
        return self.latest[name][0] == sha256 if name in self.latest else sha256 in self.digests


def landed_files(tx: Connection, name: str) -> LandedFiles:
    """The files of the channel `name` that have landed."""
    rows = tx.execute(
        select(delivery)
        .where(delivery.c.channel == name, delivery.c.sha256.is_not(None))
        .order_by(delivery.c.recorded_at, delivery.c.delivery_id)
    )
    files = LandedFiles()
    for row in rows:
        files.add(row.name, row.sha256, row.size, row.modified_at, row.recorded_at)
    return files


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
