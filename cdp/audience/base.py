"""The whole base at once: a new or changed segment or dimension, evaluated as sets."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from cdp.audience.cells import cell_of, currency, trait_json
from cdp.audience.compiler import Compiler, Definition
from cdp.audience.dimensions import SEGMENT, SUBJECT, Dimension, dimensions
from cdp.audience.faulty import faults
from cdp.audience.reading import dependents
from cdp.model.expression import TREE
from cdp.store.audience import cells, segments
from cdp.store.audience.cells import CellChange
from cdp.store.audience.evaluate import everyone, schedule
from cdp.store.audience.predicate import Binder, Fragment
from cdp.store.audience.scopes import Everyone
from cdp.store.audience.segments import SavedSegment

# Editions of kept dimensions that were found to be what this process has declared.
_as_declared: set[str | None] = set()
_defined: dict[str, Mapping[str, Definition]] = {}
NOBODY = "SELECT NULL::uuid AS profile_id, NULL::bigint AS number, NULL::text AS cell WHERE false"


def evaluate_segment(tx: Connection, name: str, now: datetime) -> None:
    """Bring everyone into the segment `name`, and into those that read it, as of `now`.

    Memberships are kept by nobody else meanwhile: call `segments.hold_alone` first.
    """
    saved = {each.name: each for each in segments.live(tx)}
    definitions = definitions_of(saved.values())
    faulty = faults(definitions)
    for each in dependents(name, definitions):
        if each not in faulty:
            _evaluate(tx, saved[each], definitions, now)


def empty_segment(tx: Connection, name: str, now: datetime) -> None:
    """Let everyone leave the segment `name`."""
    _settle(tx, Binder(), NOBODY, SEGMENT, name, now)


def _evaluate(
    tx: Connection, saved: SavedSegment, definitions: Mapping[str, Definition], now: datetime
) -> list[CellChange]:
    compiler = everyones(tx, definitions)
    binder = compiler.scope.binder
    found = compiler.members(definitions[saved.name])
    query = (
        f"SELECT p.profile_id, p.number, {binder.value(saved.name, 'text')} AS cell"
        f" FROM derived_profile AS p WHERE {found.sql}"
    )
    changes = _settle(tx, binder, query, SEGMENT, saved.name, now)
    _schedule(tx, binder, found, now)
    segments.evaluated(tx, saved.name, now)
    return changes


def evaluate_everything(tx: Connection, now: datetime) -> list[CellChange]:
    """Bring everyone into every cell of dimensions and segments."""
    changes = _evaluate_subject(tx, now)
    for dimension in dimensions().values():
        changes += _evaluate_dimension(tx, dimension, now)
    saved = segments.live(tx)
    definitions = definitions_of(saved)
    faulty = faults(definitions)
    for each in saved:
        if each.name not in faulty:
            changes += _evaluate(tx, each, definitions, now)
    return changes


def evaluate_dimensions(tx: Connection, now: datetime) -> list[CellChange]:
    """Bring everyone into the cells of each dimension whose declaration is new.

    A dimension that is declared no longer is left by everyone.
    """
    declared = dimensions()
    edition = segments.kept_edition(tx)
    if edition in _as_declared:
        return []
    kept = segments.kept_dimensions(tx)
    changed = [name for name, each in declared.items() if kept.get(name) != each.declaration]
    gone = [name for name in kept if name not in declared and name != SUBJECT]
    if not changed and not gone and SUBJECT in kept:
        _as_declared.add(edition)
        return []
    segments.hold_alone(tx)
    changes = []
    for name in changed:
        changes += _evaluate_dimension(tx, declared[name], now)
    for name in gone:
        changes += _settle(tx, Binder(), NOBODY, name, None, now)
        segments.forget_dimension(tx, name)
    if SUBJECT not in kept:
        changes += _evaluate_subject(tx, now)
    return changes


def _evaluate_subject(tx: Connection, now: datetime) -> list[CellChange]:
    query = "SELECT profile_id, number, subject AS cell FROM derived_profile"
    segments.keep_dimension(tx, SUBJECT, "{}", now)
    return _settle(tx, Binder(), query, SUBJECT, None, now)


def _evaluate_dimension(tx: Connection, dimension: Dimension, now: datetime) -> list[CellChange]:
    compiler = everyones(tx, {})
    binder = compiler.scope.binder
    if dimension.multiple:
        listed = trait_json(compiler, dimension)
        query = (
            "SELECT DISTINCT p.profile_id, p.number, l.cell FROM derived_profile AS p"
            f" CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof({listed})"
            f" WHEN 'array' THEN {listed} END) AS l (cell)"
        )
        found = Fragment("")
    else:
        cell, found = cell_of(compiler, dimension)
        query = (
            f"SELECT * FROM (SELECT p.profile_id, p.number, {cell} AS cell"
            " FROM derived_profile AS p) AS c WHERE cell IS NOT NULL"
        )
    changes = _settle(tx, binder, query, dimension.name, None, now)
    _schedule(tx, binder, found, now)
    segments.keep_dimension(tx, dimension.name, dimension.model_dump_json(), now)
    return changes


def everyones(tx: Connection, definitions: Mapping[str, Definition]) -> Compiler:
    """A compiler of conditions on the whole base."""
    scope = Everyone(Binder(), json.loads(currency(tx)))
    return Compiler(scope, definitions, dimensions())


def defined(tx: Connection) -> Mapping[str, Definition]:
    """What the saved segments mean, by name; read anew only where there are other ones."""
    edition = segments.edition(tx)
    found = _defined.get(edition)
    if found is None:
        found = definitions_of(segments.live(tx))
        _defined.clear()
        _defined[edition] = found
    return found


def definitions_of(saved: Iterable[SavedSegment]) -> dict[str, Definition]:
    """What saved segments mean, by name."""
    return {
        each.name: Definition(each.subject, TREE.validate_json(each.definition)) for each in saved
    }


def _settle(  # noqa: PLR0917 - who belongs where
    tx: Connection, binder: Binder, query: str, dimension: str, cell: str | None, now: datetime
) -> list[CellChange]:
    cells.lock(tx)
    statement = everyone(binder, query, dimension, cell)
    changes = cells.run(tx, statement, binder.bind(now), once=True)
    cells.note(tx, changes, now)
    return changes


def _schedule(tx: Connection, binder: Binder, found: Fragment, now: datetime) -> None:
    if found.flips:
        cells.execute(tx, schedule(binder, found.flips), binder.bind(now))
