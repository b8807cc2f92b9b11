"""Plain verbs of segments. Written by tests/client/twin.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cdp.client import areas
from cdp.client.calls import Ref
from cdp.client.synchronous.connection import Connection

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


class Segments:
    """Named conditions: the verbs of `cdp.segments.Segments`.

    A condition is a tree, as JSON says it (see docs/segments.md).
    """

    _connection: Connection

    def segments(self) -> list[Segment]:
        """The segments there are, by name."""
        return self._connection.do(areas.segment.segments())

    def segment(self, name: str) -> Segment:
        """One segment. Raises SegmentNotFound."""
        return self._connection.do(areas.segment.segment(name))

    def save_segment(
        self, name: str, condition: Said, *, description: str = "", subject: Subject = "person"
    ) -> Segment:
        """Save a condition under a name, or redefine it. Raises InvalidSegment."""
        return self._connection.do(areas.segment.save(name, condition, description, subject))

    def archive_segment(self, name: str) -> None:
        """End a segment: everyone leaves it. Raises SegmentNotFound, InvalidRequest."""
        self._connection.do(areas.segment.archive(name))

    def estimate(
        self, condition: Said, *, subject: Subject = "person", seconds: float = 2.0
    ) -> Estimate:
        """How many a condition holds of; from a sample where counting takes longer."""
        return self._connection.do(areas.segment.estimate(condition, subject, seconds))

    def members_page(self, name: str, *, after: str | None = None, limit: int = 100) -> Members:
        """Some members of a segment; `after`: the `next` of the page before."""
        return self._connection.do(areas.segment.members(name, after, limit))

    def members(self, name: str) -> Iterator[Member]:
        """Every member of a segment, read page by page."""
        after, more = None, True
        while more:
            page = self.members_page(name, after=after, limit=PAGE)
            yield from page.data
            after, more = page.next, page.next is not None

    def segment_changes(
        self, name: str, since: str | None = None, *, limit: int = 100
    ) -> MembershipChanges:
        """Who came into a segment and left it since a cursor."""
        return self._connection.do(areas.segment.changes(name, since, limit))

    def why(self, profile: Ref, segment: str | Said) -> Why:
        """Why a profile is in a segment, or would be in a condition, or is not."""
        return self._connection.do(areas.segment.why(profile, segment))
