"""Cells: who is in which, since when, as history and as bitmaps."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from pyroaring import BitMap
from sqlalchemy import Connection

from cdp.store.audience.predicate import cursor
from cdp.store.database import driver
from cdp.store.profile.read import rows

CHUNK = 16  # bits of a number within a chunk
SEGMENT = "segment"
TOLD = (SEGMENT, "persona", "situation")  # dimensions whose changes the feed tells

# Who is queued is looked at anyway; waiting for one who is being looked at could wait for ever.
WAKE = """
WITH due AS (
    DELETE FROM segment_due WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM segment_due AS d WHERE due_at <= %s
          AND NOT EXISTS (SELECT FROM unsegmented_profile AS q WHERE q.profile_id = d.profile_id)
        ORDER BY profile_id LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING profile_id)
INSERT INTO unsegmented_profile (profile_id) SELECT profile_id FROM due ORDER BY profile_id
ON CONFLICT DO NOTHING"""
TAKE = """
DELETE FROM unsegmented_profile WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM unsegmented_profile ORDER BY profile_id LIMIT %s
    FOR UPDATE SKIP LOCKED))
RETURNING profile_id, number"""

MOST_QUEUED = """
SELECT queued >= %s AND 2 * queued >= (SELECT count(*) FROM derived_profile)
FROM (SELECT count(*) AS queued FROM unsegmented_profile) AS q"""
# Those that are no more are left to `take`: their numbers are in the queue only.
TAKE_EVERYONE = "DELETE FROM unsegmented_profile WHERE number IS NULL"

# What profiles came into and what they left. `change`: profile_id, number, dimension, cell, entered.
WRITE = """
closed AS (
    UPDATE profile_cell AS c SET left_at = greatest(c.entered_at, {now})
    FROM change AS x
    WHERE NOT x.entered AND c.profile_id = x.profile_id AND c.dimension = x.dimension
      AND c.cell = x.cell AND c.left_at IS NULL),
opened AS (
    INSERT INTO profile_cell (profile_id, dimension, cell, entered_at, left_at)
    SELECT profile_id, dimension, cell, {now}, NULL FROM change WHERE entered
    ORDER BY profile_id, dimension, cell
    ON CONFLICT (profile_id, dimension, cell, entered_at) DO UPDATE SET left_at = NULL)
SELECT dimension, cell, entered, number >> 16 AS chunk,
       array_agg((number & 65535)::int) AS numbers,
       {profile_ids} AS profile_ids
FROM change GROUP BY dimension, cell, entered, number >> 16"""

# The last thing that a transaction does: bitmaps are read, changed and written by one at a time,
# and a reader who has seen a position has seen every smaller one.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('cells', 0))"
READ_BITS = """
SELECT b.dimension, b.cell, b.chunk, b.bits
FROM unnest(%b::text[], %b::text[], %b::bigint[]) AS k (dimension, cell, chunk)
JOIN cell_bitmap AS b USING (dimension, cell, chunk)"""
WRITE_BITS = """
INSERT INTO cell_bitmap (dimension, cell, chunk, members, bits)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::bytea[])
ON CONFLICT (dimension, cell, chunk) DO UPDATE SET members = excluded.members, bits = excluded.bits"""
DROP_BITS = """
DELETE FROM cell_bitmap WHERE (dimension, cell, chunk) IN (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]))"""
NOTE = """
INSERT INTO cell_change (position, profile_id, dimension, cell, change, changed_at)
SELECT last.position + row_number() OVER (ORDER BY c.change, c.cell, c.profile_id), c.profile_id,
       c.dimension, c.cell, c.change, %s
FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::text[]) AS c (profile_id, dimension, cell, change),
     (SELECT coalesce(max(position), 0) AS position FROM cell_change) AS last"""
BITS = """
SELECT k.n, b.chunk, b.bits
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS k (dimension, cell, n)
JOIN cell_bitmap AS b USING (dimension, cell)"""
SIZES = """
SELECT dimension, cell, sum(members)::bigint AS members FROM cell_bitmap
WHERE %s::text IS NULL OR dimension = %s GROUP BY dimension, cell ORDER BY dimension, cell"""
SINCE = """
SELECT position, profile_id, dimension, cell, change, changed_at FROM cell_change
WHERE position > %s ORDER BY position LIMIT %s"""
LAST = "SELECT coalesce(max(position), 0) AS position FROM cell_change"
# What a later change of the same profile and cell says, too.
SUPERSEDED = """
DELETE FROM cell_change AS c WHERE EXISTS (
    SELECT FROM cell_change AS later
    WHERE later.profile_id = c.profile_id AND later.dimension = c.dimension
      AND later.cell = c.cell AND later.position > c.position)"""
ASSIGN = """
WITH taken AS (
    SELECT p.profile_id, p.number FROM derived_profile AS p WHERE p.profile_id = ANY($1::uuid[])),
