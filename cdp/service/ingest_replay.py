"""Messages that were refused, taken again after they were mended or understood better."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.channel.push.said import Envelope, Said
from cdp.channel.push.values import moment
from cdp.ingest import Landing
from cdp.profile.fold import fold_stale_profiles
from cdp.quarantine import Replay
from cdp.service.ingest_landing import begin, claimed, land_fresh, resolve, understood
from cdp.store.database import Database
from cdp.store.landing import push, quarantine

ROWS_PER_TRANSACTION = 2_000


def is_pushed(database: Database, channel: str) -> bool:
    """Whether the channel's rows are messages that came over HTTP."""
    with database.transaction() as tx:
        return push.is_pushed(tx, channel)


def replay(
    database: Database,
    channel: str,
    *,
    ids: Collection[UUID] | None = None,
    mended: Mapping[UUID, Any] | None = None,
) -> Replay:
    """Take open messages of the channel again, at the time at which they came; then fold.

    `ids` limits the replay to these rows (default: all that are open). `mended` has the message to
    take in place of the one that came. What fails again stays open with its new reason.
    """
    result = Replay(channel)
    wanted = None if ids is None else list(ids)
    with database.transaction() as tx:
        deliveries = quarantine.open_deliveries(tx, channel, wanted)
    for delivery_id, _, _ in deliveries:
        after: UUID | None = None
        while True:
            with database.transaction() as tx:
                landings: list[Landing] = []
                landing = begin(tx, landings, channel, "person")
                taken = quarantine.take(tx, delivery_id, wanted, after, ROWS_PER_TRANSACTION)
                if not taken:
                    break
                said = {uid: _understood((mended or {}).get(uid, raw)) for uid, _, raw in taken}
                _settle(landing, landings, channel, said, result)
                resolve(tx, landings)
            after = taken[-1][0]
    result.profiles_changed = fold_stale_profiles(database)
    return result


def _understood(raw: Any) -> Said:
    """The message as it would have been understood when it came."""
    times = raw if isinstance(raw, dict) else {}
    received_at = moment(times.get("receivedAt")) or datetime.now(UTC)
    return understood(raw, Envelope(received_at, times.get("sentAt")))


def _settle(
    landing: Landing,
    landings: list[Landing],
    channel: str,
    said: Mapping[UUID, Said],
    result: Replay,
) -> None:
    """Land what can be taken now and close its rows; note why the others cannot."""
    good = {uid: each for uid, each in said.items() if each.fault is None}
    land_fresh(landing, landings, channel, claimed(landing, channel, list(good.values())))
    quarantine.close(landing.tx, list(good), landing.recorded_at)
    _fail(landing.tx, [(uid, each) for uid, each in said.items() if each.fault is not None])
    result.replayed += len(good)
    result.still_open += len(said) - len(good)


def _fail(tx: Connection, failed: Sequence[tuple[UUID, Said]]) -> None:
    faults = [(uid, each.fault) for uid, each in failed if each.fault]
    columns = {
        name: pl.Series([getattr(fault, name) for _, fault in faults], dtype=pl.String)
        for name in ("field", "rule", "value", "reason")
    }
    uids = pl.Series([uid for uid, _ in faults], dtype=pl.Object)
    quarantine.fail(tx, pl.DataFrame({"quarantine_id": uids, **columns}))
