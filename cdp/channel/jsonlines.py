"""JSON lines: each key in use a column of text, each line a row."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NoReturn

import polars as pl
from polars.exceptions import PolarsError

from cdp.channel.chunk import Chunk, Malformed, malformed, numbered
from cdp.channel.columns import Column
from cdp.channel.spec import ROW

# Text that PostgreSQL cannot hold: the zero character and halves of a surrogate pair.
_SUSPECT = (
    b"\\u0000",
    b"\\ud8",
    b"\\ud9",
    b"\\uda",
    b"\\udb",
    b"\\uD8",
    b"\\uD9",
    b"\\uDA",
    b"\\uDB",
)


def json_chunks(
    blocks: Iterable[bytes], names: Collection[str], columns: Mapping[str, Column]
) -> Iterator[Chunk]:
    """The rows of `blocks` of JSON lines, with the columns `names`; nested values are JSON text.

    A column that no line of the first block has is left out, so that its lack can be told.
    """
    paths = {name: _path(name, columns.get(name)) for name in names}
    line = 1
    told = False
    for block in blocks:
        lines = _lines(block)
        chunk = _chunk(block, line, lines, paths, keep_absent=told)
        told = told or chunk.frame.height > 0
        line += lines
        yield chunk


def _path(name: str, column: Column | None) -> tuple[str, ...]:
    return tuple(column.path.split(".")) if column and column.path else (name,)


def _lines(block: bytes) -> int:
    return block.count(b"\n") + (not block.endswith(b"\n"))


def _chunk(
    block: bytes, first: int, lines: int, paths: Mapping[str, tuple[str, ...]], *, keep_absent: bool
) -> Chunk:
    keys = {path[0] for path in paths.values()}
    bad: list[Malformed] = []
    frame = None
    if not any(mark in block for mark in _SUSPECT):
        frame = _parsed(block, keys)
    if frame is None or frame.height != lines:
        frame, bad = _line_by_line(block, first, keys)
    else:
        frame = numbered(frame, first)
    present = _present(block) if frame.height else ()
    absent = set() if keep_absent else {key for key in keys if _absent(frame, key, block)}
    wanted = [_reached(path).alias(name) for name, path in paths.items() if path[0] not in absent]

    def raw(rows: pl.Series) -> pl.Series:
        texts = block.split(b"\n")
        return pl.Series(
            [texts[row - first].decode("utf-8").strip() for row in rows], dtype=pl.String
        )

    return Chunk(frame.select(ROW, *wanted), malformed(bad), raw, present)


def _reached(path: tuple[str, ...]) -> pl.Expr:
    top = pl.col(path[0])
    if len(path) == 1:
        return top
    return top.str.json_path_match("$" + "".join(f"['{step}']" for step in path[1:]))


def _parsed(block: bytes, keys: Collection[str]) -> pl.DataFrame | None:
    try:
        return pl.read_ndjson(block, schema=dict.fromkeys(sorted(keys), pl.String))
    except PolarsError:
        return None


def _absent(frame: pl.DataFrame, key: str, block: bytes) -> bool:
    if not frame.height or frame[key].null_count() < frame.height:
        return False
    spellings = (json.dumps(key), json.dumps(key, ensure_ascii=False))
    return not any(spelling.encode() in block for spelling in spellings)


def _present(block: bytes) -> tuple[str, ...]:
    for line in block.split(b"\n", 20):
        try:
            return tuple(json.loads(line))
        except (ValueError, TypeError):
            continue
    return ()


def _line_by_line(
    block: bytes, first: int, keys: Collection[str]
) -> tuple[pl.DataFrame, list[Malformed]]:
    """The good lines and the bad ones; only for blocks that do not read as a whole."""
    good: list[bytes] = []
    rows: list[int] = []
    bad: list[Malformed] = []
    for row, line in enumerate(block.split(b"\n"), first):
        if not line.strip():
            continue
        reason = _fault(line)
        if reason is None:
            good.append(line)
            rows.append(row)
        else:
            bad.append(_rejected(row, line, reason))
    frame, refused = _halved(good, keys)
    bad += [_rejected(rows[n], good[n], "the line is no valid JSON") for n in refused]
    kept = [row for n, row in enumerate(rows) if n not in refused]
    return frame.with_columns(pl.Series(ROW, kept, dtype=pl.Int64)), bad


def _rejected(row: int, line: bytes, reason: str) -> Malformed:
    return Malformed(row, "json", reason, line.decode("utf-8", "backslashreplace").strip())


def _fault(line: bytes) -> str | None:
    try:
        said = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return f"byte {error.start + 1} of the line is not UTF-8; send the file as UTF-8"
    except ValueError as error:
        return f"the line is no valid JSON: {error}"
    if not isinstance(said, dict):
        return "the line is JSON but no object; write {...}"
    if any(mark in line for mark in _SUSPECT) and not _is_text(said):
        return "a text holds a zero character or half a character; no database keeps it"
    return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_text(said: Any) -> bool:
    try:
        said = json.dumps(said, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return b"\\u0000" not in said


def _halved(lines: list[bytes], keys: Collection[str]) -> tuple[pl.DataFrame, set[int]]:
    """The frame of `lines`, less those that the parser refuses, found by halving."""
    frame = _parsed(b"\n".join(lines), keys)
    if frame is not None and frame.height == len(lines):
        return frame, set()
    if len(lines) == 1:
        return pl.DataFrame(schema=dict.fromkeys(sorted(keys), pl.String)), {0}
    middle = len(lines) // 2
    left, lost_left = _halved(lines[:middle], keys)
    right, lost_right = _halved(lines[middle:], keys)
    return pl.concat([left, right]), lost_left | {middle + n for n in lost_right}