change AS MATERIALIZED (
    SELECT t.profile_id, t.number, x.dimension, x.cell, bool_or(x.holds) AS entered
    FROM taken AS t JOIN (
        SELECT profile_id, dimension, cell, true AS holds
        FROM unnest($3::uuid[], $4::text[], $5::text[]) AS a (profile_id, dimension, cell)
        UNION ALL
        SELECT c.profile_id, c.dimension, c.cell, false FROM profile_cell AS c
        WHERE c.profile_id = ANY($1::uuid[]) AND c.dimension = ANY($2::text[])
          AND c.left_at IS NULL) AS x USING (profile_id)
    GROUP BY t.profile_id, t.number, x.dimension, x.cell
    HAVING bool_or(x.holds) <> bool_or(NOT x.holds)),
-- Segments that read a dimension are to be looked at again.
queued AS (
    INSERT INTO unsegmented_profile (profile_id)
    SELECT DISTINCT profile_id FROM change WHERE dimension IN (
        SELECT read.dimension FROM unnest($2::text[]) AS read (dimension)
        WHERE EXISTS (SELECT FROM segment WHERE archived_at IS NULL AND jsonb_path_exists(
            definition, '$.**.dimension ? (@ == $name)', jsonb_build_object('name', read.dimension))))
    ORDER BY profile_id ON CONFLICT DO NOTHING),
"""

# By whom the feed is told.
TELL_LATER = f"CASE WHEN dimension IN {TOLD} THEN array_agg(profile_id) END"
TELL_NOW = """
told AS (
    INSERT INTO cell_change (position, profile_id, dimension, cell, change, changed_at)
    SELECT last.position + row_number() OVER (ORDER BY c.entered DESC, c.cell, c.profile_id),
           c.profile_id, 'segment', c.cell, CASE WHEN c.entered THEN 'enter' ELSE 'leave' END, {now}
    FROM change AS c, (SELECT coalesce(max(position), 0) AS position FROM cell_change) AS last
    WHERE c.dimension = 'segment'),
"""

# Planning hundreds of conditions takes ten times as long as evaluating them for one profile; the
# plan is the same for any profiles. Compiling them to machine code takes longer still.
GENERIC = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)"""
CUSTOM = "SELECT set_config('plan_cache_mode', 'auto', true), set_config('work_mem', '256MB', true)"

Cell = tuple[str, str]


@dataclass(frozen=True)
class CellChange:
    """Profiles of one chunk that came into a cell, or left it."""

    dimension: str
    cell: str
    entered: bool
    chunk: int
    numbers: Sequence[int]
    profile_ids: Sequence[UUID] | None  # of dimensions that the feed tells


def write(now: str, *, tell_now: bool = False) -> str:
    """The end of a statement that has found the changes; `tell_now` for very many of them.

    Who tells them now has called `lock` before; others call `note` with what the statement gives.
    """
    if tell_now:
        return TELL_NOW.format(now=now) + WRITE.format(now=now, profile_ids="NULL::uuid[]")
    return WRITE.format(now=now, profile_ids=TELL_LATER)


def lock(tx: Connection) -> None:
    """Keep others from bitmaps and feed until the transaction ends."""
    driver(tx).execute(LOCK)


def wake(tx: Connection, now: datetime, limit: int) -> int:
    """Queue profiles of which time alone may change a membership by `now`; how many."""
    return driver(tx).execute(WAKE, (now, limit)).rowcount


def take(tx: Connection, limit: int) -> list[tuple[UUID, int | None]]:
    """Up to `limit` queued profiles, each with its number where it is no more."""
    return driver(tx).execute(TAKE, (limit,)).fetchall()


def most_are_queued(tx: Connection, many: int) -> bool:
    """Whether at least `many` profiles, and half of all, are queued."""
    return driver(tx).execute(MOST_QUEUED, (many,)).fetchall()[0][0]


def take_everyone(tx: Connection) -> int:
    """Empty the queue of all that there still are; how many."""
    return driver(tx).execute(TAKE_EVERYONE).rowcount


