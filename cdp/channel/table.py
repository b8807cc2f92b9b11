"""A table or query of a database, read on from where its cursor column stood."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from cdp.channel.chunk import Chunk, numbered
from cdp.channel.delivery import Delivery
from cdp.channel.environment import secret
from cdp.channel.parquet import native
from cdp.channel.sources import Table
from cdp.errors import ChannelContractError, DeliveryUnreadable

_PLAIN = (str, bytes, bool, int, float, Decimal, dt.datetime, dt.date)
_FROM_TEXT: Mapping[str, Callable[[str], Any]] = {
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "Decimal": Decimal,
    "int": int,
    "float": float,
    "str": str,
}


def table_chunks(source: Table, delivery: Delivery) -> Iterator[Chunk]:
    """The rows from the delivery's watermark on, in the order of the cursor; moves the watermark.

    Rows that stand exactly at the watermark come again, since others of the same moment may have
    been written after the last reading; landing knows those it has. Raises DeliveryUnreadable if
    the database cannot be reached or refuses the query, ChannelContractError if it has no such cursor.
    """
    try:
        engine = sa.create_engine(secret(source.url_env))
        with engine.connect() as connection:
            streamed = connection.execution_options(yield_per=source.batch_rows)
            result = streamed.execute(_query(source, delivery.watermark))
            yield from _chunks(result, source, delivery)
        engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise DeliveryUnreadable(
            f"{delivery.name}: the database behind {source.url_env} gives no answer "
            f"({_said(error)}); check the URL, the table and the rights, then run it again"
        ) from None


def _chunks(result: sa.CursorResult, source: Table, delivery: Delivery) -> Iterator[Chunk]:
    names = list(result.keys())
    if source.cursor and source.cursor not in names:
        raise ChannelContractError(
            f"{delivery.name}: the cursor {source.cursor!r} is no column; there are: {', '.join(names)}"
        )
    first = 1
    for rows in result.partitions():
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        frame = pl.DataFrame([_series(name, values) for name, values in columns.items()])
        if source.cursor:
            delivery.watermark = _watermark(columns[source.cursor]) or delivery.watermark
        yield Chunk(numbered(native(frame), first))
        first += len(rows)
    if first == 1:
        yield Chunk(numbered(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), 1))


def _query(source: Table, watermark: str | None) -> sa.Select:
    if source.table:
        schema, _, table = source.table.rpartition(".")
        origin: Any = sa.table(table, schema=schema or None)
    else:
        origin = sa.text(f"({source.query}) AS said")
    query = sa.select(sa.text("*")).select_from(origin)
    if source.cursor is None:
        return query
    cursor = sa.column(source.cursor)
    if watermark:
        kind, _, text = watermark.partition(":")
        # A row without a cursor would else be passed over for ever.
        query = query.where((cursor >= _FROM_TEXT[kind](text)) | cursor.is_(None))
    return query.order_by(cursor)


def _watermark(values: Sequence[Any]) -> str | None:
    """The last value of the ordered cursor with its type, e.g. `int:17`; None if all are null."""
    told = [value for value in values if value is not None]
    if not told:
        return None
    kind = type(told[-1]).__name__
    if kind not in _FROM_TEXT:
        raise ChannelContractError(
            f"a cursor of type {kind} cannot be kept; take a column of times, dates, numbers or texts"
        )
    return f"{kind}:{told[-1].isoformat() if hasattr(told[-1], 'isoformat') else told[-1]}"


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    """A column as the driver gives it; what Polars has no type for becomes text."""
    sample = next((value for value in values if value is not None), None)
    if isinstance(sample, dict | list):
        values = [None if value is None else json.dumps(value, default=str) for value in values]
    elif sample is not None and not isinstance(sample, _PLAIN):
        values = [None if value is None else str(value) for value in values]
    return pl.Series(name, values, strict=False)


def _said(error: Exception) -> str:
    """The first line of the driver's words; SQLAlchemy would add the query and its parameters."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).splitlines()[0] if str(cause) else ''}"
