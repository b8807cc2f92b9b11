"""Two dimensions crossed, beside what would be if they had nothing to do with each other."""

from math import sqrt
from typing import NamedTuple

import psycopg

from cdp.audience.crossing import Bitmaps, Chunks, bitmaps, size
from cdp.audience.intervals import false_discovery, two_sided
from cdp.errors import InvalidRequest
from cdp.model.crossed import NONE, Matrix, MatrixCell
from cdp.model.crossing import Crossing

LEAST_EXPECTED = 5  # below it the normal approximation of the residual does not hold
MOST_CELLS = 40_000

Sides = dict[str, tuple[Chunks, int]]  # people of each cell, and how many


def matrix(
    connection: psycopg.Connection,
    rows: str,
    columns: str,
    *,
    within: Crossing | None,
    subject: str,
) -> Matrix:
    """Every cell of the dimension `rows` with every cell of `columns`, over those of `within`.

    Raises InvalidRequest.
    """
    nodes = [within] if within else []
    read = bitmaps(connection, nodes, subject, whole=(rows, columns))
    base = read.evaluate(within) if within else read.base
    down, across = _side(read, rows, base), _side(read, columns, base)
    if len(down) * len(across) > MOST_CELLS:
        raise InvalidRequest(
            f"{rows} by {columns} has {len(down) * len(across)} cells; at most {MOST_CELLS} are counted"
        )
    people = size(base)
    met = [
        _Met(row, column, _common(down[row][0], across[column][0]), down[row][1], across[column][1])
        for row in down
        for column in across
    ]
    qs = false_discovery([two_sided(each.residual(people)) for each in met])
    return Matrix(
        rows=rows,
        columns=columns,
        within=str(within) if within else None,
        people=people,
        row_people={name: n for name, (_, n) in down.items()},
        column_people={name: n for name, (_, n) in across.items()},
        cells=[each.told(people, q) for each, q in zip(met, qs, strict=True)],
    )


class _Met(NamedTuple):
    """Where a row and a column meet, and how many each of them has."""

    row: str
    column: str
    people: int
    in_row: int
    in_column: int

    def expected(self, everybody: int) -> float:
        return self.in_row * self.in_column / everybody

    def residual(self, everybody: int) -> float:
        """(n - e) / sqrt(e (1 - row/N) (1 - column/N)) with e = row x column / N (Haberman 1973)."""
        expected = self.expected(everybody)
        spread = expected * (1 - self.in_row / everybody) * (1 - self.in_column / everybody)
        return (self.people - expected) / sqrt(spread) if spread > 0 else 0.0

    def told(self, everybody: int, q: float) -> MatrixCell:
        expected = self.expected(everybody)
        return MatrixCell(
            row=self.row,
            column=self.column,
            people=self.people,
            expected=expected,
            lift=self.people / expected if expected else None,
            share=self.people / self.in_row,
            residual=self.residual(everybody),
            q=q,
            small=expected < LEAST_EXPECTED,
        )


def _side(read: Bitmaps, dimension: str, base: Chunks) -> Sides:
    found: Sides = {}
    rest = {chunk: bits.copy() for chunk, bits in base.items()}
    for cell in read.cells(dimension):
        bits = read.of[dimension, cell]
        here = {chunk: own & bits[chunk] for chunk, own in base.items() if chunk in bits}
        for chunk, some in here.items():
            rest[chunk] -= some
        if people := size(here):
            found[cell] = here, people
    if people := size(rest):
        found[NONE] = rest, people
    return dict(sorted(found.items(), key=lambda each: (-each[1][1], each[0])))


def _common(left: Chunks, right: Chunks) -> int:
    return sum(
        bits.intersection_cardinality(right[chunk])
        for chunk, bits in left.items()
        if chunk in right
    )
