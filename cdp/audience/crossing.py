"""Crossings counted and listed: set operations over the bitmaps of cells, chunk by chunk."""

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import psycopg
from pyroaring import BitMap

from cdp.audience.dimensions import SEGMENT, SUBJECT, bin_conditions, dimensions
from cdp.errors import InvalidRequest
from cdp.model.crossed import Count
from cdp.model.crossing import ANY, All, AnyOf, Cell, Crossing, cells_of
from cdp.store.audience import crossings
from cdp.store.audience.crossings import Bits

CHUNK = 16  # bits of a person's number that stand in the bitmap; the others are the chunk's

Chunks = Mapping[int, BitMap]  # by chunk
EMPTY = BitMap()


class Bitmaps:
    """The bitmaps that some crossings need, and everybody of a subject as their base."""

    def __init__(self, found: Sequence[Bits], subject: str) -> None:
        self.of: dict[tuple[str, str], dict[int, BitMap]] = defaultdict(dict)
        for dimension, cell, chunk, bits in found:
            self.of[dimension, cell][chunk] = BitMap.deserialize(bits)
        self.base: Chunks = self.of.get((SUBJECT, subject), {})

    def cells(self, dimension: str) -> list[str]:
        """The cells of a dimension that were read."""
        return [cell for name, cell in self.of if name == dimension]

    def evaluate(self, node: Crossing) -> Chunks:
        """Those of the base who are in the crossing, by chunk."""
        return {chunk: self._within(node, chunk, base) for chunk, base in self.base.items()}

    def _within(self, node: Crossing, chunk: int, base: BitMap) -> BitMap:
        if isinstance(node, Cell):
            return base & BitMap.union(EMPTY, *self._cells(node, chunk))
        if isinstance(node, All):
            # Each part is looked for among those whom the parts before it left.
            return reduce(lambda left, part: self._within(part, chunk, left), node.parts, base)
        if isinstance(node, AnyOf):
            return BitMap.union(EMPTY, *(self._within(part, chunk, base) for part in node.parts))
        return base - self._within(node.part, chunk, base)

    def _cells(self, node: Cell, chunk: int) -> Iterator[BitMap]:
        wanted = self.cells(node.dimension) if ANY in node.cells else node.cells
        for name in wanted:
            found = self.of.get((node.dimension, name))
            if found and chunk in found:
                yield found[chunk]


def bitmaps(
    connection: psycopg.Connection,
    nodes: Sequence[Crossing],
    subject: str,
    whole: Sequence[str] = (),
) -> Bitmaps:
    """What `nodes` read, and every cell of the dimensions `whole`.

    Raises InvalidRequest: a dimension or cell that nobody is or ever was in, with the nearest.
    """
    read = kept(connection, nodes, subject, whole)
    asked = [cell for node in nodes for cell in cells_of(node)]
    open_ended = _open_ended(asked, whole)
    for dimension, cell in sorted(_named(asked, open_ended) - read.of.keys()):
        _check_cell(connection, dimension, cell)
    for dimension in sorted(open_ended - {name for name, _ in read.of}):
        check_dimension(connection, dimension)
    return read


def kept(
    connection: psycopg.Connection,
    nodes: Sequence[Crossing],
    subject: str,
    whole: Sequence[str] = (),
) -> Bitmaps:
    """The same of names that were checked; a cell that nobody was ever in is an empty one."""
    asked = [cell for node in nodes for cell in cells_of(node)]
    open_ended = _open_ended(asked, whole)
    found = crossings.named(connection, [*_named(asked, open_ended), (SUBJECT, subject)])
    if open_ended:
        found += crossings.whole(connection, sorted(open_ended))
    return Bitmaps(found, subject)


def _open_ended(asked: Sequence[Cell], whole: Sequence[str]) -> set[str]:
    return {cell.dimension for cell in asked if ANY in cell.cells} | set(whole)


def _named(asked: Sequence[Cell], open_ended: set[str]) -> set[tuple[str, str]]:
    return {
        (cell.dimension, name)
        for cell in asked
        if cell.dimension not in open_ended
        for name in cell.cells
    }


def size(chunks: Chunks) -> int:
    """How many they are."""
    return sum(len(bits) for bits in chunks.values())


def numbers(chunks: Chunks, after: int = -1) -> Iterator[int]:
    """The people's numbers beyond `after`, ascending."""
    for chunk in sorted(chunks):
        low = after + 1 - (chunk << CHUNK)
        if low < 1 << CHUNK:
            for bit in chunks[chunk].iter_equal_or_larger(max(low, 0)):
                yield (chunk << CHUNK) + bit


def count(connection: psycopg.Connection, node: Crossing, subject: str) -> Count:
    """How many a crossing holds, and each cell that it names."""
    read = bitmaps(connection, [node], subject)
    parts = {str(part): size(read.evaluate(part)) for part in cells_of(node)}
    return Count(
        crossing=str(node), people=size(read.evaluate(node)), base=size(read.base), parts=parts
    )


def check_dimension(connection: psycopg.Connection, dimension: str) -> None:
    """Raise InvalidRequest unless the dimension is declared, or somebody is or was in a cell of it."""
    known = {*dimensions(), *crossings.dimensions(connection), SEGMENT, SUBJECT}
    if dimension not in known:
        near = _near(dimension, sorted(known))
        raise InvalidRequest(f"no dimension is called {dimension!r}; {near}")


def _check_cell(connection: psycopg.Connection, dimension: str, cell: str) -> None:
    known = crossings.cells(connection, dimension)
    declared = dimensions().get(dimension)
    if declared and declared.bins:
        known += bin_conditions(declared)
    if cell in known:
        return
    if dimension == SEGMENT:
        raise InvalidRequest(f"no segment is called {cell!r}; {_near(cell, known)}")
    check_dimension(connection, dimension)
    raise InvalidRequest(f"nobody was ever in {dimension}={cell!r}; {_near(cell, known)}")


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are: {', '.join(sorted(known)[:20])}" if known else "there is none yet"
