"""Parquet: columns with their own types, read group of rows by group of rows."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.parquet as pq

from cdp.channel.chunk import Chunk, numbered
from cdp.errors import DeliveryUnreadable

ROWS = 250_000


def parquet_chunks(path: Path) -> Iterator[Chunk]:
    """The rows of the file; a float that is no number (NaN) is an empty cell.

    Raises DeliveryUnreadable if the file is gone, cut short or no Parquet.
    """
    first = 1
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS, use_threads=False):
                frame = native(pl.DataFrame(batch))
                yield Chunk(numbered(frame, first))
                first += frame.height
            if first == 1:
                # Not schema.empty_table(), which imports pandas wherever it is installed.
                nothing = pa.Table.from_batches([], schema=file.schema_arrow)
                yield Chunk(numbered(native(pl.DataFrame(nothing)), 1))
    except (OSError, pa.ArrowException) as error:
        raise DeliveryUnreadable(
            f"{path.name}: the file is no whole Parquet file ({str(error).splitlines()[0]}); "
            "nothing of it counts. Have it sent again"
        ) from None


def native(frame: pl.DataFrame) -> pl.DataFrame:
    r"""`frame` with text for categories and bytes, and null for NaN.

    Bytes that are no UTF-8 stay to be seen: `\xff`.
    """
    read = frame.with_columns(
        cs.float().fill_nan(None), (cs.categorical() | cs.enum()).cast(pl.String)
    )
    # Spark, Hive and Impala write texts as bytes without a word on what these are.
    said = {name: _said(dtype) for name, dtype in read.schema.items()}
    return read.with_columns(
        _text(read[name], dtype) for name, dtype in said.items() if dtype != read.schema[name]
    )


def _said(dtype: pl.DataType) -> pl.DataType:
    """The type with text where it has bytes, at any depth."""
    if isinstance(dtype, pl.List):
        return pl.List(_said(dtype.inner))  # pyright: ignore[reportArgumentType]
    if isinstance(dtype, pl.Struct):
        return pl.Struct({each.name: _said(each.dtype) for each in dtype.fields})  # pyright: ignore[reportArgumentType]
    return pl.String() if dtype == pl.Binary else dtype


def _text(cells: pl.Series, dtype: pl.DataType) -> pl.Series:
    try:
        return cells.cast(dtype)
    except pl.exceptions.ComputeError:
        if dtype != pl.String:
            raise DeliveryUnreadable(
                f"column {cells.name!r} holds bytes that are no UTF-8 within {cells.dtype}; "
                "have it sent as text, or without the column"
            ) from None
    shown = [None if cell is None else cell.decode("utf-8", "backslashreplace") for cell in cells]
    return pl.Series(cells.name, shown, pl.String)
