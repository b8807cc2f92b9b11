"""From a condition to one parameterised SQL predicate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cdp.audience.dimensions import Dimension, cell_condition
from cdp.derive.registry import known_trait
from cdp.errors import SegmentNotFound
from cdp.model.computed import KnownTrait
from cdp.model.expression import (
    All,
    AnyOf,
    Condition,
    Consented,
    Did,
    InCell,
    InSegment,
    MemberOf,
    Not,
    TraitIs,
    WorksFor,
)
from cdp.store.audience import statement_predicate as statements
from cdp.store.audience.predicate import (
    TEXTS,
    Fragment,
    Years,
    age_test,
    everywhere,
    instant_test,
    instant_text,
    json_test,
    number_test,
    text_test,
)
from cdp.store.audience.scopes import Scope

AGE_UNITS = {"minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
YEARS = "years"  # whole ones, by the calendar


@dataclass(frozen=True)
class Definition:
    """What a saved segment means: a condition on persons, or on accounts."""

    subject: str
    condition: Condition


@dataclass
class Compiler:
    """Compiles conditions in one scope; `segments` and `dimensions` are those there are, by name."""

    scope: Scope
    segments: Mapping[str, Definition] = field(default_factory=dict)
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)

    def compile(self, condition: Condition) -> Fragment:
        """The predicate. Raises UnknownTrait, SegmentNotFound, InvalidSegment."""
        return COMPILED[type(condition)](self, condition)

    def all(self, said: All) -> Fragment:
        """Every part."""
        return everywhere([self.compile(each) for each in said.all], "AND")

    def any(self, said: AnyOf) -> Fragment:
        """Some part."""
        return everywhere([self.compile(each) for each in said.any], "OR")

    def negation(self, said: Not) -> Fragment:
        """The opposite, also where a value is unknown."""
        inner = self.compile(said.not_)
        return Fragment(f"NOT {inner.settled}", inner.flips, certain=True)

    def trait(self, said: TraitIs) -> Fragment:
        """Every test of a trait's value."""
        known = known_trait(said.trait)
        parts = [self._test(said, known, *each) for each in said.said().items()]
        return self.scope.traits(everywhere(parts, "AND"))

    def _test(self, said: TraitIs, known: KnownTrait, test: str, wanted: object) -> Fragment:
        scope, name = self.scope, known.of or known.name
        kind = known.type if said.key is None else kind_of(wanted)
        if kind == "age" and test != "known":
            age = age_of(known, float(str(wanted)))
            return age_test(scope.binder, scope.trait_instant(name, said.key), test, age)
        if isinstance(wanted, timedelta):
            return instant_test(scope.binder, scope.trait_instant(name, said.key), test, wanted)
        if kind == "instant" and test != "known":
            wanted = tuple(map(utc, wanted)) if isinstance(wanted, tuple) else utc(str(wanted))
        if kind in TEXTS:
            return Fragment(text_test(scope.binder, scope.trait_text(name, said.key), test, wanted))
        sure = known.computed and said.key is None
        if test != "known" and kind not in ("list", "boolean"):
            number = scope.trait_number(name, said.key, sure=sure)
            return Fragment(number_test(scope.binder, number, test, wanted))
        value = scope.trait_json(name, said.key)
        return Fragment(json_test(scope.binder, value, test, wanted, kind, sure=sure))

    def did(self, said: Did) -> Fragment:
        """Events."""
        return self.scope.did(said)

    def consent(self, said: Consented) -> Fragment:
        """The strictest word of all records, as the fold has it."""
        return statements.consented(self.scope, said)

    def membership(self, said: MemberOf) -> Fragment:
        """Memberships of any record."""
        return statements.member(self.scope, said)

    def account(self, said: WorksFor) -> Fragment:
        """Companies of the person."""
        company = self.scope.company()
        inner = None
        if said.account is not None:
            inner = Compiler(company, self.segments, self.dimensions).compile(said.account)
        return statements.works_for(self.scope, company, said, inner)

    def segment(self, said: InSegment) -> Fragment:
        """The condition of the other segment in its place."""
        if said.segment not in self.segments:
            raise SegmentNotFound(f"no segment is called {said.segment!r}")
        return self.members(self.segments[said.segment])

    def members(self, definition: Definition) -> Fragment:
        """A saved segment's condition, of such a subject."""
        found = self.compile(definition.condition)
        subject = self.scope.binder.value(definition.subject, "text")
        return Fragment(f"({self.scope.p}.subject = {subject} AND {found.sql})", found.flips)

    def cell(self, said: InCell) -> Fragment:
        """What the cell is declared as; cells that others assign are looked up."""
        declared = self.dimensions.get(said.dimension)
        if said.dimension == "segment":
            return everywhere([self.segment(InSegment(segment=name)) for name in said.cell], "OR")
        if declared is None:
            return statements.in_cell(self.scope, said)
        return everywhere(
            [self.compile(cell_condition(declared, cell)) for cell in said.cell], "OR"
        )


def age_of(known: KnownTrait, number: float) -> timedelta | Years:
    """How long a time a number of the age's unit is."""
    if known.unit == YEARS:
        return Years(int(number))
    return timedelta(seconds=number * AGE_UNITS[known.unit or "days"])


def utc(said: str) -> str:
    """An instant in any zone (UTC where none is said) as it stands in traits; a day is its beginning."""
    at = datetime.fromisoformat(said)
    return (
        said
        if len(said) == len("2024-05-31")
        else instant_text(at if at.tzinfo else at.replace(tzinfo=UTC))
    )


def kind_of(wanted: object) -> str:
    """The type of a trait's part, told by what it is compared with."""
    first = wanted[0] if isinstance(wanted, tuple) else wanted
    if isinstance(first, bool):
        return "boolean"
    return "number" if isinstance(first, (int, float)) else "string"


COMPILED: Mapping[type[Condition], Callable[..., Fragment]] = {
    All: Compiler.all,
    AnyOf: Compiler.any,
    Not: Compiler.negation,
    TraitIs: Compiler.trait,
    Did: Compiler.did,
    Consented: Compiler.consent,
    MemberOf: Compiler.membership,
    WorksFor: Compiler.account,
    InSegment: Compiler.segment,
    InCell: Compiler.cell,
}
