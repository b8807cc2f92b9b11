"""Membership: who is in which cell by now, kept as profiles change and time passes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection

from cdp.audience.compiler import Compiler, Definition
from cdp.audience.dimensions import SEGMENT, SUBJECT, Dimension, bin_conditions, dimensions
from cdp.derive.parameters import parameters_in_force
from cdp.derive.registry import known_trait
from cdp.model.expression import TREE
from cdp.store import cells, segments
from cdp.store.cells import CellChange
from cdp.store.database import Database
from cdp.store.evaluate import Cells, evaluation
from cdp.store.predicate import Binder, Fragment
from cdp.store.scopes import AtHand
from cdp.store.segments import SavedSegment

PROFILES_PER_TRANSACTION = 1_000
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
) -> Updated:
    """Bring every queued and due profile into its cells of `now`; any number may run at once.

    `progress` is called with the number of profiles looked at so far.
    """
    at = now or datetime.now(UTC)
    profiles = entered = left = 0
    while True:
        with database.transaction() as tx:
            taken, changes = _update_some(tx, at)
        profiles += taken
        entered += sum(len(each.numbers) for each in changes if each.entered)
        left += sum(len(each.numbers) for each in changes if not each.entered)
        progress(profiles)
        if taken < PROFILES_PER_TRANSACTION:
            with database.transaction() as tx:
                if not cells.wake(tx, at, PROFILES_PER_TRANSACTION):
                    return Updated(profiles, entered, left)


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


def currency(tx: Connection) -> str:
    """The fitted reporting currency and rates, as JSON text."""
    parameters = parameters_in_force(tx)
    return json.dumps(parameters.of("currency") if parameters else {}, sort_keys=True)


@lru_cache(maxsize=8)
def plans(saved: tuple[SavedSegment, ...], rates: str) -> tuple[Plan, ...]:
    """The statements that evaluate all declared dimensions and these segments."""
    return tuple(_plans(saved, rates))


def _plans(saved: Sequence[SavedSegment], rates: str) -> Iterator[Plan]:
    definitions = {
        each.name: Definition(each.subject, TREE.validate_json(each.definition)) for each in saved
    }
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


def cell_of(compiler: Compiler, dimension: Dimension) -> tuple[str, Fragment]:
    """The name of the cell of a profile (or null), and when it may change."""
    if not dimension.bins:
        return f"({trait_json(compiler, dimension)} #>> '{{}}')", Fragment("")
    binder, flips, whens = compiler.scope.binder, [], []
    for label, condition in bin_conditions(dimension).items():
        found = compiler.compile(condition)
        flips += found.flips
        whens.append(f"WHEN {found.sql} THEN {binder.value(label, 'text')}")
    return f"CASE {' '.join(whens)} END", Fragment("", tuple(dict.fromkeys(flips)))


def trait_json(compiler: Compiler, dimension: Dimension) -> str:
    """The trait of a dimension, as it is stored."""
    scope = compiler.scope
    return f"({scope.p}.traits -> {scope.binder.value(known_trait(dimension.trait).name, 'text')})"
