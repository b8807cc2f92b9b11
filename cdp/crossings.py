"""The Python API of cross-segmentation: counts, people, matrices, overlaps and movements."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Literal

from cdp.audience import crossing as sets
from cdp.audience import distinguish as telling
from cdp.audience import fields as readable
from cdp.audience import matrix as matrices
from cdp.audience import movement as movements
from cdp.audience import upset as upsets
from cdp.audience.dimensions import SUBJECT
from cdp.errors import InvalidRequest
from cdp.model.crossed import (
    Count,
    DimensionCell,
    Distinction,
    Matrix,
    Movement,
    People,
    Person,
    Upset,
)
from cdp.model.crossing import All, Cell, Crossing, Not, crossing
from cdp.profile.feed import check_limit
from cdp.store.audience import crossings
from cdp.store.opened import OnStore

Subject = Literal["person", "account"]


class Crossings(OnStore):
    """Where the dimensions and saved segments of one store cross.

    A crossing is a text, `lifecycle=churned & value_tier=top & !segment=vip`, or made in Python:
    `cell("lifecycle", "churned") & ~segment("vip")` (`cdp.model.crossing`). `url`: as for
    `CustomerProfiles`. `subject`: people, or companies. Every method raises InvalidRequest for a
    dimension, cell or field that is not known, naming the nearest, and StoreUnavailable when the
    database is away.
    """

    def cells(
        self, dimension: str | None = None, *, subject: Subject = "person"
    ) -> list[DimensionCell]:
        """The cells of one dimension or of all, with the people in them, the largest first."""
        with self._database.autocommit() as connection:
            if dimension is None:
                found = crossings.every(connection)
            else:
                sets.check_dimension(connection, dimension)
                found = crossings.whole(connection, [dimension])
            base = crossings.named(connection, [(SUBJECT, subject)])
        read = sets.Bitmaps([*found, *base], subject)
        counted = [
            DimensionCell(dimension=name, cell=cell, people=people)
            for name, cell in dict.fromkeys((each[0], each[1]) for each in found)
            if (people := sets.size(read.evaluate(Cell(name, (cell,)))))
        ]
        return sorted(counted, key=lambda each: (each.dimension, -each.people, each.cell))

    def count(self, of: Crossing | str, *, subject: Subject = "person") -> Count:
        """How many a crossing holds, of how many, and how many each of its cells by itself."""
        with self._database.autocommit() as connection:
            return sets.count(connection, crossing(of), subject)

    def people(
        self,
        of: Crossing | str,
        *,
        fields: Sequence[str] = (),
        cursor: str | None = None,
        limit: int = 100,
        subject: Subject = "person",
    ) -> People:
        """The individuals of a crossing, page by page, with these traits of theirs.

        `cursor`: the `next` of the page before; who joins or leaves meanwhile moves nobody else.
        """
        check_limit(limit)
        traits = readable.chosen(fields)
        node, after, now = crossing(of), _after(cursor), datetime.now(UTC)
        with self._database.autocommit() as connection:
            read = sets.bitmaps(connection, [node], subject)
            page = list(islice(sets.numbers(read.evaluate(node), after), limit))
            found = crossings.people(connection, page)
        data = [
            Person(
                profile_id=uid,
                fields={each.name: readable.value_of(kept, each, now) for each in traits},
            )
            for _, uid, kept in found
        ]
        return People(data=data, next=str(page[-1]) if len(page) == limit else None)

    def matrix(
        self,
        rows: str,
        columns: str,
        *,
        within: Crossing | str | None = None,
        subject: Subject = "person",
    ) -> Matrix:
        """Two dimensions crossed: people, lift over independence, residual; `.plot()` draws it."""
        base = crossing(within) if within else None
        with self._database.autocommit() as connection:
            return matrices.matrix(connection, rows, columns, within=base, subject=subject)

    def upset(self, *of: Crossing | str, subject: Subject = "person") -> Upset:
        """How 2 to 20 crossings overlap: who is in exactly which of them; `.plot()` draws it."""
        nodes = [crossing(each) for each in of]
        with self._database.autocommit() as connection:
            return upsets.upset(connection, nodes, subject=subject)

    def movement(
        self,
        dimension: str,
        since: datetime,
        until: datetime | None = None,
        *,
        cells: Sequence[str] | None = None,
    ) -> Movement:
        """Who went where in a dimension from `since` to `until` (default: now); `.plot()` draws it.

        Of dimensions with several cells a person, such as `segment`, name the `cells` to follow.
        """
        end = until or datetime.now(UTC)
        with self._database.autocommit() as connection:
            return movements.movement(connection, dimension, since, end, cells)

    def moved(
        self,
        dimension: str,
        since: datetime,
        until: datetime | None = None,
        *,
        before: str,
        after: str,
        cells: Sequence[str] | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> People:
        """The individuals who went from `before` to `after` (names of the movement's flows)."""
        check_limit(limit)
        with self._database.autocommit() as connection:
            return movements.moved(
                connection,
                dimension,
                since,
                until or datetime.now(UTC),
                before=before,
                after=after,
                cells=cells,
                cursor=cursor,
                limit=limit,
            )

    def distinguish(
        self,
        a: Crossing | str,
        b: Crossing | str | None = None,
        *,
        sample: int = telling.SAMPLED,
        subject: Subject = "person",
        now: datetime | None = None,
    ) -> Distinction:
        """What tells A from B (default: from everybody else), by effect size, the strongest first.

        Who is in both counts as A. Of larger groups `sample` people, drawn by chance, are compared.
        """
        left = crossing(a)
        right = crossing(b) if b else None
        apart = All((right, Not(left))) if right else Not(left)
        with self._database.autocommit() as connection:
            read = sets.bitmaps(connection, [left, apart], subject)
        groups = [read.evaluate(node) for node in (left, apart)]
        some_a, some_b = (telling.sampled(group, sample) for group in groups)
        with self._database.transaction() as tx:
            found = telling.differences(
                tx, some_a, some_b, readable.types(), now or datetime.now(UTC)
            )
        return Distinction(
            a=str(left),
            b=str(right) if right else "everybody else",
            people_a=sets.size(groups[0]),
            people_b=sets.size(groups[1]),
            sampled_a=len(some_a),
            sampled_b=len(some_b),
            differences=found,
        )


def _after(cursor: str | None) -> int:
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidRequest("the cursor is none of ours; begin without one")
    return int(cursor)
