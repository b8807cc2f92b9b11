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
    """`frame` with text for categories and null for NaN."""
    return frame.with_columns(
        cs.float().fill_nan(None), (cs.categorical() | cs.enum()).cast(pl.String)
    )
