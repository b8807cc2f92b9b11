"""Whether a condition can be: names, operators, units and values, each fault with its place."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Any

from pydantic import ValidationError

from cdp.audience.compiler import AGE_UNITS, YEARS, Definition, kind_of
from cdp.audience.dimensions import SEGMENT, SUBJECT, Dimension, bin_conditions
from cdp.audience.nearest import listed, misspelt, near, nearest
from cdp.audience.reading import reads
from cdp.derive.registry import known_trait
from cdp.errors import InvalidSegment, UnknownTrait
from cdp.model.computed import KnownTrait
from cdp.model.expression import (
    KEYS,
    TREE,
    Condition,
    Consented,
    Did,
    InCell,
    InSegment,
    MemberOf,
    Step,
    TraitIs,
    WorksFor,
    every_node,
)
from cdp.model.wanted import Test
from cdp.store.audience.event_predicate import DAY, NUMBERS, PURCHASE, TEXTS

STATES = ("granted", "denied", "withdrawn")
EQUAL = {"is", "is_not", "in", "not_in", "known"}
ORDERED = {"above", "at_least", "below", "at_most"}
ADMITTED: Mapping[str, set[str]] = {
    "string": EQUAL | {"contains"},
    "category": EQUAL | {"contains"},
    "integer": EQUAL | ORDERED,
    "number": EQUAL | ORDERED,
    "money": EQUAL | ORDERED,
    "boolean": {"is", "is_not", "known"},
    "date": EQUAL | ORDERED | {"within", "older_than"},
    "instant": EQUAL | ORDERED | {"within", "older_than"},
    "age": ORDERED | {"known"},
    "list": {"contains", "in", "known"},
    "object": {"known"},
}
NUMERIC = ("integer", "number", "money", "age")
WRITTEN = {
    **dict.fromkeys(NUMERIC, "; write a number, without quotes"),
    **dict.fromkeys(("string", "category"), "; put a text in quotes"),
    "date": "; write 2024-05-31",
    "instant": "; write 2024-05-31 or 2024-05-31T18:00:00+02:00",
}
PLAINLY = {
    "too_short": "give at least one",
    "tuple_type": "give a list",
    "timezone_aware": "say a time with its zone: 2024-05-31T00:00:00Z",
}
NO_CONDITION = "write a condition: {trait: orders, above: 3}, {event: purchase} or {all: [...]}"
DEEPEST = 60


@dataclass(frozen=True)
class Vocabulary:
    """The names there are, beside those of the registry."""

    segments: Mapping[str, Definition] = field(default_factory=dict)
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)
    assigned: Collection[str] = ()  # dimensions whose cells somebody assigns
    kinds: Collection[str] = ()  # of events; none: not known
    values: Mapping[str, Collection[str]] = field(default_factory=dict)  # frequent ones, by field
    purposes: Collection[str] = ()  # of consents; none: not known
    media: Collection[str] = ()  # likewise


def checked(
    said: Condition | Mapping[str, Any], words: Vocabulary, *, name: str | None = None
) -> Condition:
    """`said` as a condition that can be evaluated; `name`: of the segment it is to define.

    Raises InvalidSegment, which names the place of each fault and the nearest right name.
    """
    condition = said if isinstance(said, Condition) else parsed(said)
    found = [
        f"{place or 'condition'}: {fault}"
        for place, node in every_node(condition)
        for fault in _faults(node, words)
    ]
    if not found and name is not None and (circle := _circle(name, condition, words.segments)):
        found = [f"condition: {' reads '.join(map(repr, circle))}: a segment cannot read itself"]
    if found:
        raise InvalidSegment("; ".join(found))
    return condition


def parsed(said: Mapping[str, Any]) -> Condition:
    """The tree that JSON or YAML says. Raises InvalidSegment."""
    if _depth(said) > DEEPEST:
        raise InvalidSegment(f"condition: it is nested more than {DEEPEST} levels of JSON deep")
    try:
        return TREE.validate_python(said)
    except ValidationError as error:
        faults = [_told(each) for each in error.errors() if each["type"] != "too_short"]
        raise InvalidSegment("; ".join(faults or [_told(error.errors()[0])])) from None


def _depth(said: Any) -> int:
    deepest, level = 0, [said]
    while level and deepest <= DEEPEST:
        deepest += 1
        level = [
            below
            for each in level
            if isinstance(each, (Mapping, list, tuple))
            for below in (each.values() if isinstance(each, Mapping) else each)
        ]
    return deepest


def _told(error: Any) -> str:
    place, last, node, tagged = "", "", None, True
    for part in error["loc"]:
        if tagged:  # which kind of condition was told apart, no place of its own
            node, tagged = KEYS[part], False
        elif isinstance(part, int):
            place, tagged = f"{place}[{part}]", last in ("all", "any")
        else:
            last = part
            place = f"{place}.{part}" if place else part
            tagged = part in ("not", "account") and node in (KEYS["not"], KEYS["account"])
    if error["type"] == "union_tag_not_found":
        given = ", ".join(map(str, error["input"])) if isinstance(error["input"], Mapping) else ""
        fault = f"no condition says {given!r}; {near(given, KEYS)}" if given else NO_CONDITION
        return f"{place or 'condition'}: {fault}"
    if error["type"] == "extra_forbidden" and node:
        name = place.rpartition(".")[2]
        fields = [each.serialization_alias or key for key, each in node.model_fields.items()]
        return f"{place}: nothing is called {name!r} here; {near(name, fields)}"
    told = PLAINLY.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return f"{place or 'condition'}: {told}"


def _faults(node: Condition, words: Vocabulary) -> Iterator[str]:
    if isinstance(node, TraitIs):
        yield from trait_faults(node)
    elif isinstance(node, Did):
        yield from _did(node, words)
    elif isinstance(node, InSegment):
        yield from _named("segment", node.segment, words.segments)
    elif isinstance(node, InCell):
        yield from _cell(node, words)
    elif isinstance(node, Consented):
        yield from _consent(node, words)
    elif isinstance(node, (MemberOf, WorksFor)):
        for name, said in node:
            if isinstance(said, Test) and not isinstance(said, Condition):
                yield from _tests(name, "string", said)


def trait_faults(node: TraitIs) -> Iterator[str]:
    """What is wrong with a condition on a trait, by the registry."""
    try:
        known = known_trait(node.trait)
    except UnknownTrait as error:
        yield str(error)
        return
    kind = known.type
    if node.key is not None:
        if kind != "object":
            yield f"trait {node.trait!r} is no object: it has no key {node.key!r}"
            return
        kind = kind_of(next(iter(node.said().values())))
    elif kind == "object":
        if node.said().keys() - {"known"}:
            yield f"trait {node.trait!r} is an object; name a key of it"
        return
    if kind == "age" and known.unit not in (*AGE_UNITS, YEARS):
        yield f"trait {node.trait!r} is counted in {known.unit}; compare {known.of!r} instead"
    yield from _tests(f"trait {node.trait!r}", kind, node, known)


def _tests(what: str, kind: str, test: Test, known: KnownTrait | None = None) -> Iterator[str]:
    for name, wanted in test.said().items():
        if name not in (admitted := ADMITTED[kind]):
            yield f"{what} is {_kind(kind, known)}; {name!r} does not apply, but {listed(admitted)}"
        elif name not in ("known", "within", "older_than"):
            for value in wanted if isinstance(wanted, tuple) else (wanted,):
                if not _fits(value, kind):
                    yield f"{what} is {_kind(kind, known)}; {value!r} is not{WRITTEN.get(kind, '')}"


def _fits(value: Any, kind: str) -> bool:
    if kind in NUMERIC:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("date", "instant"):
        return isinstance(value, str) and _in_time(value, kind)
    return kind == "list" or isinstance(value, str)


def _in_time(value: str, kind: str) -> bool:
    """Whether it is ISO 8601: a day, or for an instant a time of one. Others would compare as texts."""
    try:
        if kind == "date":
            return date.fromisoformat(value).isoformat() == value
        return datetime.fromisoformat(value).date().isoformat() == value[:10]
    except ValueError:
        return False


def _kind(kind: str, known: KnownTrait | None) -> str:
    words = {"string": "a text", "category": "a text", "list": "a list", "object": "an object"}
    unit = f" ({known.unit})" if known and known.unit else ""
    return words.get(kind, f"{'an' if kind[0] in 'aio' else 'a'} {kind}") + unit


def _consent(node: Consented, words: Vocabulary) -> Iterator[str]:
    if node.state not in STATES:
        yield f"a consent is {', '.join(STATES)}, not {node.state!r}; {near(node.state, STATES)}"
    for what, said, known in (
        ("purpose", node.consent, words.purposes),
        ("medium", node.medium, words.media),
    ):
        # As with kinds of events: what is like none may come yet.
        if like := misspelt(said, known):
            yield f"no consent names the {what} {said!r}; did you mean {like!r}?"


def _did(node: Did, words: Vocabulary) -> Iterator[str]:
    yield from _event(node, words)
    for name, measure in (("sum", node.sum), ("distinct", node.distinct), ("count", node.count)):
        if measure:
            yield from (f"{name}: {fault}" for fault in _tests("a figure", "number", measure))
    if node.sum and node.sum.of in (*TEXTS, DAY):
        yield f"sum: {node.sum.of!r} is no number; {near(node.sum.of, NUMBERS)}"


def _event(said: Did | Step, words: Vocabulary) -> Iterator[str]:
    known = {*words.kinds, PURCHASE}
    for kind in said.event:
        # Kinds that are like none may come yet; those that are like one are misspelt.
        if "*" not in kind and kind not in known and (like := nearest(kind, known)):
            yield f"event: no event is of the kind {kind!r}; did you mean {like!r}?"
    for name, test in said.where.items():
        if test.within or test.older_than:
            yield f"where.{name}: within and older_than belong to the event, not to its fields"
        elif name in NUMBERS:
            yield from _tests(f"where.{name}", "number", test)
        elif name in TEXTS:
            yield from _tests(f"where.{name}", "string", test)
            yield from _spelt(name, test, words.values.get(name, ()))
    for step in (said.followed_by, said.not_followed_by):
        if step:
            yield from _event(step, words)


def _spelt(name: str, test: Test, frequent: Collection[str]) -> Iterator[str]:
    """A value that only differs in case from one that many events have is that one misspelt."""
    known = {value.casefold(): value for value in frequent}
    for wanted in (test.is_, *(test.in_ or ())):
        if isinstance(wanted, str) and wanted not in frequent and wanted.casefold() in known:
            yield f"where.{name}: events say {known[wanted.casefold()]!r}, not {wanted!r}"


def _cell(node: InCell, words: Vocabulary) -> Iterator[str]:
    if node.dimension == SEGMENT:
        for cell in node.cell:
            yield from _named("segment", cell, words.segments)
        return
    known = {*words.dimensions, *words.assigned, SUBJECT}
    if node.dimension not in known:
        yield from _named("dimension", node.dimension, known)
        return
    declared = words.dimensions.get(node.dimension)
    cells = bin_conditions(declared) if declared and declared.bins else None
    for cell in node.cell:
        if cells and cell not in cells:
            yield f"dimension {node.dimension!r} has no cell {cell!r}; {near(cell, cells)}"


def _named(what: str, name: str, known: Collection[str]) -> Iterator[str]:
    if name not in known:
        yield f"no {what} is called {name!r}; {near(name, known)}"


def _circle(name: str, condition: Condition, known: Mapping[str, Definition]) -> list[str] | None:
    """The way from `name` back to itself, where there is one."""
    ways = [[name, each] for each in sorted(reads(condition))]
    for way in ways:
        if way[-1] == name:
            return way
        if way[-1] in known and way[-1] not in way[:-1]:
            ways += [[*way, each] for each in sorted(reads(known[way[-1]].condition))]
    return None
