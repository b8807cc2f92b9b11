"""The statements that evaluate all segments and dimensions for some profiles, made once for each edition of them."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from cdp.audience.base import definitions_of
from cdp.audience.cells import cell_of, currency, trait_json
from cdp.audience.compiler import Compiler
from cdp.audience.dimensions import SEGMENT, SUBJECT, Dimension, dimensions
from cdp.audience.faulty import faults
from cdp.store.audience import segments
from cdp.store.audience.at_hand import AtHand
from cdp.store.audience.evaluate import Cells, evaluation
from cdp.store.audience.predicate import Binder, Fragment
from cdp.store.audience.segments import SavedSegment

MOST_COLUMNS = 1_000  # Postgres has room for 1,664 in a row
MOST_KEPT = 8
log = logging.getLogger("cdp.audience")


@dataclass(frozen=True)
class Plan:
    """A statement that evaluates some segments and dimensions for given profiles."""

    statement: str
    binder: Binder


# By the edition of the segments and the rates of exchange: definitions are many and seldom new.
_kept: dict[tuple[str, str], tuple[Plan, ...]] = {}


def plans(tx: Connection) -> tuple[Plan, ...]:
    """The statements that evaluate all declared dimensions and all segments there are."""
    key = (segments.edition(tx), currency(tx))
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        found = _kept[key] = tuple(_plans(segments.live(tx), key[1]))
    return found


def _plans(saved: Sequence[SavedSegment], rates: str) -> Iterator[Plan]:
    definitions = definitions_of(saved)
    faulty = faults(definitions)
    for name in faulty:
        log.warning("segment %r is not kept up: see cdp segment list", name)
    waiting = [each for each in saved if each.name not in faulty]
    first = True
    while waiting or first:
        scope = AtHand(Binder(reserved=2), json.loads(rates))
        compiler = Compiler(scope, definitions, dimensions())
        parts = _Parts(compiler)
        if first:
            parts.add_dimensions(dimensions())
        while waiting and len(scope) < MOST_COLUMNS:
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
