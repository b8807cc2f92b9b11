"""A second file of the same drop, joined to the rows of the first."""

import dataclasses
from collections.abc import Iterable

import polars as pl
from polars.exceptions import PolarsError

from cdp.channel.chunk import Chunk
from cdp.channel.evaluation import columns_in_notation, typed_columns
from cdp.channel.expressions import columns_of, expression
from cdp.channel.faults import Faults, Raw, raw_rows
from cdp.channel.sources import Join
from cdp.channel.spec import ROW, ChannelSpec
from cdp.errors import ChannelContractError


def columns_to_read(join: Join) -> frozenset[str]:
    """The columns of the second file that the join needs."""
    used = (columns_of(text) for text in join.aggregate.values())
    return frozenset(join.keys).union(join.columns, *used)


def right_side(join: Join, chunks: Iterable[Chunk], spec: ChannelSpec, name: str) -> pl.DataFrame:
    """What the second file adds, one row per key.

    Raises ChannelContractError if it has bad rows, lacks a column, or has a key twice without an
    aggregate that would say what to do with it.
    """
    parts = list(chunks)
    if not parts:
        return pl.DataFrame(
            schema=dict.fromkeys([*join.keys, *join.columns, *join.aggregate], pl.String)
        )
    bad = [chunk.rejects for chunk in parts if chunk.rejects.height]
    if bad:
        first = bad[0].row(0, named=True)
        raise ChannelContractError(
            f"{name}: row {first['row']} of the joined file is no row ({first['reason']}); have it sent again"
        )
    frame = pl.concat([chunk.frame for chunk in parts], how="diagonal")
    _check_columns(frame, join, name)
    keys = [pl.col(key).cast(pl.String) for key in join.keys]
    if join.aggregate:
        return _aggregated(_typed(frame, join, spec, name), join, keys, name)
    right = frame.select(*keys, *join.columns)
    if right.select(join.keys).is_duplicated().any():
        raise ChannelContractError(
            f"{name}: the joined file has a {', '.join(join.keys)} twice; say with `aggregate` "
            "what to take"
        )
    return right


def joined(chunk: Chunk, join: Join, right: pl.DataFrame, name: str) -> Chunk:
    """`chunk` with the columns of the second file; null where it has no such key.

    Raises ChannelContractError if the first file lacks the key, or has such columns itself.
    """
    for key in join.keys:
        if key not in chunk.frame.columns:
            raise ChannelContractError(
                f"{name}: column {key!r}, by which a file is joined, is not there; there are: "
                + ", ".join(column for column in chunk.frame.columns if column != ROW)
            )
    twice = (set(right.columns) - set(join.keys)) & set(chunk.frame.columns)
    if twice:
        raise ChannelContractError(
            f"{name}: column {min(twice)!r} is in both files of the join; take it from one"
        )
    left = chunk.frame.with_columns(pl.col(join.keys).cast(pl.String))
    frame = left.join(right, on=list(join.keys), how="left", maintain_order="left")
    raw = chunk.raw and _with_joined(
        chunk.raw, raw_rows(frame.select(ROW, *right.drop(join.keys).columns))
    )
    return dataclasses.replace(chunk, frame=frame, raw=raw)


def _with_joined(raw: Raw, added: Raw) -> Raw:
    """The rows as they came with what was joined to them, which a replay has no file to join from."""

    def texts(rows: pl.Series) -> pl.Series:
        return raw(rows).str.head(-1) + "," + added(rows).str.slice(1)

    return texts


def _check_columns(frame: pl.DataFrame, join: Join, name: str) -> None:
    lacking = columns_to_read(join) - set(frame.columns)
    if lacking:
        there = ", ".join(column for column in frame.columns if column != ROW)
        raise ChannelContractError(
            f"{name}: the joined file has no column {min(lacking)!r}; there are: {there}"
        )


def _typed(frame: pl.DataFrame, join: Join, spec: ChannelSpec, name: str) -> pl.DataFrame:
    faults = Faults(frame[ROW])
    frame = typed_columns(frame, columns_in_notation(spec.columns, join), faults)
    if len(faults.rows):
        first = faults.rejects(raw_rows(frame)).row(0, named=True)
        raise ChannelContractError(
            f"{name}: row {first['row']} of the joined file: {first['field']} {first['reason']}; "
            "have it sent again"
        )
    return frame


def _aggregated(frame: pl.DataFrame, join: Join, keys: list[pl.Expr], name: str) -> pl.DataFrame:
    made = {new: expression(text) for new, text in join.aggregate.items()}
    try:
        return frame.group_by(keys, maintain_order=True).agg(**made)
    except PolarsError as error:
        raise ChannelContractError(
            f"{name}: the aggregates {', '.join(join.aggregate.values())} of a joined file cannot be "
            f"computed ({str(error).splitlines()[0].partition(':')[0]}); declare the types of its "
            "columns under `columns`"
        ) from None
