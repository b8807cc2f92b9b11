"""From raw rows to a canonical batch, column by column."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from cdp.channel import events, statements
from cdp.channel.chunk import Chunk, without
from cdp.channel.columns import Column
from cdp.channel.escape import escape_of, reshaped
from cdp.channel.evaluation import (
    columns_in_notation,
    evaluated,
    grouped,
    kept_contract,
    typed_columns,
)
from cdp.channel.faults import Faults, raw_rows
from cdp.channel.jsonlines import json_chunks
from cdp.channel.ordinals import Ordinals
from cdp.channel.outputs import KEY, Output, coerced, event_outputs, statement_outputs
from cdp.channel.sources import FileShape
from cdp.channel.spec import FILE, ROW, ChannelSpec
from cdp.model.batch import EVENTS, Batch, empty


class Mapper:
    """The mapping of one delivery, chunk by chunk; it counts equal events over the chunks."""

    def __init__(self, spec: ChannelSpec, name: str) -> None:
        self._spec = spec
        self._name = name
        self._escape = escape_of(spec)
        self._ordinals = Ordinals()
        shape = spec.source if isinstance(spec.source, FileShape) else FileShape()
        self._defaults = Column(type="number", decimal=shape.decimal, thousands=shape.thousands)
        self._columns = columns_in_notation(spec.columns, shape)
        self._outputs = list(statement_outputs(spec))
        self._event_outputs = [list(event_outputs(spec, n)) for n in range(len(spec.events))]
        self._single = [n for n, event in enumerate(spec.events) if not event.group_by]
        self._grouped = [n for n, event in enumerate(spec.events) if event.group_by]
        for n in self._single:
            self._outputs += self._event_outputs[n]

    def batch(self, chunk: Chunk) -> Batch:
        """What the rows of `chunk` say; each is taken as a whole or rejected as a whole.

        Raises ChannelContractError if a column is missing or an expression cannot be computed.
        """
        frame, misread = self._typed(chunk)
        out = evaluated(frame, self._outputs, self._name)
        faults = Faults(out[ROW])
        out = statements.cleaned(coerced(out, self._outputs, faults, self._defaults), self._spec)
        statements.check(out, self._spec, faults)
        for n in self._single:
            events.check(out, self._spec.events[n], n, faults)
        groups = {n: self._groups(frame, out, n, faults) for n in self._grouped}
        self._reject_companions(frame, faults)
        good = _less(out, faults.rows)
        raw = chunk.raw or raw_rows(chunk.frame)
        rejects = pl.concat([chunk.rejects, misread.rejects(raw), faults.rejects(raw)]).sort("row")
        said = statements.distinct(good, self._spec)
        return Batch(
            rows_read=chunk.rows,
            records=statements.records(said, self._spec),
            identifiers=statements.identifiers(said, self._spec),
            events=self._events(good, groups, faults.rows),
            consents=statements.consents(good, self._spec),
            memberships=statements.memberships(good, self._spec),
            accounts=statements.accounts(good, self._spec),
            rejects=rejects,
        )

    def _typed(self, chunk: Chunk) -> tuple[pl.DataFrame, Faults]:
        """The rows whose cells read as declared and that `where` lets pass, and the faults of others."""
        frame = chunk.frame
        if self._escape:
            frame = reshaped(frame, self._escape, self._name)
        frame = kept_contract(frame, self._spec, self._name, chunk.present)
        faults = Faults(frame[ROW])
        _reject_nul(frame, faults)
        frame = typed_columns(frame, self._columns, faults).with_columns(
            pl.lit(self._name).alias(FILE)
        )
        self._reject_companions(frame, faults)
        frame = _less(frame, faults.rows)
        if self._spec.where:
            wanted = [Output("where", "where", self._spec.where, "boolean")]
            passes = evaluated(frame, wanted, self._name)
            frame = frame.filter(coerced(passes, wanted, faults, self._defaults)["where"])
        return frame, faults

    def _groups(
        self, frame: pl.DataFrame, out: pl.DataFrame, n: int, faults: Faults
    ) -> pl.DataFrame:
        """The `n`th event once per group, checked; a fault of a group is one of each of its rows."""
        event, outputs = self._spec.events[n], self._event_outputs[n]
        rows = frame.with_columns(out[KEY].alias("_key"))
        if event.where:
            condition = [output for output in outputs if output.name == f"e{n}.where"]
            outputs = [output for output in outputs if output.name != f"e{n}.where"]
            passes = evaluated(frame, condition, self._name)
            rows = rows.filter(coerced(passes, condition, faults, self._defaults)[f"e{n}.where"])
        keys = [
            Output(KEY, "record.key", "_key"),
            Output("_keys", "record.key", "count(distinct _key)"),
        ]
        made = grouped(rows, event.group_by, [*outputs, *keys], self._name)
        found = Faults(made[ROW])
        made = coerced(made, outputs, found, self._defaults)
        lacking = made.select(no=pl.any_horizontal(pl.col("^_group_.*$").is_null()))["no"]
        place = f"events.{event.kind}.group_by"
        found.add(lacking, place, "required", "is empty")
        found.add(made["_keys"] > 1, place, "group", "rows of one group have different record keys")
        whole = event.model_copy(update={"where": None})
        events.check(made, whole, n, found)
        faults.take(found)
        return made

    def _reject_companions(self, frame: pl.DataFrame, faults: Faults) -> None:
        """The rows that share a group with a rejected one go with it: half an order is no order."""
        before = -1
        while self._grouped and len(rows := faults.rows) != before:
            before = len(rows)
            for n in self._grouped:
                event = self._spec.events[n]
                place = f"events.{event.kind}.group_by"
                by = [Output(f"g{m}", place, text) for m, text in enumerate(event.group_by)]
                names = [output.name for output in by]
                groups = evaluated(frame, by, self._name)
                bad = groups.filter(pl.col(ROW).is_in(rows.implode())).select(names).unique()
                companions = groups.join(bad, on=names, how="semi")[ROW]
                reason = f"another row of its {event.kind} was rejected; mend that one first"
                faults.add_rows(companions, place, "group", reason)

    def _events(
        self, good: pl.DataFrame, groups: Mapping[int, pl.DataFrame], bad: pl.Series
    ) -> pl.DataFrame:
        made = []
        for n, event in enumerate(self._spec.events):
            if n in groups:
                rows = groups[n].filter(~pl.col(ROW).list.first().is_in(bad.implode()))
                whole = event.model_copy(update={"where": None})
                made.append(events.events(rows, whole, n, self._ordinals))
            else:
                made.append(events.events(good, event, n, self._ordinals))
        return pl.concat(made) if made else empty(EVENTS)


def _reject_nul(frame: pl.DataFrame, faults: Faults) -> None:
    """Postgres holds every character in a text but this one."""
    for column in frame.select(pl.col(pl.String)).iter_columns():
        held = column.str.contains("\0", literal=True).fill_null(value=False)
        faults.add(held, column.name, "encoding", "holds a NUL character; take it out")


def _less(frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    return frame.filter(~pl.col(ROW).is_in(rows.implode())) if len(rows) else frame


def map_rows(
    spec: ChannelSpec, raw_rows: Sequence[Mapping[str, Any]], name: str = "replay"
) -> Batch:
    """What raw rows, as quarantine keeps them or mended, say: JSON objects of one row each.

    Rows are numbered from 1 in the order given. Raises as the mapping of a delivery does.
    """
    lines = "\n".join(json.dumps(row, ensure_ascii=False, default=str) for row in raw_rows)
    mapper = Mapper(spec, name)
    blocks = [lines.encode()] if raw_rows else []
    chunks = json_chunks(blocks, spec.columns_read(), spec.columns)
    nulls = spec.source.null_values
    batches = [
        mapper.batch(dataclasses.replace(chunk, frame=without(chunk.frame, nulls)))
        for chunk in chunks
    ]
    return batches[0] if batches else Batch(rows_read=0)
