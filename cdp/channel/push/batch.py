"""The canonical batches of some messages: what they say of persons, and of companies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from cdp.channel.push.message import GROUP_ID
from cdp.channel.push.said import Said
from cdp.model.batch import (
    ACCOUNTS,
    CONSENTS,
    EVENTS,
    IDENTIFIERS,
    RECORDS,
    REJECTS,
    UTC,
    Batch,
    empty,
)

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
MICROSECOND = timedelta(microseconds=1)


def persons(said: Sequence[Said]) -> Batch:
    """What the messages say of persons; those with a fault are its rejects."""
    good = [(row, each) for row, each in enumerate(said, 1) if each.fault is None]
    return Batch(
        rows_read=len(said),
        records=_frame(
            RECORDS,
            [(row, each.record_key, each.at, each.content) for row, each in good if each.content],
        ),
        identifiers=_frame(IDENTIFIERS, {row for _, each in good for row in each.identifiers}),
        events=_frame(EVENTS, [event for _, each in good for event in each.events]),
        consents=_frame(CONSENTS, _consents(each for _, each in good)),
        accounts=_frame(
            ACCOUNTS,
            {
                (each.record_key, GROUP_ID, group, role, None, None)
                for _, each in good
                for group, role in each.accounts
            },
        ),
        rejects=_frame(
            REJECTS, [_reject(row, each) for row, each in enumerate(said, 1) if each.fault]
        ),
    )


def companies(said: Sequence[Said]) -> Batch:
    """What the messages say of companies, which are records of a channel of their own."""
    named = [(each.at, company) for each in said if not each.fault for company in each.companies]
    return Batch(
        rows_read=len(named),
        records=_frame(
            RECORDS,
            [(n, each.record_key, at, each.content) for n, (at, each) in enumerate(named, 1)],
        ),
        identifiers=_frame(
            IDENTIFIERS,
            {
                (each.record_key, namespace, value)
                for _, each in named
                for namespace, value in each.identifiers.items()
            },
        ),
    )


def _consents(said: Iterable[Said]) -> list[tuple[Any, ...]]:
    """Of the same choice told many times, as browsers do with each event, the last time."""
    latest: dict[tuple[str, ...], Said] = {}
    for each in said:
        for choice in each.consents:
            known = latest.setdefault((each.record_key, *choice), each)
            if (known.at, known.message_id) < (each.at, each.message_id):
                latest[(each.record_key, *choice)] = each
    return [(*choice, each.at, f"message {each.message_id}") for choice, each in latest.items()]


def _reject(row: int, said: Said) -> tuple[Any, ...]:
    fault = said.fault
    assert fault is not None  # noqa: S101  asked of messages with a fault only
    return (row, fault.field or None, fault.rule, fault.value, fault.reason, said.raw())


def _frame(schema: Mapping[str, Any], rows: Collection[tuple[Any, ...]]) -> pl.DataFrame:
    """Column by column: of rows, and of times with a zone, Polars takes each value by itself."""
    if not rows:
        return empty(schema)
    said = zip(schema.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([_column(name, kind, values) for (name, kind), values in said])


def _column(name: str, kind: Any, values: Sequence[Any]) -> pl.Series:
    if kind != UTC:
        return pl.Series(name, values, kind)
    since = [None if at is None else (at - EPOCH) // MICROSECOND for at in values]
    return pl.Series(name, since, pl.Int64).cast(UTC)
