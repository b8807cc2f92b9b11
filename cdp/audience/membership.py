"""Membership: who is in which cell by now, kept as profiles change and time passes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection

from cdp.audience import base
from cdp.audience.base import definitions_of
from cdp.audience.cells import cell_of, currency, trait_json
from cdp.audience.compiler import Compiler
from cdp.audience.dimensions import SEGMENT, SUBJECT, Dimension, dimensions
from cdp.store import cells, segments
from cdp.store.cells import CellChange
from cdp.store.database import Database
from cdp.store.evaluate import Cells, evaluation
from cdp.store.predicate import Binder, Fragment
from cdp.store.scopes import AtHand
from cdp.store.segments import SavedSegment

PROFILES_PER_TRANSACTION = 1_000
MANY = 20_000
MOST_COLUMNS = 1_000  # Postgres has room for 1,664 in a row


@dataclass(frozen=True)
class Updated:
    """What an update of memberships did."""

    profiles: int
    entered: int
    left: int


@dataclass(frozen=True)
class Plan:
    """A statement that evaluates some segments and dimensions for given profiles."""

    statement: str
    binder: Binder


def update_memberships(
    database: Database,
    now: datetime | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    many: int = MANY,
) -> Updated:
    """Bring every queued and due profile into its cells of `now`; any number may run at once.

    `progress` is called with the number of profiles looked at so far. Where at least `many`, and
    half of the base, are queued, everyone is evaluated as sets.
    """
    at = now or datetime.now(UTC)
    done = Updated(0, 0, 0)
    for taken, changes in _updates(database, at, many):
        entered = sum(len(each.numbers) for each in changes if each.entered)
        left = sum(len(each.numbers) for each in changes if not each.entered)
        done = Updated(done.profiles + taken, done.entered + entered, done.left + left)
        progress(done.profiles)
    return done


def _updates(
    database: Database, now: datetime, many: int
) -> Iterator[tuple[int, list[CellChange]]]:
    with database.transaction() as tx:
        found = _update_everyone(tx, now, many)
    yield found
    with database.transaction() as tx:
        changes = base.evaluate_dimensions(tx, now)
    yield 0, changes
    while True:
        with database.transaction() as tx:
            taken, changes = _update_some(tx, now)
        yield taken, changes
        if taken < PROFILES_PER_TRANSACTION:
            with database.transaction() as tx:
                if not cells.wake(tx, now, PROFILES_PER_TRANSACTION):
                    return


def _update_everyone(tx: Connection, now: datetime, many: int) -> tuple[int, list[CellChange]]:
    if not cells.most_are_queued(tx, many):
        return 0, []
    segments.hold_alone(tx)
    taken = cells.take_everyone(tx)
    return taken, base.evaluate_everything(tx, now)


def _update_some(tx: Connection, now: datetime) -> tuple[int, list[CellChange]]:
    segments.hold(tx)
    taken = cells.take(tx, PROFILES_PER_TRANSACTION)
    if not taken:
        return 0, []
    profile_ids = [profile_id for profile_id, _ in taken]
    numbers = [number for _, number in taken]
    changes: list[CellChange] = []
    for plan in plans(tuple(segments.live(tx)), currency(tx)):
        said = [profile_ids, numbers, *plan.binder.bind(now)]
        changes += cells.run(tx, plan.statement, said)
    cells.note(tx, changes, now)
    return len(taken), changes


@lru_cache(maxsize=8)
def plans(saved: tuple[SavedSegment, ...], rates: str) -> tuple[Plan, ...]:
    """The statements that evaluate all declared dimensions and these segments."""
    return tuple(_plans(saved, rates))


def _plans(saved: Sequence[SavedSegment], rates: str) -> Iterator[Plan]:
    definitions = definitions_of(saved)
    waiting = list(saved)
    first = True
    while waiting or first:
        scope = AtHand(Binder(reserved=2), json.loads(rates))
        compiler = Compiler(scope, definitions, dimensions())
        parts = _Parts(compiler)
        if first:
            parts.add_dimensions(dimensions())
        while waiting and (len(scope.columns) < MOST_COLUMNS):
            parts.add_segment(waiting.pop(0).name)
        yield Plan(evaluation(scope, parts.cells(), first=first), scope.binder)
        first = False


class _Parts:
    """The cells of one statement, put together."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler, self._binder = compiler, compiler.scope.binder
        self._expressions: list[str] = []
        self._dimensions: list[str] = []
        self._lists: list[tuple[str, str]] = []
        self._segments: list[str] = []
        self._flips: list[str] = []

    def cells(self) -> Cells:
        """All of them."""
        return Cells(self._expressions, self._dimensions, self._lists, self._segments, self._flips)

    def add_segment(self, name: str) -> None:
        """A segment's name where its condition holds."""
        found = self._compiler.members(self._compiler.segments[name])
        said = self._binder.value(name, "text")
        self._add(SEGMENT, f"CASE WHEN {found.sql} THEN {said} END", found)
        self._segments.append(name)

    def add_dimensions(self, declared: Mapping[str, Dimension]) -> None:
        """Each dimension's cell, and the subject."""
        self._add(SUBJECT, "p.subject", Fragment(""))
        for dimension in declared.values():
            if dimension.multiple:
                self._lists.append((dimension.name, trait_json(self._compiler, dimension)))
            else:
                self._add(dimension.name, *cell_of(self._compiler, dimension))

    def _add(self, dimension: str, expression: str, fragment: Fragment) -> None:
        self._dimensions.append(dimension)
        self._expressions.append(expression)
        self._flips += fragment.flips
