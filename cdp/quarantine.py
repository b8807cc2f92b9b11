"""The quarantine: what rows a channel refused, and the road back in for rows that were mended.

A delivery keeps the counts it had when it was landed, so that read = accepted + quarantined holds
for it for ever; a replayed row changes its own state only. What still waits is counted separately
(`ChannelStatus.open_quarantine`).
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as altered
from typing import Any, Literal
from uuid import UUID

import polars as pl
from sqlalchemy import Connection

from cdp.channel.expressions import columns_of
from cdp.channel.mapping import map_rows
from cdp.channel.spec import ROW, ChannelSpec
from cdp.errors import InvalidRequest, QuarantineNotFound
from cdp.ingest import IngestReport, Road
from cdp.model.batch import REJECTS, Batch, empty
from cdp.model.status import QuarantinedRow
from cdp.profile.fold import fold_stale_profiles
from cdp.store.database import Database
from cdp.store.landing import quarantine as store
from cdp.store.landing.land import Delivered

# Rows mapped and landed in one transaction; whole groups of rows must not be divided.
ROWS_PER_TRANSACTION = 50_000

State = Literal["open", "replayed"]
RawRow = Mapping[str, Any]


@dataclass
class Replay:
    """What became of the rows that a replay took up."""

    channel: str
    replayed: int = 0
    still_open: int = 0
    report: IngestReport = field(default_factory=lambda: IngestReport(""))
    profiles_changed: int = 0


def rows(
    database: Database,
    *,
    channel: str | None = None,
    state: State | None = "open",
    limit: int = 100,
) -> list[QuarantinedRow]:
    """The newest quarantined rows of a channel (default: all) in a state (None: any).

    Raises InvalidRequest for a channel that the store has never heard of.
    """
    with database.transaction() as tx:
        known = store.channels(tx) if channel else []
        if channel and channel not in known:
            raise InvalidRequest(
                f"the store knows no channel {channel!r}; {_nearest(channel, known)}"
            )
        found = store.listed(tx, channel=channel, state=state, limit=limit)
    return [QuarantinedRow.model_validate(row) for row in found]


def row(database: Database, quarantine_id: UUID | str) -> QuarantinedRow:
    """One quarantined row. Raises QuarantineNotFound, InvalidRequest."""
    return _found(database, [_uid(quarantine_id)])[0]


def replay(
    database: Database,
    spec: ChannelSpec,
    *,
    ids: Collection[UUID | str] | None = None,
    mended: Mapping[UUID, RawRow] | None = None,
) -> Replay:
    """Take open rows of the channel through its declaration again, and on the road every row takes.

    `ids` limits the replay to these rows (default: those of `mended`, else all that are open).
    `mended` has the whole raw row to take in place of the one that came. What passes is landed as a
    part of its delivery, at that delivery's time, and resolved in one transaction with the row's
    new state; then profiles are folded. What fails again stays open with its new reason. Rows that
    are not open are passed over, so that a second replay changes nothing.

    Rows of a channel that makes events of groups of rows come with all open rows of their delivery,
    for a part of a group would stand for the whole.

    Raises QuarantineNotFound, InvalidRequest for a row of another channel, and the ChannelError of
    rows that do not keep the contract as a whole; then nothing of their transaction (50,000 rows of
    one delivery at most, all of it for groups) changed.
    """
    _check_row_numbers(spec)
    mended = mended or {}
    wanted = (
        None if ids is None and not mended else [_uid(each) for each in {*(ids or ()), *mended}]
    )
    _check_channel(database, spec, wanted)
    result = Replay(spec.channel, report=IngestReport(spec.channel))
    with database.transaction() as tx:
        deliveries = store.open_deliveries(tx, spec.channel, wanted)
    for delivery_id, name, delivered_at in deliveries:
        after: UUID | None = None
        while True:
            with database.transaction() as tx:
                step = _Step(tx, spec, mended, result)
                delivered = Delivered(
                    delivery_id, spec.channel, name, delivered_at, step.road.recorded_at
                )
                after = step.take(delivered, wanted, after)
            if after is None:
                break
    result.profiles_changed = fold_stale_profiles(database)
    return result


def mended_row(found: QuarantinedRow, fields: Mapping[str, str]) -> dict[str, Any]:
    """The raw row with other values in these fields.

    Raises InvalidRequest for a field that the row has not, and for a row that is a mere line.
    """
    if isinstance(found.raw, str):
        raise InvalidRequest(
            f"quarantined row {found.quarantine_id} is a line that reads as no row; write its "
            "columns into a file of JSON lines and replay it with --file"
        )
    for name in fields:
        if name not in found.raw:
            raise InvalidRequest(
                f"quarantined row {found.quarantine_id} has no {name!r}; {_nearest(name, found.raw)}"
            )
    return {**found.raw, **fields}


class _Step:
    """One transaction of a replay."""

    def __init__(
        self, tx: Connection, spec: ChannelSpec, mended: Mapping[UUID, RawRow], result: Replay
    ) -> None:
        self.tx, self.spec, self.mended, self.result = tx, spec, mended, result
        # Waits for other landings of the channel: what another replay has done is seen from here.
        self.road = Road(tx, spec, result.report)

    def take(
        self, delivered: Delivered, wanted: Sequence[UUID] | None, after: UUID | None
    ) -> UUID | None:
        """Replay the delivery's next rows behind `after`; the last of them, None at the end."""
        whole = self.spec.whole_delivery
        limit = None if whole else ROWS_PER_TRANSACTION
        taken = store.take(self.tx, delivered.delivery_id, None if whole else wanted, after, limit)
        if not taken:
            return None
        raws = {uid: self.mended.get(uid, raw) for uid, _, raw in taken}
        # A line that was no row lacks in its group, which has landed without it.
        lines = {uid for uid, _, raw in taken if isinstance(raw, str)}
        usable = {
            uid: raw
            for uid, raw in raws.items()
            if isinstance(raw, Mapping) and not (whole and uid in lines)
        }
        batch = map_rows(self.spec, list(usable.values()), delivered.name)
        failed = _failed(list(usable), batch.rejects)
        passed = usable.keys() - set(failed["quarantine_id"])
        self.road.land(delivered, [_accepted(batch)])
        self.road.resolve()
        store.close(self.tx, list(passed), self.road.recorded_at)
        store.fail(self.tx, failed)
        self.result.replayed += len(passed)
        self.result.still_open += len(taken) - len(passed)
        return taken[-1][0]


