"""What crossings come to: counts, matrices, overlaps, movements and what tells groups apart."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from cdp.model.profile import Frozen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NONE = "(none)"  # those without a cell in the dimension


class DimensionCell(Frozen):
    """One cell of a dimension, as it is now."""

    dimension: str
    cell: str
    people: int


class Count(Frozen):
    """How many a crossing holds."""

    crossing: str
    people: int
    base: int = Field(description="everybody of the subject")
    parts: Mapping[str, int] = Field(description="people of each cell that it names, by itself")

    @property
    def share(self) -> float:
        """Of the base, 0..1."""
        return self.people / self.base if self.base else 0.0


class Person(Frozen):
    """One individual of a crossing, with the fields that were asked for."""

    profile_id: UUID
    fields: Mapping[str, JsonValue] = Field(default_factory=dict)


class People(Frozen):
    """Some individuals; ask with `next` again for those after them, None: there are no more."""

    data: Sequence[Person]
    next: str | None = None


class MatrixCell(Frozen):
    """Where a row and a column meet."""

    row: str
    column: str
    people: int
    expected: float = Field(
        description="people if row and column had nothing to do with each other"
    )
    lift: float | None = Field(description="people / expected; None where nobody is expected")
    share: float = Field(description="of the row's people, 0..1")
    residual: float = Field(description="adjusted Pearson residual: standard errors from expected")
    q: float = Field(description="p of the residual, by Benjamini-Hochberg over the matrix")
    small: bool = Field(description="fewer than 5 expected: lift and q mean little")

    @property
    def clear(self) -> bool:
        """Whether it differs from expected beyond chance: at most 5 % false among all such cells."""
        return not self.small and self.q <= 0.05


class Matrix(Frozen):
    """Two dimensions crossed, over the people of `within`; those without a cell stand in (none)."""

    rows: str
    columns: str
    within: str | None
    people: int
    row_people: Mapping[str, int]
    column_people: Mapping[str, int]
    cells: Sequence[MatrixCell] = Field(description="row by row, the largest first")

    def plot(self) -> "Figure":
        """A heat map of the lifts with the counts; needs matplotlib."""
        from cdp.model import pictures  # noqa: PLC0415  matplotlib is large

        return pictures.matrix(self)


class Overlap(Frozen):
    """Those who are in exactly these sets and in no other."""

    sets: Sequence[str]
    people: int


class Upset(Frozen):
    """How several sets overlap: every person of the union is in exactly one overlap."""

    sets: Mapping[str, int] = Field(description="people of each set")
    people: int = Field(description="people of the union")
    overlaps: Sequence[Overlap] = Field(description="the largest first; empty ones are left out")

    def plot(self) -> "Figure":
        """An UpSet picture: bars of the overlaps over the dots of their sets; needs matplotlib."""
        from cdp.model import pictures  # noqa: PLC0415  matplotlib is large

        return pictures.upset(self)


class Flow(Frozen):
    """Those who were in one cell at the first time and in another at the second."""

    before: str
    after: str
    people: int


class Movement(Frozen):
    """Who went where in a dimension between two times; (none): in no cell of it, or unknown then."""

    dimension: str
    since: datetime
    until: datetime
    known_since: datetime | None = Field(description="when the first cell was entered")
    flows: Sequence[Flow] = Field(description="the largest first")

    def plot(self) -> "Figure":
        """The flows between both times as bands; needs matplotlib."""
        from cdp.model import pictures  # noqa: PLC0415  matplotlib is large

        return pictures.movement(self)


class Interval(Frozen):
    """A 95 % confidence interval."""

    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether it lies on one side of zero."""
        return self.low > 0 or self.high < 0


class Difference(Frozen):
    """By how much a trait tells group A from group B.

    number: effect = Cliff's delta, P(a > b) - P(a < b), with `cohens_d` beside it; a and b: means.
    category: effect = share of `value` in A less that in B, of those whose trait is known, with
    Cramér's V (bias-corrected) of the whole trait; a and b: the shares.
    known: effect = share of A whose trait is known less that of B.
    """

    trait: str
    kind: Literal["number", "category", "known"]
    value: str | None = Field(default=None, description="of a category: the most telling value")
    effect: float = Field(description="-1..1; above 0: more in A")
    interval: Interval = Field(description="of the effect")
    a: float
    b: float
    n_a: int = Field(description="people of A whose trait is known")
    n_b: int = Field(description="people of B whose trait is known")
    cohens_d: float | None = None
    d_interval: Interval | None = None
    cramers_v: float | None = None


class Distinction(Frozen):
    """What tells group A from group B, the strongest first."""

    a: str
    b: str
    people_a: int
    people_b: int
    sampled_a: int = Field(description="people whose traits were compared")
    sampled_b: int
    differences: Sequence[Difference]
