"""Exported people as bytes: CSV that no spreadsheet runs, Parquet with types, JSON lines."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from cdp.derive.own_types import COLUMNS
from cdp.model.audience import Format
from cdp.model.computed import KnownTrait

# What a spreadsheet takes for a formula, full-width signs too; signed numbers and telephone numbers are none.
FORMULA = r"^\s*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\n]"
SIGNED = r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$|^\+\d[\d ().-]*$"
DOCUMENT = "document"
TYPES: Mapping[str, pl.DataType] = {**COLUMNS, "age": pl.Int64()}

Pages = Iterable[pl.DataFrame]  # of texts; of one column `document` for JSON lines


def encoded(pages: Pages, kind: Format, fields: Sequence[KnownTrait]) -> Iterator[bytes]:
    """The whole file piece by piece; never more than a page of it is held."""
    writers: Mapping[Format, Callable[[Pages, Sequence[KnownTrait]], Iterator[bytes]]] = {
        "csv": _csv,
        "jsonl": _json_lines,
        "parquet": _parquet,
    }
    return writers[kind](pages, fields)


def header(fields: Sequence[KnownTrait]) -> list[str]:
    """The columns of an exported file."""
    return ["profile_id", "contact", *(field.name for field in fields)]


def _csv(pages: Pages, fields: Sequence[KnownTrait]) -> Iterator[bytes]:
    names = header(fields)
    yield pl.DataFrame(schema=dict.fromkeys(names, pl.String())).write_csv().encode()
    for page in pages:
        yield page.select(map(_harmless, names)).write_csv(include_header=False).encode()


def _harmless(name: str) -> pl.Expr:
    """The column with a ' before what would be run as a formula (OWASP: CSV injection)."""
    cell = pl.col(name)
    runs = cell.str.contains(FORMULA) & ~cell.str.contains(SIGNED)
    return pl.when(runs).then(pl.lit("'") + cell).otherwise(cell).alias(name)


def _json_lines(pages: Pages, _fields: Sequence[KnownTrait]) -> Iterator[bytes]:
    for page in pages:
        yield "".join(f"{line}\n" for line in page[DOCUMENT]).encode()


def _parquet(pages: Pages, fields: Sequence[KnownTrait]) -> Iterator[bytes]:
    typed = {"profile_id": pl.String(), "contact": pl.String()} | {
        # What channels state is kept as it was stated: it need not be of the trait's type.
        field.name: TYPES.get(field.type, pl.String()) if field.computed else pl.String()
        for field in fields
    }
    drain = io.BytesIO()
    schema = pl.DataFrame(schema=typed).to_arrow().schema
    with pq.ParquetWriter(pa.PythonFile(_Tail(drain), mode="w"), schema) as writer:
        for page in pages:
            shown = page.select(_typed(name, kind) for name, kind in typed.items())
            writer.write_table(shown.to_arrow().cast(schema))
            yield _emptied(drain)
    yield _emptied(drain)


class _Tail(io.RawIOBase):
    """A file of which only what is not yet taken is held."""

    def __init__(self, drain: io.BytesIO) -> None:
        super().__init__()
        self._drain, self._written = drain, 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._drain.write(data)  # pyright: ignore[reportArgumentType]  bytes in any form
        size = memoryview(data).nbytes  # pyright: ignore[reportArgumentType]
        self._written += size
        return size

    def tell(self) -> int:
        return self._written


def _emptied(drain: io.BytesIO) -> bytes:
    data = drain.getvalue()
    drain.seek(0)
    drain.truncate()
    return data


def _typed(name: str, kind: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    if isinstance(kind, pl.List):
        return cell.str.json_decode(kind)
    if isinstance(kind, pl.Datetime):
        return cell.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")
    if isinstance(kind, pl.Boolean):
        return cell == "true"
    return cell.str.to_date() if isinstance(kind, pl.Date) else cell.cast(kind)
