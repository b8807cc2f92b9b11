"""CSV and TSV: every cell a text, every line that is no row kept with its number.

A block of lines is parsed at once; only where the number of rows is not the number of lines (line
breaks in cells, stray quotes, ragged rows, wrong bytes) it is read again record by record, strictly:
a record that does not close or has another number of cells costs its first line only.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from cdp.channel.chunk import Chunk, Malformed, malformed, numbered
from cdp.channel.spec import ROW
from cdp.errors import ChannelContractError, DeliveryUnreadable

LONGEST_RECORD = 128 << 10
_BLANK = "the line is empty"
_ONE_OF_MANY = 2


@dataclass(frozen=True)
class Dialect:
    """How cells are divided, and which of them say nothing."""

    delimiter: str
    quote: str
    null_values: tuple[str, ...]


def delimited_chunks(blocks: Iterable[bytes], dialect: Dialect, name: str) -> Iterator[Chunk]:
    """The rows of `blocks`, whose first line names the columns.

    Raises ChannelContractError if a name is missing or told twice, DeliveryUnreadable if the lines
    end in a bare CR.
    """
    header: list[str] | None = None
    line = 1
    for block in whole_records(blocks, dialect.quote.encode()):
        body = block
        if header is None:
            first, _, body = block.partition(b"\n")
            header = _header(first, dialect, name)
            line = 2
        lines = _lines(body)
        yield _chunk(body, line, lines, header, dialect)
        line += lines


def whole_records(blocks: Iterable[bytes], quote: bytes) -> Iterator[bytes]:
    """`blocks` of lines cut anew, so that a quoted cell over several lines is not divided."""
    carry = b""
    for each in blocks:
        block = carry + each
        cut = len(block)
        if block.count(quote) % 2:
            # An odd quote opens a cell that the next block closes, unless it is far away: a stray one.
            opened = _last_odd_line(block[-LONGEST_RECORD:], quote)
            cut = cut if opened is None else max(0, len(block) - LONGEST_RECORD) + opened
        if cut:
            yield block[:cut]
        carry = block[cut:]
    if carry:
        yield carry


def _last_odd_line(tail: bytes, quote: bytes) -> int | None:
    position = len(tail)
    for line in reversed(tail.splitlines(keepends=True)):
        position -= len(line)
        if line.count(quote) % 2:
            return position
    return None


def _lines(block: bytes) -> int:
    return block.count(b"\n") + (bool(block) and not block.endswith(b"\n"))


def _header(line: bytes, dialect: Dialect, name: str) -> list[str]:
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise DeliveryUnreadable(
            f"{name}: the header is not UTF-8; declare the file's `encoding`, e.g. cp1252"
        ) from None
    if "\r" in text:
        raise DeliveryUnreadable(
            f"{name}: its lines end in a bare CR; have it sent with LF or CRLF"
        )
    names = next(csv.reader([text], delimiter=dialect.delimiter, quotechar=dialect.quote), [])
    names = [each.strip() for each in names]
    for each in names:
        if each and names.count(each) > 1:
            raise ChannelContractError(
                f"{name}: the header names column {each!r} twice; have each name sent once"
            )
    # A column without a name cannot be meant by any expression; it only keeps its place.
    return [each or f"_column_{n}" for n, each in enumerate(names, 1)]


def _chunk(block: bytes, first: int, lines: int, header: list[str], dialect: Dialect) -> Chunk:
    if not block:
        return Chunk(pl.DataFrame(schema={**dict.fromkeys(header, pl.String), ROW: pl.Int64}))
    if b"\0" not in block:
        frame = _parsed(block, header, dialect)
        if frame is not None and frame.height == lines:
            return Chunk(numbered(frame, first))
    return _record_by_record(block, first, header, dialect)


def _parsed(block: bytes, header: list[str], dialect: Dialect) -> pl.DataFrame | None:
    read = arrow_csv.ReadOptions(use_threads=False, column_names=header, block_size=len(block) + 1)
    parse = arrow_csv.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote,
        newlines_in_values=True,
    )
    convert = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()),
        strings_can_be_null=True,
        null_values=list(dialect.null_values),
    )
    try:
        table = arrow_csv.read_csv(pa.BufferReader(block), read, parse, convert)
    except pa.ArrowInvalid:
        return None
    frame = pl.from_arrow(table)
    return frame if isinstance(frame, pl.DataFrame) else None


def _record_by_record(block: bytes, first: int, header: list[str], dialect: Dialect) -> Chunk:
    good: list[list[str]] = []
    rows: list[int] = []
    bad: list[Malformed] = []
    lines = block.split(b"\n")
    position = 0
    while position < len(lines):
        for taken, cells, fault in _records(lines, position, dialect):
            wrong = fault or _miscounted(cells, header)
            if wrong is None:
                good.append(cells)
                rows.append(first + position)
            elif wrong is not _BLANK:
                text = lines[position].decode("utf-8", "backslashreplace").rstrip("\r")
                bad.append(Malformed(first + position, "malformed", wrong, text))
            if wrong and taken > 1:
                position += 1
                break
            position += taken
    frame = pl.DataFrame(good, schema=dict.fromkeys(header, pl.String), orient="row")
    return Chunk(frame.with_columns(pl.Series(ROW, rows, dtype=pl.Int64)), malformed(bad))


def _records(
    lines: list[bytes], start: int, dialect: Dialect
) -> Iterator[tuple[int, list[str], str | None]]:
    """From line `start` on: how many lines a record takes, its cells, and its fault if it has one."""
    reader = csv.reader(
        (_text(lines[n]) for n in range(start, len(lines))),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        strict=True,
    )
    before = 0
    try:
        for cells in reader:
            yield reader.line_num - before, cells, None
            before = reader.line_num
    except UnicodeDecodeError as error:
        reason = f"byte {error.start + 1} is not UTF-8; declare the file's `encoding`, e.g. cp1252"
        yield _ONE_OF_MANY, [], reason
    except csv.Error as error:
        yield _ONE_OF_MANY, [], f"the row cannot be read: {error}"


def _text(line: bytes) -> str:
    if b"\0" in line:
        raise csv.Error("it holds a zero character, which no database keeps")
    return line.decode("utf-8") + "\n"


def _miscounted(cells: list[str], header: list[str]) -> str | None:
    if not cells:
        return _BLANK
    if len(cells) == len(header):
        return None
    return f"the row has {len(cells)} cells, the header {len(header)}"