def run(
    tx: Connection, statement: str, parameters: Sequence[Any], *, once: bool = False
) -> list[CellChange]:
    """Run a statement that ends as `write` has it, prepared once per connection or only `once`."""
    with cursor(tx) as running:
        running.execute(CUSTOM if once else GENERIC)
        running.execute(statement.encode(), parameters, prepare=not once, binary=True)
        return [CellChange(*row) for row in running]


def execute(tx: Connection, statement: str, parameters: Sequence[Any]) -> int:
    """Run a statement with the parameters of a Binder; how many rows it touched."""
    with cursor(tx) as running:
        return running.execute(statement.encode(), parameters).rowcount


def assign(
    tx: Connection,
    profile_ids: Collection[UUID],
    assigned: Mapping[str, Iterable[tuple[UUID, str]]],
    now: datetime,
) -> int:
    """Let each of these profiles be in its cells of these dimensions, and no others; how many changes.

    For dimensions that no declaration tells. Takes a lock: the last thing that a transaction does.
    """
    told = [(uid, name, cell) for name, pairs in assigned.items() for uid, cell in pairs]
    columns = [[each[place] for each in told] for place in range(3)]
    statement = ASSIGN + write("$6::timestamptz")
    changes = run(tx, statement, [list(profile_ids), list(assigned), *columns, now])
    note(tx, changes, now)
    return sum(len(each.numbers) for each in changes)


def note(tx: Connection, changes: Sequence[CellChange], now: datetime) -> None:
    """Enter changes into bitmaps and feed; the last thing that a transaction does."""
    if not changes:
        return
    connection = driver(tx)
    connection.execute(LOCK)
    _note_bits(connection, changes)
    told = [
        (profile_id, each.dimension, each.cell, "enter" if each.entered else "leave")
        for each in changes
        if each.profile_ids
        for profile_id in each.profile_ids
    ]
    if told:
        columns = [list(column) for column in zip(*told, strict=True)]
        connection.execute(NOTE, (now, *columns))


def _note_bits(connection: psycopg.Connection, changes: Sequence[CellChange]) -> None:
    keys = sorted({(each.dimension, each.cell, each.chunk) for each in changes})
    columns = [list(column) for column in zip(*keys, strict=True)]
    bits = dict.fromkeys(keys)
    for dimension, cell, chunk, held in connection.execute(READ_BITS, columns, binary=True):
        bits[dimension, cell, chunk] = BitMap.deserialize(held)
    for each in changes:
        key = (each.dimension, each.cell, each.chunk)
        numbers = BitMap(each.numbers)
        before = bits[key] or BitMap()
        bits[key] = before | numbers if each.entered else before - numbers
    kept = [(*key, len(held), held.serialize()) for key, held in bits.items() if held]
    if kept:
        connection.execute(WRITE_BITS, [list(column) for column in zip(*kept, strict=True)])
    if gone := [key for key, held in bits.items() if not held]:
        connection.execute(DROP_BITS, [list(column) for column in zip(*gone, strict=True)])


def bitmaps(connection: psycopg.Connection, cells: Sequence[Cell]) -> list[dict[int, BitMap]]:
    """Of each cell its members by chunk: bits are `number & 65535`, chunks `number >> 16`."""
    found: list[dict[int, BitMap]] = [{} for _ in cells]
    said = ([dimension for dimension, _ in cells], [cell for _, cell in cells])
    for n, chunk, bits in connection.execute(BITS, said):
        found[n - 1][chunk] = BitMap.deserialize(bits)
    return found


def sizes(connection: psycopg.Connection, dimension: str | None = None) -> dict[Cell, int]:
    """How many profiles are in each cell, of one dimension or of all."""
    found = rows(connection, SIZES, (dimension, dimension))
    return {(row["dimension"], row["cell"]): row["members"] for row in found}


def since(connection: psycopg.Connection, position: int, limit: int) -> list[dict[str, Any]]:
    """The next changes of any segment, persona or situation, in order."""
    return rows(connection, SINCE, (position, limit))


def last(connection: psycopg.Connection) -> int:
    """The position of the newest change of a segment, persona or situation."""
    return rows(connection, LAST)[0]["position"]


def drop_superseded(tx: Connection) -> int:
    """Drop the changes that later ones of the same profile and cell stand for; how many.

    A reader who comes later still ends with the right members. Looks through the whole feed: to be
    done now and then.
    """
    return driver(tx).execute(SUPERSEDED).rowcount
