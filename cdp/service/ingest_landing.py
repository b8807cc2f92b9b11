"""Pushed messages on the road that every channel's rows take: land, resolve, fold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection

from cdp.channel.push import batch
from cdp.channel.push.said import Said
from cdp.ingest import IngestReport, Landing
from cdp.model.batch import REJECTS, empty
from cdp.profile.traits import survivorship_rules
from cdp.store import push
from cdp.store.database import Database
from cdp.store.fold import fold_these
from cdp.store.land import Landed

DESCRIPTION = "Pushed over HTTP by the calls of the Segment spec."
TRUST = 50


@dataclass(frozen=True)
class Pushed:
    """A message and the channel it was pushed to."""

    channel: str
    said: Said


@dataclass(frozen=True)
class Outcome:
    """What became of some messages (`repeated` ones are among them), and the profiles to fold."""

    accepted: int = 0
    quarantined: int = 0
    repeated: int = 0
    stale: Sequence[UUID] = ()


def company_channel(channel: str) -> str:
    """The channel of the companies that messages of `channel` speak of."""
    return f"{channel}_groups"


def land(database: Database, pushed: Sequence[Pushed]) -> Outcome:
    """Land messages in one transaction, each once for ever; durable when this returns.

    Raises StoreError; then nothing was written.
    """
    by_channel: dict[str, list[Said]] = {}
    for each in pushed:
        by_channel.setdefault(each.channel, []).append(each.said)
    with database.transaction() as tx:
        landed, repeated = Landed(), 0
        landings: list[Landing] = []
        for channel in sorted(by_channel):
            added, known = _land_channel(tx, landings, channel, by_channel[channel])
            landed, repeated = landed + added, repeated + known
        for each in landings[1:]:
            landings[0].tally.include(each.tally)
        landings[0].resolve()
        stale = push.touched_profiles(tx)
    return Outcome(landed.accepted, landed.quarantined, repeated, stale)


def fold(database: Database, profiles: Sequence[UUID]) -> int:
    """Fold those of the profiles that wait for it; how many changed."""
    with database.transaction() as tx:
        return fold_these(tx, profiles, rules=survivorship_rules(), changed_at=datetime.now(UTC))


def _land_channel(
    tx: Connection, landings: list[Landing], channel: str, said: Sequence[Said]
) -> tuple[Landed, int]:
    """Land the messages of one channel: what landed, and how many were known already.

    The landings that are to be resolved are added to `landings`.
    """
    landing = _begin(tx, landings, channel, "person")
    first = {each.message_uid: each for each in reversed(said)}
    claimed = push.claim(tx, channel, first, landing.recorded_at)
    fresh = [each for uid, each in first.items() if uid in claimed]
    fresh.reverse()  # as they came
    landed = _land_persons(landing, channel, fresh, said)
    if any(each.companies for each in fresh):
        of_companies = company_channel(channel)
        _land_companies(_begin(tx, landings, of_companies, "account"), of_companies, fresh)
    return landed, len(said) - len(fresh)


def _land_persons(
    landing: Landing, channel: str, fresh: Sequence[Said], said: Sequence[Said]
) -> Landed:
    """Land the fresh ones of what was said; repeated messages are counted like the first."""
    persons = batch.persons(fresh)
    delivered = push.day_of(channel, landing.recorded_at)
    rejects = persons.rejects
    landed = landing.land(delivered, [replace(persons, rejects=empty(REJECTS))])
    if not rejects.is_empty():
        push.quarantine(landing.tx, delivered, rejects)
    refused = sum(each.fault is not None for each in said)
    landed = replace(landed, read=len(said), quarantined=refused)
    push.enter(landing.tx, delivered, landed)
    return landed


def _land_companies(landing: Landing, channel: str, fresh: Sequence[Said]) -> None:
    delivered = push.day_of(channel, landing.recorded_at)
    landed = landing.land(delivered, [batch.companies(fresh)])
    push.enter(landing.tx, delivered, landed)


def _begin(tx: Connection, landings: list[Landing], channel: str, subject: str) -> Landing:
    now = datetime.now(UTC)
    push.declare(tx, channel=channel, subject=subject, description=DESCRIPTION, trust=TRUST, at=now)
    landing = Landing(tx, channel, IngestReport(channel))
    landings.append(landing)
    return landing
