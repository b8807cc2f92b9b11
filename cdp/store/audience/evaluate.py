"""Evaluation in SQL: all conditions for some profiles at once, or one condition for everyone."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdp.store.audience.at_hand import AtHand
from cdp.store.audience.cells import write
from cdp.store.audience.event_predicate import NOW
from cdp.store.audience.predicate import Binder, least, literal

# Each profile's cells by now against those it is in. Lists are unnested as they are selected: a
# function in FROM would store each of them first.
EVALUATE = """
WITH taken AS (SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS t (profile_id, number)),
seen AS MATERIALIZED (
    SELECT t.profile_id, coalesce(p.number, t.number) AS number, p.profile_id IS NULL AS gone,
           ARRAY[{cells}]::text[] AS cells{lists}, {due} AS due_at
    FROM taken AS t LEFT JOIN derived_profile AS p USING (profile_id){sources}),
change AS MATERIALIZED (
    SELECT profile_id, number, dimension, cell, bool_or(holds) AS entered FROM (
        SELECT * FROM (
            SELECT profile_id, number, unnest({dimensions}) AS dimension, unnest(cells) AS cell,
                   true AS holds
            FROM seen) AS now WHERE cell IS NOT NULL{elements}
        UNION ALL
        SELECT s.profile_id, s.number, c.dimension, c.cell, false
        FROM seen AS s JOIN profile_cell AS c USING (profile_id)
        WHERE c.left_at IS NULL AND (s.gone OR {evaluated})) AS side
    GROUP BY profile_id, number, dimension, cell HAVING bool_or(holds) <> bool_or(NOT holds)),
scheduled AS (
    INSERT INTO segment_due (profile_id, due_at)
    SELECT profile_id, due_at FROM seen WHERE due_at IS NOT NULL ORDER BY profile_id
    ON CONFLICT (profile_id) DO UPDATE SET due_at = {merged_due}
    WHERE segment_due.due_at <> {merged_due}),
{unscheduled}"""
UNSCHEDULED = """unscheduled AS (
    DELETE FROM segment_due AS d USING seen AS s
    WHERE d.profile_id = s.profile_id AND s.due_at IS NULL),
"""

# Everyone's cells of one dimension against those they are in. Who is no more stands in the queue.
EVERYONE = """
WITH found AS MATERIALIZED ({query}),
held AS (
    SELECT profile_id, p.number, cell FROM profile_cell JOIN derived_profile AS p USING (profile_id)
    WHERE dimension = {dimension} AND left_at IS NULL{only}),
change AS MATERIALIZED (
    SELECT coalesce(f.profile_id, h.profile_id) AS profile_id, coalesce(f.number, h.number) AS number,
           {dimension} AS dimension, coalesce(f.cell, h.cell) AS cell,
           f.profile_id IS NOT NULL AS entered
    FROM found AS f FULL JOIN held AS h ON h.profile_id = f.profile_id AND h.cell = f.cell
    WHERE f.profile_id IS NULL OR h.profile_id IS NULL),
"""
# Earlier moments count; those that a profile has already may be earlier still.
SCHEDULE = """
INSERT INTO segment_due (profile_id, due_at)
SELECT f.profile_id, min(f.due_at) FROM ({flips}) AS f JOIN derived_profile USING (profile_id)
WHERE f.due_at > {now} GROUP BY f.profile_id ORDER BY f.profile_id
ON CONFLICT (profile_id) DO UPDATE SET due_at = LEAST(segment_due.due_at, excluded.due_at)"""


@dataclass(frozen=True)
class Cells:
    """What is evaluated: an expression of a cell's name (or null) for each of `dimensions`.

    `lists`: by dimension an expression of a JSON list of cells. `segments`: the names among them.
    """

    expressions: Sequence[str]
    dimensions: Sequence[str]
    lists: Sequence[tuple[str, str]]
    segments: Sequence[str]
    flips: Sequence[str]


def evaluation(scope: AtHand, cells: Cells, *, first: bool) -> str:
    """The statement that brings the cells of given profiles up to date; ends as `cells.run` wants it.

    `$1`, `$2`: the profiles, and the numbers of those that are no more. Of several statements for
    the same profiles the `first` replaces when they are due next.
    """
    binder = scope.binder
    statement = EVALUATE.format(
        cells=", ".join(cells.expressions),
        lists="".join(f", {sql} AS list{n}" for n, (_, sql) in enumerate(cells.lists)),
        due=least(list(dict.fromkeys(cells.flips))),
        sources=scope.sources(),
        dimensions=literal(cells.dimensions),
        elements="".join(_elements(binder, n, name) for n, (name, _) in enumerate(cells.lists)),
        evaluated=_evaluated(cells),
        merged_due="excluded.due_at" if first else "LEAST(segment_due.due_at, excluded.due_at)",
        unscheduled=UNSCHEDULED if first else "",
    )
    return statement + write(binder.ago(NOW))


def everyone(binder: Binder, query: str, dimension: str, cell: str | None = None) -> str:
    """The statement that brings everyone into the cells of one dimension, or into one `cell` of it.

    `query` gives profile_id, number and cell of all who belong there.
    """
    only = f" AND cell = {binder.value(cell, 'text')}" if cell is not None else ""
    name = binder.value(dimension, "text")
    found = EVERYONE.format(query=query, dimension=name, only=only)
    return found + write(binder.ago(NOW), tell_now=True)


def schedule(binder: Binder, flips: Sequence[str]) -> str:
    """The statement that notes when time alone may change something for anyone."""
    return SCHEDULE.format(flips=" UNION ALL ".join(flips), now=binder.ago(NOW))


def _elements(binder: Binder, n: int, dimension: str) -> str:
    return (
        f"\n        UNION ALL SELECT profile_id, number, {binder.value(dimension, 'text')},"
        f" jsonb_array_elements_text(list{n}), true FROM seen WHERE jsonb_typeof(list{n}) = 'array'"
    )


def _evaluated(cells: Cells) -> str:
    names = {*cells.dimensions, *(name for name, _ in cells.lists)}
    declared, segments = literal(sorted(names - {"segment"})), literal(sorted(cells.segments))
    return (
        f"(c.dimension = ANY({declared}) OR c.dimension = 'segment' AND c.cell = ANY({segments}))"
    )
