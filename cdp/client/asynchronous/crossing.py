"""Awaitable verbs of crossings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cdp.client import areas
from cdp.client.asynchronous.connection import AsyncConnection

if TYPE_CHECKING:
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
    from cdp.model.crossing import Crossing

PAGE = 1_000
SAMPLED = 5_000


class AsyncCrossings:
    """Where segments and dimensions cross: the verbs of `cdp.crossings.Crossings`.

    A crossing is a text, `lifecycle=churned & !segment=vip`, or made by `cdp.model.crossing`.
    """

    _connection: AsyncConnection

    async def cells(self, dimension: str | None = None) -> list[DimensionCell]:
        """The cells of one dimension or of all, saved segments among them, with their people."""
        return await self._connection.do(areas.audience.cells(dimension))

    async def count(self, of: Crossing | str) -> Count:
        """How many a crossing holds, of how many, and each of its cells by itself."""
        return await self._connection.do(areas.audience.count(str(of)))

    async def people_page(
        self,
        of: Crossing | str,
        *,
        fields: Sequence[str] = (),
        cursor: str | None = None,
        limit: int = 100,
    ) -> People:
        """Some individuals of a crossing; `cursor`: the `next` of the page before."""
        return await self._connection.do(areas.audience.people(str(of), fields, cursor, limit))

    async def people_in(
        self, of: Crossing | str, *, fields: Sequence[str] = ()
    ) -> AsyncIterator[Person]:
        """Every individual of a crossing, read page by page."""
        cursor, more = None, True
        while more:
            page = await self.people_page(of, fields=fields, cursor=cursor, limit=PAGE)
            for person in page.data:
                yield person
            cursor, more = page.next, page.next is not None

    async def matrix(
        self, rows: str, columns: str, *, within: Crossing | str | None = None
    ) -> Matrix:
        """Two dimensions crossed, with lift over independence; `.plot()` draws it."""
        base = None if within is None else str(within)
        return await self._connection.do(areas.audience.matrix(rows, columns, base))

    async def upset(self, *of: Crossing | str) -> Upset:
        """How 2 to 20 crossings overlap; `.plot()` draws it."""
        return await self._connection.do(areas.audience.upset([str(each) for each in of]))

    async def movement(
        self,
        dimension: str,
        since: datetime,
        until: datetime | None = None,
        *,
        cells: Sequence[str] | None = None,
    ) -> Movement:
        """Who went where in a dimension; `.plot()` draws it."""
        return await self._connection.do(
            areas.audience.movement(dimension, cells, since=since, until=until)
        )

    async def moved(
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
        """The individuals who went from `before` to `after`."""
        return await self._connection.do(
            areas.audience.moved(
                dimension,
                cells,
                since=since,
                until=until,
                before=before,
                after=after,
                cursor=cursor,
                limit=limit,
            )
        )

    async def distinguish(
        self, a: Crossing | str, b: Crossing | str | None = None, *, sample: int = SAMPLED
    ) -> Distinction:
        """What tells A from B (default: everybody else), by effect size."""
        other = None if b is None else str(b)
        return await self._connection.do(areas.audience.distinguish(str(a), other, sample))
