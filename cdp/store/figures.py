"""Figures of the store that the asset checks judge."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, select, union

from cdp.errors import ProfileNotFound
from cdp.store.database import Database
from cdp.store.tables import (
    delivery,
    derive_parameters,
    derived_profile,
    profile,
    quarantine,
    record_aggregate,
    record_identifier,
    source_record,
    stale_profile,
    touched_profile,
    underived_profile,
)

HISTORY_DELIVERIES = 30


@dataclass(frozen=True)
class Rows:
    """Rows of some deliveries by what became of them."""

    read: int = 0
    accepted: int = 0
    quarantined: int = 0

    @property
    def reject_rate(self) -> float:
        """Share of quarantined rows, 0..1."""
        return self.quarantined / self.read if self.read else 0.0


@dataclass(frozen=True)
class ChannelFigures:
    """What a channel holds, and what came since a moment ("new")."""

    records: int
    largest: int  # records of this channel in one profile
    new_records: int
    joined: int  # new records that belong to a profile older than themselves
    new_identifiers: int  # of the new records
    new: Rows  # by the ledger
    in_quarantine: int  # rows that lie there from the new deliveries
    earlier: Rows  # of the last deliveries before
    landed_at: datetime | None  # when the last delivery was recorded
    newest_event: datetime | None

    @property
    def match_rate(self) -> float:
        """Share of the new records that joined an older profile, 0..1."""
        return self.joined / self.new_records if self.new_records else 0.0

    @property
    def identifiers_per_record(self) -> float:
        """Identifiers that a new record brought, on average."""
        return self.new_identifiers / self.new_records if self.new_records else 0.0


def channel_figures(database: Database, channel: str, since: datetime) -> ChannelFigures:
    """The figures of `channel`; what was recorded at or after `since` is new."""
    with database.transaction() as tx:
        records = _records(tx, channel, since)
        return ChannelFigures(
            **records,
            new_identifiers=_identifiers(tx, channel, since) if records["new_records"] else 0,
            new=_rows(tx, and_(delivery.c.channel == channel, delivery.c.recorded_at >= since)),
            in_quarantine=_quarantined(tx, channel, since),
            earlier=_earlier_rows(tx, channel, since),
            landed_at=tx.execute(
                select(func.max(delivery.c.recorded_at)).where(delivery.c.channel == channel)
            ).scalar_one(),
            newest_event=tx.execute(
                select(func.max(record_aggregate.c.last_at))
                .join(source_record, source_record.c.record_uid == record_aggregate.c.record_uid)
                .where(source_record.c.channel == channel)
            ).scalar_one(),
        )


def _records(tx: Connection, channel: str, since: datetime) -> dict[str, int]:
    fresh = source_record.c.recorded_at >= since
    joined = source_record.c.profile_id != source_record.c.record_uid
    per_profile = (
        select(
            func.count().label("records"),
            func.count().filter(fresh).label("new_records"),
            func.count().filter(fresh, joined).label("joined"),
        )
        .where(source_record.c.channel == channel)
        .group_by(source_record.c.profile_id)
        .subquery()
    )
    names = ("records", "new_records", "joined")
    sums = [func.coalesce(func.sum(per_profile.c[name]), 0).label(name) for name in names]
    largest = func.coalesce(func.max(per_profile.c.records), 0).label("largest")
    row = tx.execute(select(*sums, largest)).mappings().one()
    return {name: int(value) for name, value in row.items()}


def _identifiers(tx: Connection, channel: str, since: datetime) -> int:
    return tx.execute(
        select(func.count())
        .select_from(source_record)
        .join(record_identifier, record_identifier.c.record_uid == source_record.c.record_uid)
        .where(source_record.c.channel == channel, source_record.c.recorded_at >= since)
    ).scalar_one()


def _rows(tx: Connection, chosen: ColumnElement[bool]) -> Rows:
    counts = (delivery.c.rows_read, delivery.c.rows_accepted, delivery.c.rows_quarantined)
    row = tx.execute(select(*(func.coalesce(func.sum(c), 0) for c in counts)).where(chosen)).one()
    return Rows(*(int(value) for value in row))


def _earlier_rows(tx: Connection, channel: str, since: datetime) -> Rows:
    last = (
        select(delivery.c.delivery_id)
        .where(delivery.c.channel == channel, delivery.c.recorded_at < since)
        .order_by(delivery.c.recorded_at.desc(), delivery.c.delivery_id.desc())
        .limit(HISTORY_DELIVERIES)
    )
    return _rows(tx, delivery.c.delivery_id.in_(last))


def _quarantined(tx: Connection, channel: str, since: datetime) -> int:
    return tx.execute(
        select(func.count())
        .select_from(quarantine)
        .join(delivery, delivery.c.delivery_id == quarantine.c.delivery_id)
        .where(delivery.c.channel == channel, delivery.c.recorded_at >= since)
    ).scalar_one()


@dataclass(frozen=True)
class ProfileFigures:
    """What the fold has made of all source records."""

    profiles: int
    folded_records: int
    source_records: int
    largest: int
    stale: int  # profiles that wait to be folded


def profile_figures(database: Database) -> ProfileFigures:
    """The figures of all profiles, taken at one moment."""
    with database.transaction() as tx:
        records = select(func.count()).select_from(source_record).scalar_subquery()
        waiting = union(select(touched_profile), select(stale_profile)).subquery()
        stale = select(func.count()).select_from(waiting).scalar_subquery()
        row = tx.execute(
            select(
                func.count(),
                func.coalesce(func.sum(profile.c.records), 0),
                records,
                func.coalesce(func.max(profile.c.records), 0),
                stale,
            ).select_from(profile)
        ).one()
    return ProfileFigures(*(int(value) for value in row))


@dataclass(frozen=True)
class ConclusionFigures:
    """What has been concluded of the profiles."""

    profiles: int
    derived: int  # profiles that have computed traits
    waiting: int  # profiles that wait to be derived
    parameters: int  # version of the fitted figures; 0 before the first fit


def conclusion_figures(database: Database) -> ConclusionFigures:
    """The figures of all conclusions, taken at one moment."""
    counts = [
        select(func.count()).select_from(each)
        for each in (profile, derived_profile, underived_profile)
    ]
    version = select(func.coalesce(func.max(derive_parameters.c.version), 0))
    with database.transaction() as tx:
        row = tx.execute(select(*(each.scalar_subquery() for each in (*counts, version)))).one()
    return ConclusionFigures(*(int(value) for value in row))


def best_known_profile(database: Database) -> UUID:
    """The person known from most channels, and there by the fewest records.

    Raises ProfileNotFound while there is none.
    """
    known = func.jsonb_array_length(profile.c.body["channels"])
    with database.transaction() as tx:
        found = tx.execute(
            select(profile.c.profile_id)
            .where(profile.c.subject == "person")
            .order_by(known.desc(), profile.c.records, profile.c.profile_id)
            .limit(1)
        ).scalar_one_or_none()
    if found is None:
        raise ProfileNotFound("there is no profile of a person yet; run `make demo`")
    return found