def _failed(ids: Sequence[UUID], rejects: pl.DataFrame) -> pl.DataFrame:
    """The rejects with the ids of their rows, which were numbered from 1 in the order of `ids`."""
    uids = [ids[number - 1] for number in rejects["row"]]
    return rejects.with_columns(quarantine_id=pl.Series(uids, dtype=pl.Object))


def _accepted(batch: Batch) -> Batch:
    """The batch without its rejects: these stand in quarantine already."""
    return altered(batch, rows_read=batch.rows_read - batch.rejects.height, rejects=empty(REJECTS))


def _check_row_numbers(spec: ChannelSpec) -> None:
    for key, expression in spec.expressions():
        if ROW in columns_of(expression):
            raise InvalidRequest(
                f"channel {spec.channel!r} uses {ROW} at {key}, and a replayed row has no place in its "
                "file; mend the file and have it delivered again"
            )


def _check_channel(database: Database, spec: ChannelSpec, ids: Sequence[UUID] | None) -> None:
    for each in _found(database, ids or ()):
        if each.channel != spec.channel:
            raise InvalidRequest(
                f"quarantined row {each.quarantine_id} is of channel {each.channel!r}, "
                f"not of {spec.channel!r}"
            )


def _found(database: Database, ids: Sequence[UUID]) -> list[QuarantinedRow]:
    with database.transaction() as tx:
        found = [QuarantinedRow.model_validate(each) for each in store.shown(tx, ids)]
    missing = sorted(set(ids) - {each.quarantine_id for each in found})
    if missing:
        raise QuarantineNotFound(
            f"no quarantined row has the id {missing[0]}; `cdp quarantine list` shows them"
        )
    return found


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none'}"


def _uid(given: UUID | str) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except ValueError:
        raise InvalidRequest(f"a quarantine id is a UUID; {given!r} is not") from None
