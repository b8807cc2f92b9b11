"""Conditions as SQL: parameters, and what a value, a trait or a cell must be."""

import json
import operator
from calendar import monthrange
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import RawCursor
from psycopg.sql import Literal as Quoted
from psycopg.types.string import StrDumper
from sqlalchemy import Connection

from cdp.model.wanted import Test
from cdp.store.database import driver

Bound = Callable[[datetime], Any]
TEXTS = ("string", "category", "date", "instant", "age")
FEBRUARY = 2
SIGNS = {"is": "=", "is_not": "<>", "above": ">", "at_least": ">=", "below": "<", "at_most": "<="}

COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
    "in": lambda value, wanted: value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
    "known": lambda _, wanted: wanted,
}


@dataclass(frozen=True)
class Fragment:
    """A predicate, null being no match, and when time alone can change it.

    `flips`: expressions of an instant after `$now` (or null); of a whole base, queries of
    (profile_id, due_at). `certain`: it is never null.
    """

    sql: str
    flips: tuple[str, ...] = ()
    certain: bool = False

    @property
    def settled(self) -> str:
        """The predicate as one that is never null."""
        return self.sql if self.certain else f"coalesce({self.sql}, false)"


def cursor(tx: Connection) -> RawCursor[Any]:
    """A cursor for statements with `$1`, `$2`: also where a parameter stands in none of them."""
    made = RawCursor(driver(tx))
    made.adapters.register_dumper(str, StrDumper)
    return made


def everywhere(fragments: Collection[Fragment], word: str) -> Fragment:
    """The fragments joined by AND or OR."""
    joined = f" {word} ".join(each.sql for each in fragments)
    flips = dict.fromkeys(flip for each in fragments for flip in each.flips)
    return Fragment(f"({joined})", tuple(flips), all(each.certain for each in fragments))


def literal(words: Collection[str]) -> str:
    """Texts as a constant of SQL: an array that is a parameter is read anew, and searched word by word."""
    return f"{quoted(list(words))}::text[]"


def quoted(said: str | list[str]) -> str:
    """A text or an array of texts as SQL writes it, quoted by the driver."""
    return Quoted(said).as_string().strip()


