"""The bitmaps, the history and the traits that crossings read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import Connection

from cdp.store import staging
from cdp.store.profile.read import rows

NAMED = """
SELECT c.dimension, c.cell, c.chunk, c.bits
FROM unnest(%s::text[], %s::text[]) AS said (dimension, cell)
JOIN cell_bitmap AS c ON c.dimension = said.dimension COLLATE "C" AND c.cell = said.cell COLLATE "C"
"""
WHOLE = "SELECT dimension, cell, chunk, bits FROM cell_bitmap WHERE dimension = ANY(%s)"
EVERY = "SELECT dimension, cell, chunk, bits FROM cell_bitmap ORDER BY dimension, cell, chunk"
DIMENSIONS = (
    "SELECT DISTINCT dimension FROM cell_bitmap UNION SELECT DISTINCT dimension FROM profile_cell"
)
CELLS = """
SELECT DISTINCT cell FROM profile_cell WHERE dimension = %(dimension)s
UNION SELECT DISTINCT cell FROM cell_bitmap WHERE dimension = %(dimension)s
UNION SELECT name FROM segment WHERE %(dimension)s = 'segment' AND archived_at IS NULL"""
PEOPLE = (
    "SELECT number, profile_id, traits FROM derived_profile WHERE number = ANY(%s) ORDER BY number"
)

# A person in several cells of a dimension (segments) is in their combination.
STATES = """
SELECT profile_id,
       coalesce(string_agg(cell, ' + ' ORDER BY cell) FILTER (
           WHERE entered_at <= %(since)s AND (left_at IS NULL OR left_at > %(since)s)), %(none)s)
           AS before,
       coalesce(string_agg(cell, ' + ' ORDER BY cell) FILTER (
           WHERE entered_at <= %(until)s AND (left_at IS NULL OR left_at > %(until)s)), %(none)s)
           AS after
FROM profile_cell
WHERE dimension = %(dimension)s AND (%(cells)s::text[] IS NULL OR cell = ANY(%(cells)s))
GROUP BY profile_id"""
FLOWS = f"""
SELECT before, after, count(*) AS people FROM ({STATES}) AS state
WHERE before <> %(none)s OR after <> %(none)s
GROUP BY before, after ORDER BY people DESC, before, after"""
MOVED = f"""
SELECT profile_id FROM ({STATES}) AS state
WHERE before = %(before)s AND after = %(after)s AND profile_id > %(beyond)s
ORDER BY profile_id LIMIT %(limit)s"""
KNOWN_SINCE = "SELECT min(entered_at) FROM profile_cell WHERE dimension = %s"

# One line per person and value: lists have several.
VALUES = """
SELECT (d.number = ANY('{a}'))::int, d.number, t.key, jsonb_typeof(t.value), v.value
FROM derived_profile AS d CROSS JOIN LATERAL jsonb_each(d.traits) AS t
CROSS JOIN LATERAL (
    SELECT t.value #>> '{{}}' AS value WHERE jsonb_typeof(t.value) <> 'array'
    UNION ALL
    SELECT DISTINCT e.value #>> '{{}}' FROM jsonb_array_elements(
        CASE jsonb_typeof(t.value) WHEN 'array' THEN t.value ELSE '[]' END) AS e
    WHERE jsonb_typeof(e.value) <> 'object') AS v
WHERE d.number = ANY('{both}') AND jsonb_typeof(t.value) NOT IN ('object', 'null')"""
VALUE_COLUMNS = {
    "in_a": pl.Int64,
    "number": pl.Int64,
    "trait": pl.String,
    "type": pl.String,
    "value": pl.String,
}

Bits = tuple[str, str, int, bytes]  # dimension, cell, chunk, bitmap


def named(connection: psycopg.Connection, cells: Sequence[tuple[str, str]]) -> list[Bits]:
    """The bitmaps of these (dimension, cell)."""
    return _tuples(connection, NAMED, ([d for d, _ in cells], [c for _, c in cells]))


def whole(connection: psycopg.Connection, dimensions: Sequence[str]) -> list[Bits]:
    """The bitmaps of every cell of these dimensions."""
    return _tuples(connection, WHOLE, (list(dimensions),))


def every(connection: psycopg.Connection) -> list[Bits]:
    """All bitmaps, by dimension and cell."""
    return _tuples(connection, EVERY, ())


def dimensions(connection: psycopg.Connection) -> list[str]:
    """The dimensions that anybody is or was in a cell of."""
    return [name for (name,) in _tuples(connection, DIMENSIONS, ())]


def cells(connection: psycopg.Connection, dimension: str) -> list[str]:
    """The cells of a dimension that anybody is or was in, and the saved segments."""
    return [name for (name,) in _tuples(connection, CELLS, {"dimension": dimension})]


def people(
    connection: psycopg.Connection, numbers: Sequence[int]
) -> list[tuple[int, UUID, dict[str, Any]]]:
    """Number, profile id and traits of the people with these numbers, in their order."""
    return _tuples(connection, PEOPLE, (list(numbers),))


def flows(connection: psycopg.Connection, **asked: Any) -> list[dict[str, Any]]:
    """before, after, people of each movement; takes dimension, cells, since, until, none."""
    return rows(connection, FLOWS, asked)


def moved(connection: psycopg.Connection, **asked: Any) -> list[UUID]:
    """The profiles of one movement after `beyond`, by id; also takes before, after, limit."""
    return [profile_id for (profile_id,) in _tuples(connection, MOVED, asked)]


def known_since(connection: psycopg.Connection, dimension: str) -> datetime | None:
    """When the first cell of a dimension was entered."""
    return _tuples(connection, KNOWN_SINCE, (dimension,))[0][0]


def trait_values(tx: Connection, a: Sequence[int], b: Sequence[int]) -> pl.DataFrame:
    """in_a, number, trait, type (of json), value of each scalar and list element of these people."""
    query = VALUES.format(a=_array(a), both=_array([*a, *b]))
    return staging.copy_out(tx, query, VALUE_COLUMNS)


def _array(numbers: Sequence[int]) -> str:
    return "{" + ",".join(str(int(number)) for number in numbers) + "}"


def _tuples(connection: psycopg.Connection, query: str, parameters: Any) -> list[Any]:
    # As text, a bitmap would travel as twice as many hexadecimal digits.
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(query, parameters).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
