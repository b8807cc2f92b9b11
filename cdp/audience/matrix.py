"""Two dimensions crossed, beside what would be if they had nothing to do with each other."""

from math import sqrt

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
    counted = [
        (row, column, _common(down[row][0], across[column][0])) for row in down for column in across
    ]
    residuals = [_residual(n, down[r][1], across[c][1], people) for r, c, n in counted]
    qs = false_discovery([two_sided(residual) for residual in residuals])
    return Matrix(
        rows=rows,
        columns=columns,
        within=str(within) if within else None,
        people=people,
        row_people={name: n for name, (_, n) in down.items()},
        column_people={name: n for name, (_, n) in across.items()},
        cells=[
            _cell(row, column, n, down[row][1], across[column][1], people, residual, q)
            for (row, column, n), residual, q in zip(counted, residuals, qs, strict=True)
        ],
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


def _residual(n: int, row: int, column: int, people: int) -> float:
    """(n - e) / sqrt(e (1 - row/N) (1 - column/N)) with e = row x column / N (Haberman 1973)."""
    expected = row * column / people
    spread = expected * (1 - row / people) * (1 - column / people)
    return (n - expected) / sqrt(spread) if spread > 0 else 0.0


def _cell(
    row: str,
    column: str,
    n: int,
    in_row: int,
    in_column: int,
    people: int,
    residual: float,
    q: float,
) -> MatrixCell:
    expected = in_row * in_column / people
    return MatrixCell(
        row=row,
        column=column,
        people=n,
        expected=expected,
        lift=n / expected if expected else None,
        share=n / in_row,
        residual=residual,
        q=q,
        small=expected < LEAST_EXPECTED,
    )
