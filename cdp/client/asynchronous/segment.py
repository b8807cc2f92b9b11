"""Awaitable verbs of segments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from cdp.client import areas
from cdp.client.asynchronous.connection import AsyncConnection
from cdp.client.calls import Ref

if TYPE_CHECKING:
    from cdp.client.segment_calls import Said
    from cdp.model.segment import (
        Estimate,
        Member,
        Members,
        MembershipChanges,
        Segment,
        Subject,
        Why,
    )

PAGE = 1_000


class AsyncSegments:
    """Named conditions: the verbs of `cdp.segments.Segments`.

    A condition is a tree, as JSON says it (see docs/segments.md).
    """

    _connection: AsyncConnection

    async def segments(self) -> list[Segment]:
        """The segments there are, by name."""
        return await self._connection.do(areas.segment.segments())

    async def segment(self, name: str) -> Segment:
        """One segment. Raises SegmentNotFound."""
        return await self._connection.do(areas.segment.segment(name))

    async def save_segment(
        self, name: str, condition: Said, *, description: str = "", subject: Subject = "person"
    ) -> Segment:
        """Save a condition under a name, or redefine it. Raises InvalidSegment."""
        return await self._connection.do(areas.segment.save(name, condition, description, subject))

    async def archive_segment(self, name: str) -> None:
        """End a segment: everyone leaves it. Raises SegmentNotFound, InvalidRequest."""
        await self._connection.do(areas.segment.archive(name))

    async def estimate(
        self, condition: Said, *, subject: Subject = "person", seconds: float = 2.0
    ) -> Estimate:
        """How many a condition holds of; from a sample where counting takes longer."""
        return await self._connection.do(areas.segment.estimate(condition, subject, seconds))

    async def members_page(
        self, name: str, *, after: str | None = None, limit: int = 100
    ) -> Members:
        """Some members of a segment; `after`: the `next` of the page before."""
        return await self._connection.do(areas.segment.members(name, after, limit))

    async def members(self, name: str) -> AsyncIterator[Member]:
        """Every member of a segment, read page by page."""
        after, more = None, True
        while more:
            page = await self.members_page(name, after=after, limit=PAGE)
            for member in page.data:
                yield member
            after, more = page.next, page.next is not None

    async def segment_changes(
        self, name: str, since: str | None = None, *, limit: int = 100
    ) -> MembershipChanges:
        """Who came into a segment and left it since a cursor."""
        return await self._connection.do(areas.segment.changes(name, since, limit))

    async def why(self, profile: Ref, segment: str | Said) -> Why:
        """Why a profile is in a segment, or would be in a condition, or is not."""
        return await self._connection.do(areas.segment.why(profile, segment))
