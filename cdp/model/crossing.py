"""Crossings in words: cells of dimensions joined by and, or and not, written `a=x & !b=y`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cdp.errors import InvalidRequest

SEGMENT = "segment"  # the dimension whose cells are the saved segments
PART = re.compile(
    r"""\s*(?:
        (?P<sign>[()&|!])
      | (?P<cell>(?P<dimension>[^\s()&|!=,"]+) \s*=\s*
          (?P<cells>(?:"(?:[^"\\]|\\.)*"|[^\s()&|!=,"]+)(?:\s*,\s*(?:"(?:[^"\\]|\\.)*"|[^\s()&|!=,"]+))*))
      | (?P<word>and|or|not)\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
NAME = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,"]+')
PLAIN = re.compile(r'[^\s()&|!=,"]+')
SIGNS = {"and": "&", "or": "|", "not": "!"}
ANY = "*"  # any cell of the dimension
MOST_DEPTH = 50
EXAMPLE = 'lifecycle=churned & value_tier=top & !segment="gift givers"'


class Combining:
    """What a crossing and its parts have in common: `&`, `|` and `~`."""

    def __and__(self, other: "Crossing") -> "All":
        return All((*_parts(self, All), *_parts(other, All)))

    def __or__(self, other: "Crossing") -> "AnyOf":
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __invert__(self) -> "Not":
        return Not(self)  # pyright: ignore[reportArgumentType]  the four below are all there are


@dataclass(frozen=True)
class Cell(Combining):
    """Those who are in one of the named cells of a dimension; `*`: in any cell of it."""

    dimension: str
    cells: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.dimension}={','.join(map(_quoted, self.cells))}"


@dataclass(frozen=True)
class All(Combining):
    """Those who are in every part."""

    parts: tuple["Crossing", ...]

    def __str__(self) -> str:
        return " & ".join(f"({p})" if isinstance(p, AnyOf) else str(p) for p in self.parts)


@dataclass(frozen=True)
class AnyOf(Combining):
    """Those who are in at least one part."""

    parts: tuple["Crossing", ...]

    def __str__(self) -> str:
        return " | ".join(map(str, self.parts))


@dataclass(frozen=True)
class Not(Combining):
    """Those of the base who are not in the part."""

    part: "Crossing"

    def __str__(self) -> str:
        return f"!{self.part}" if isinstance(self.part, Cell | Not) else f"!({self.part})"


Crossing = Cell | All | AnyOf | Not


def cell(dimension: str, *cells: str) -> Cell:
    """Those in one of these cells of a dimension; without cells: in any of it."""
    return Cell(dimension, cells or (ANY,))


def segment(name: str) -> Cell:
    """Those in a saved segment."""
    return Cell(SEGMENT, (name,))


def crossing(said: "Crossing | str") -> "Crossing":
    """The crossing that a text means; one that is made already is given back.

    `a=x` is a cell, `a=x,y` either of two, `a=*` any of the dimension; `&`, `|`, `!` (also and, or,
    not) and brackets join them, `!` before `&` before `|`. Names with blanks or signs stand in
    double quotes. Raises InvalidRequest.
    """
    return said if isinstance(said, Combining) else _Reading(said).whole()


def cells_of(node: "Crossing") -> Iterator[Cell]:
    """The cells that a crossing names, from left to right."""
    if isinstance(node, Cell):
        yield node
        return
    for part in (node.part,) if isinstance(node, Not) else node.parts:
        yield from cells_of(part)


def segments_of(node: "Crossing") -> set[str]:
    """The saved segments that a crossing names."""
    return {name for cell in cells_of(node) if cell.dimension == SEGMENT for name in cell.cells}


class _Reading:
    """A text read from left to right."""

    def __init__(self, said: str) -> None:
        self.said = said
        self.tokens = list(self._tokens())
        self.place = 0

    def whole(self) -> Crossing:
        found = self.any_of(0)
        if self.place < len(self.tokens):
            raise self._wrong(self.tokens[self.place][0])
        return found

    def any_of(self, depth: int) -> Crossing:
        parts = [self.all_of(depth)]
        while self._takes("|"):
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all_of(self, depth: int) -> Crossing:
        parts = [self.one(depth)]
        while self._takes("&"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def one(self, depth: int) -> Crossing:
        if depth > MOST_DEPTH:
            raise InvalidRequest(f"a crossing nests at most {MOST_DEPTH} deep")
        if self._takes("!"):
            return Not(self.one(depth + 1))
        if self._takes("("):
            inner = self.any_of(depth + 1)
            if not self._takes(")"):
                raise InvalidRequest(f"a bracket of the crossing {self.said!r} is not closed")
            return inner
        at, token = self._next()
        if isinstance(token, Cell):
            return token
        raise self._wrong(at)

    def _takes(self, sign: str) -> bool:
        if self.place < len(self.tokens) and self.tokens[self.place][1] == sign:
            self.place += 1
            return True
        return False

    def _next(self) -> tuple[int, "str | Cell"]:
        if self.place == len(self.tokens):
            raise self._wrong(len(self.said))
        self.place += 1
        return self.tokens[self.place - 1]

    def _tokens(self) -> Iterator[tuple[int, "str | Cell"]]:
        at = 0
        while self.said[at:].strip():
            found = PART.match(self.said, at)
            if not found:
                raise self._wrong(at)
            if found["cell"]:
                names = tuple(_unquoted(each) for each in NAME.findall(found["cells"]))
                yield at, Cell(found["dimension"], names)
            else:
                yield at, found["sign"] or SIGNS[found["word"].lower()]
            at = found.end()

    def _wrong(self, at: int) -> InvalidRequest:
        rest = self.said[at:].strip()[:30]
        what = f"{rest!r} is not understood" if rest else "it ends too early"
        return InvalidRequest(f"the crossing {self.said!r}: {what}; write it like {EXAMPLE}")


def _parts(node: object, kind: type[All] | type[AnyOf]) -> tuple[Crossing, ...]:
    return node.parts if isinstance(node, kind) else (node,)  # pyright: ignore[reportReturnType]


def _quoted(name: str) -> str:
    return name if PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _unquoted(name: str) -> str:
    if not name.startswith('"'):
        return name
    try:
        return json.loads(name)
    except ValueError:
        raise InvalidRequest(f"{name} is no name in quotes") from None
