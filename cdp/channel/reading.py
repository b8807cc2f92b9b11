"""From a delivery to canonical batches: the one road of every kind of source."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import polars as pl

from cdp.channel.blocks import line_blocks, text_of
from cdp.channel.chunk import Chunk, without
from cdp.channel.delimited import Dialect, delimited_chunks
from cdp.channel.delivery import Delivery, FileDelivery
from cdp.channel.joins import columns_to_read, joined, right_side
from cdp.channel.jsonlines import json_chunks
from cdp.channel.mapping import Mapper
from cdp.channel.parquet import parquet_chunks
from cdp.channel.sources import FORMATS, Files, FileShape, Format, Rest, Table
from cdp.channel.spec import ROW, ChannelSpec
from cdp.channel.table import table_chunks
from cdp.errors import ChannelDeclarationError
from cdp.model.batch import Batch


def read(spec: ChannelSpec, delivery: Delivery) -> Iterator[Batch]:
    """What `delivery` says, some hundred thousand rows at a time.

    Raises ChannelContractError or DeliveryUnreadable, also after batches were given (a file may be
    cut short at its end): land a delivery in one transaction.
    """
    mapper = Mapper(spec, delivery.name)
    for chunk in chunks(spec, delivery):
        yield mapper.batch(chunk)


def chunks(spec: ChannelSpec, delivery: Delivery) -> Iterator[Chunk]:
    """The raw rows of `delivery`, all at once if an event is made of groups of rows."""
    found = _null_cells(_source_chunks(spec, delivery), spec.source.null_values)
    if spec.whole_delivery:
        found = _whole(found)
    return found


def _source_chunks(spec: ChannelSpec, delivery: Delivery) -> Iterator[Chunk]:
    source = spec.source
    if isinstance(delivery, FileDelivery) and isinstance(source, Files):
        found = file_chunks(delivery.path, source, spec, spec.columns_delivered())
        return _joined(found, spec, delivery)
    if isinstance(source, Table):
        return table_chunks(source, delivery)
    if isinstance(source, Rest):
        # Few channels ask over HTTP, and the client is slow to import.
        from cdp.channel.rest import rest_chunks  # noqa: PLC0415

        return rest_chunks(spec, source, delivery)
    raise TypeError(f"{delivery.name} was not listed by this channel")


def file_chunks(
    path: Path, shape: FileShape, spec: ChannelSpec, names: Collection[str]
) -> Iterator[Chunk]:
    """The raw rows of one file; of JSON lines only the columns `names`.

    Raises ChannelDeclarationError if neither the declaration nor the extension tells the format.
    """
    form = shape.format or _format_of(path)
    if form == "parquet":
        return parquet_chunks(path)
    blocks = line_blocks(text_of(path, shape.encoding))
    if form == "jsonl":
        return json_chunks(blocks, names, spec.columns)
    delimiter = shape.delimiter or ("\t" if form == "tsv" else ",")
    return delimited_chunks(blocks, Dialect(delimiter, shape.quote, shape.null_values), path.name)


def _format_of(path: Path) -> Format:
    for suffix in reversed(path.suffixes):
        if suffix.lower() in FORMATS:
            return FORMATS[suffix.lower()]
    raise ChannelDeclarationError(
        f"{path.name}: its name does not tell its format; declare source.format: "
        "csv, tsv, jsonl or parquet"
    )


def _joined(found: Iterable[Chunk], spec: ChannelSpec, delivery: FileDelivery) -> Iterator[Chunk]:
    sides = []
    for join, paths in zip(spec.joins, delivery.joined, strict=True):
        parts = (
            chunk
            for path in paths
            for chunk in file_chunks(path, join, spec, columns_to_read(join))
        )
        names = ", ".join(path.name for path in paths)
        sides.append((join, right_side(join, _null_cells(parts, join.null_values), spec, names)))
    for chunk in found:
        for join, right in sides:
            chunk = joined(chunk, join, right, delivery.name)  # noqa: PLW2901 - one join upon another
        yield chunk


def _null_cells(found: Iterable[Chunk], null_values: tuple[str, ...]) -> Iterator[Chunk]:
    for chunk in found:
        yield dataclasses.replace(chunk, frame=without(chunk.frame, null_values))


def _whole(found: Iterable[Chunk]) -> Iterator[Chunk]:
    """All chunks as one."""
    parts = list(found)
    if not parts:
        return
    frame = pl.concat([part.frame for part in parts], how="diagonal_relaxed")

    def raw(rows: pl.Series) -> pl.Series:
        return pl.concat([_raw_of(part, rows) for part in parts])

    rejects = pl.concat([part.rejects for part in parts])
    has_raw = parts[0].raw is not None
    yield Chunk(frame, rejects, raw if has_raw else None, parts[0].present)


def _raw_of(part: Chunk, rows: pl.Series) -> pl.Series:
    here = rows.filter(rows.is_in(part.frame[ROW].implode()))
    return part.raw(here) if part.raw else here.cast(pl.String)
