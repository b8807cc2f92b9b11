"""How many a condition holds of: from bitmaps, by counting, or from a sample where that takes too long."""

import json
from collections.abc import Mapping
from datetime import datetime
from math import sqrt

from cdp.audience import crossing
from cdp.audience.base import defined, everyones
from cdp.audience.cells import currency
from cdp.audience.compiler import Compiler
from cdp.audience.dimensions import SEGMENT, Dimension, dimensions
from cdp.model import crossing as crossed
from cdp.model.crossing import Cell, Crossing
from cdp.model.expression import All, AnyOf, Condition, InCell, InSegment, Not, TraitIs
from cdp.model.segment import Estimate, Subject
from cdp.store.audience import sampling
from cdp.store.audience.predicate import Binder
from cdp.store.audience.scopes import Each
from cdp.store.database import Database

SAMPLE = 4_000  # profiles
Z = 1.96  # 95 %


def estimate(
    database: Database, condition: Condition, subject: Subject, now: datetime, *, seconds: float
) -> Estimate:
    """How many it holds of: exact where bitmaps tell or counting takes no longer than `seconds`."""
    node = as_crossing(condition, dimensions())
    if node is not None:
        with database.autocommit() as connection:
            # Its names were checked with the condition; a value that nobody has yet is no fault.
            read = crossing.kept(connection, [node], subject)
        people, base = crossing.size(read.evaluate(node)), crossing.size(read.base)
        return Estimate(
            people=people, low=people, high=people, exact=True, base=base, method="bitmaps"
        )
    with database.transaction() as tx:
        base = sampling.profiles(tx, subject)
    with database.transaction() as tx:
        compiler = everyones(tx, defined(tx))
        found = compiler.compile(condition)
        people = sampling.count(tx, found.sql, compiler.scope.binder, subject, now, seconds)
    if people is not None:
        return Estimate(
            people=people, low=people, high=people, exact=True, base=base, method="count"
        )
    return _sampled(database, condition, subject, now, base)


def _sampled(
    database: Database, condition: Condition, subject: Subject, now: datetime, base: int
) -> Estimate:
    with database.transaction() as tx:
        scope = Each(Binder(reserved=1), json.loads(currency(tx)))
        saved = defined(tx)
        found = Compiler(scope, saved, dimensions()).compile(condition)
        drawn = sampling.draw(tx, subject, SAMPLE, base)
        hits = sampling.hits(tx, drawn, found.sql, scope.binder, now)
    low, high = wilson(hits, len(drawn))
    share = hits / len(drawn) if drawn else 0.0
    return Estimate(
        people=round(share * base),
        low=int(low * base),
        high=round(high * base),
        exact=False,
        base=base,
        method="sample",
    )


def wilson(hits: int, drawn: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score interval)."""
    if not drawn:
        return 0.0, 1.0
    share, z2 = hits / drawn, Z * Z
    middle = (share + z2 / (2 * drawn)) / (1 + z2 / drawn)
    width = Z / (1 + z2 / drawn) * sqrt(share * (1 - share) / drawn + z2 / (4 * drawn * drawn))
    return max(0.0, middle - width), min(1.0, middle + width)


def as_crossing(  # noqa: PLR0911 - one for each kind
    condition: Condition, declared: Mapping[str, Dimension]
) -> Crossing | None:
    """The same as a crossing of cells, where it reads nothing but segments and cells."""
    if isinstance(condition, InSegment):
        return Cell(SEGMENT, (condition.segment,))
    if isinstance(condition, InCell):
        return Cell(condition.dimension, condition.cell)
    if isinstance(condition, TraitIs):
        return _of_trait(condition, declared)
    if isinstance(condition, Not):
        part = as_crossing(condition.not_, declared)
        return part and crossed.Not(part)
    if isinstance(condition, (All, AnyOf)):
        parts = [as_crossing(each, declared) for _, each in condition.below_it()]
        whole = tuple(part for part in parts if part is not None)
        if len(whole) < len(parts):
            return None
        return crossed.All(whole) if isinstance(condition, All) else crossed.AnyOf(whole)
    return None


def _of_trait(condition: TraitIs, declared: Mapping[str, Dimension]) -> Crossing | None:
    said = condition.said()
    values = said.get("in") or (said.get("is"),)
    if len(said) > 1 or not all(isinstance(value, str) for value in values):
        return None
    for dimension in declared.values():
        plain = not dimension.bins and not dimension.multiple
        if plain and dimension.trait == condition.trait and condition.key is None:
            return Cell(dimension.name, tuple(map(str, values)))
    return None
