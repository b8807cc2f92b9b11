"""Pushed messages on the road that every channel's rows take: land, resolve, fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cdp.channel.push import batch
from cdp.channel.push.message import understand
from cdp.channel.push.said import Envelope, Said
from cdp.identity.identifiers.normalise import blocking
from cdp.identity.policy.declaration import identity_policy
from cdp.ingest import IngestReport, Landing
from cdp.model.batch import REJECTS, empty
from cdp.profile.traits import survivorship_rules
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.landing import push
from cdp.store.landing.land import Landed
from cdp.store.profile.fold import fold_these

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
    stale: Sequence[str] = ()


def understood(message: Any, envelope: Envelope, ordinal: int = 0) -> Said:
    """What a message says, by the identity policy's word on whose ids name nobody."""
    return understand(message, envelope, ordinal, _names_nobody)


def _names_nobody(namespace: str, value: str) -> bool:
    chosen = settings()
    return _blocking(namespace, chosen.policy, chosen.default_region)(value)


@cache
def _blocking(namespace: str, policy: Path | None, region: str) -> Callable[[str], bool]:
    return blocking(namespace, identity_policy(policy), region)


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
        stale = resolve(tx, landings)
    return Outcome(landed.accepted, landed.quarantined, repeated, stale)


def resolve(tx: Connection, landings: Sequence[Landing]) -> Sequence[str]:
    """Resolve what all of the landings touched; the profiles that changed."""
    first, *others = landings
    for each in others:
        first.tally.include(each.tally)
    first.resolve()
    return push.touched_profiles(tx)


def fold(database: Database, profiles: Sequence[str]) -> int:
    """Fold those of the profiles that wait for it; how many changed."""
    with database.transaction() as tx:
        return fold_these(tx, profiles, rules=survivorship_rules(), changed_at=datetime.now(UTC))


def _land_channel(
    tx: Connection, landings: list[Landing], channel: str, said: Sequence[Said]
) -> tuple[Landed, int]:
    """Land the messages of one channel: what landed, and how many were known already.

    Repeated messages are counted like the first. The landings that are to be resolved are added
    to `landings`.
    """
    landing = begin(tx, landings, channel, "person")
    fresh = claimed(landing, channel, said)
    landed = land_fresh(landing, landings, channel, fresh)
    refused = sum(each.fault is not None for each in said)
    landed = replace(landed, read=len(said), quarantined=refused)
    push.enter(tx, push.day_of(channel, landing.recorded_at), landed)
    return landed, len(said) - len(fresh)


def claimed(landing: Landing, channel: str, said: Sequence[Said]) -> list[Said]:
    """Those of the messages that were not known, each once, as they came; now they are."""
    first = {each.message_uid: each for each in reversed(said)}
    known = push.claim(landing.tx, channel, first, landing.recorded_at)
    return [each for uid, each in reversed(first.items()) if uid not in known]


def land_fresh(
    landing: Landing, landings: list[Landing], channel: str, fresh: Sequence[Said]
) -> Landed:
    """Land messages that were not known, and what they say of companies."""
    persons = batch.persons(fresh)
    delivered = push.day_of(channel, landing.recorded_at)
    landed = landing.land(delivered, [replace(persons, rejects=empty(REJECTS))])
    if not persons.rejects.is_empty():
        push.quarantine(landing.tx, delivered, persons.rejects)
    if any(each.companies for each in fresh):
        of_companies = company_channel(channel)
        way = begin(landing.tx, landings, of_companies, "account")
        _land_companies(way, of_companies, fresh)
    return landed


def _land_companies(landing: Landing, channel: str, fresh: Sequence[Said]) -> None:
    delivered = push.day_of(channel, landing.recorded_at)
    landed = landing.land(delivered, [batch.companies(fresh)])
    push.enter(landing.tx, delivered, landed)


def begin(tx: Connection, landings: list[Landing], channel: str, subject: str) -> Landing:
    """Make ready to land in the channel, which is declared where it is not yet."""
    now = datetime.now(UTC)
    push.declare(tx, channel=channel, subject=subject, description=DESCRIPTION, trust=TRUST, at=now)
    landing = Landing(tx, channel, IngestReport(channel))
    landings.append(landing)
    return landing