def instant_text(at: datetime) -> str:
    """An instant as it stands in traits: of fixed width, so that the order of texts is that of time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Years:
    """Whole years by the calendar, from one date to the next of the same name."""

    number: int

    def before(self, now: datetime) -> str:
        """The last day so many years before `now`, as text: its anniversary has come."""
        year = max(1, now.year - self.number)
        last = monthrange(year, now.month)[1]
        ends = now.day == monthrange(now.year, now.month)[1]
        day = last if now.month == FEBRUARY and ends else min(now.day, last)
        return f"{year:04d}-{now.month:02d}-{day:02d}"


@dataclass
class Binder:
    """The parameters of one statement, each value once: `$1`, `$2`, ...; `reserved` come first."""

    reserved: int = 0
    _places: dict[tuple[str, str], int] = field(default_factory=dict)
    _bound: list[Bound] = field(default_factory=list)
    _aliases: int = 0

    def value(self, value: Any, kind: str) -> str:
        """A constant, cast to the SQL type `kind`."""
        return self._place((repr(value), kind), lambda _: value)

    def ago(self, length: timedelta, kind: str = "timestamptz") -> str:
        """The instant so long before now, as timestamptz or as text."""
        if kind == "text":
            return self._place((f"ago {length}", kind), lambda now: instant_text(now - length))
        return self._place((f"ago {length}", kind), lambda now: now - length)

    def moment(self, name: str, kind: str, bound: Bound) -> str:
        """Another value that depends on now."""
        return self._place((name, kind), bound)

    def alias(self, letter: str) -> str:
        """A name for a table that no other has in this statement."""
        self._aliases += 1
        return f"{letter}{self._aliases}"

    def bind(self, now: datetime) -> list[Any]:
        """The values of the parameters after those reserved, as of `now`."""
        return [bound(now) for bound in self._bound]

    def _place(self, key: tuple[str, str], bound: Bound) -> str:
        if key not in self._places:
            self._bound.append(bound)
            self._places[key] = self.reserved + len(self._bound)
        return f"${self._places[key]}::{key[1]}"


def json_test(
    binder: Binder, value: str, test: str, wanted: Any, kind: str, *, sure: bool = False
) -> str:
    """Whether the jsonb expression `value` passes, which is a list, a number or a boolean by `kind`.

    `sure`: it is of that type wherever it is at all; sources state what they like.
    """
    if test == "known":
        return f"({value} IS NOT NULL)" if wanted else f"({value} IS NULL)"
    if kind == "list":
        asked = wanted if test == "in" else [wanted]
        arrays = [binder.value(json.dumps([each]), "jsonb") for each in asked]
        return _either([f"{value} @> {array}" for array in arrays])
    compared = _compared(binder, value, test, wanted)
    stored = "boolean" if kind == "boolean" else "number"
    return compared if sure else f"jsonb_typeof({value}) = '{stored}' AND {compared}"


def _compared(binder: Binder, value: str, test: str, wanted: Any) -> str:
    if test in ("in", "not_in"):
        parts = [binder.value(json.dumps(each), "jsonb") for each in wanted]
        return f"{value} {'NOT IN' if test == 'not_in' else 'IN'} ({', '.join(parts)})"
    return f"{value} {SIGNS[test]} {binder.value(json.dumps(wanted), 'jsonb')}"


def text_test(binder: Binder, value: str, test: str, wanted: Any) -> str:
    """Whether the text expression `value` passes."""
    if test == "known":
        return f"({value} IS NOT NULL)" if wanted else f"({value} IS NULL)"
    if test == "in":
        return f"{value} = ANY({binder.value([str(each) for each in wanted], 'text[]')})"
    if test == "not_in":
        return f"{value} <> ALL({binder.value([str(each) for each in wanted], 'text[]')})"
    if test == "contains":
        part = binder.value(str(wanted).lower(), "text")
        return f'strpos(lower({value} COLLATE "pg_c_utf8"), {part}) > 0'
    return f"{value} {SIGNS[test]} {binder.value(str(wanted), 'text')}"


def number_test(binder: Binder, value: str, test: str, wanted: Any) -> str:
    """Whether the numeric expression `value` passes."""
    if test == "known":
        return f"({value} IS NOT NULL)" if wanted else f"({value} IS NULL)"
    if test in ("in", "not_in"):
        numbers = binder.value([_number(each) for each in wanted], "numeric[]")
        return f"{value} {'= ANY' if test == 'in' else '<> ALL'}({numbers})"
    return f"{value} {SIGNS[test]} {binder.value(_number(wanted), 'numeric')}"


@dataclass(frozen=True)
class Instant:
    """An instant as it stands in traits, and the same as timestamptz (null where it is none)."""

    text: str
    parsed: str


def parsed(text: str) -> str:
    """A text as timestamptz; null where it is none."""
    return f"CASE WHEN pg_input_is_valid({text}, 'timestamptz') THEN {text}::timestamptz END"


def aged(binder: Binder, value: Instant, length: timedelta | Years) -> Fragment:
    """Whether the instant is so old; from the very instant on that it has become so."""
    if isinstance(length, Years):
        ago = binder.moment(f"{length}", "text", length.before)
        later = f"make_interval(years => {binder.value(length.number, 'int')})"
    else:
        ago, later = binder.ago(length, "text"), binder.value(length, "interval")
    flip = f"CASE WHEN {value.text} > {ago} THEN {value.parsed} + {later} END"
    return Fragment(f"{value.text} <= {ago}", (flip,))


def instant_test(binder: Binder, value: Instant, test: str, length: timedelta) -> Fragment:
    """`older_than`: so old; `within`: not yet so old, and not ahead."""
    old = aged(binder, value, length)
    if test == "older_than":
        return Fragment(old.sql, old.flips)
    come = aged(binder, value, timedelta(0))
    return Fragment(f"{come.sql} AND NOT {old.sql}", old.flips + come.flips)


def age_test(binder: Binder, value: Instant, test: str, age: timedelta | Years) -> Fragment:
    """Whether the time since the instant compares so with `age`."""
    older = Years(age.number + 1) if isinstance(age, Years) else age + timedelta(microseconds=1)
    old = aged(binder, value, older if test in ("above", "at_most") else age)
    return Fragment(old.sql if test in ("above", "at_least") else f"NOT {old.sql}", old.flips)


def holds_of(figure: float, test: Test) -> bool:
    """Whether a number passes."""
    return all(COMPARED[name](figure, wanted) for name, wanted in test.said().items())


def least(flips: Sequence[str]) -> str:
    """The first of several instants."""
    return f"LEAST({', '.join(flips)})" if flips else "NULL::timestamptz"


def _number(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


def _either(parts: Sequence[str]) -> str:
    return f"({' OR '.join(parts)})"
