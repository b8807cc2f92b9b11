"""The Python API of segments: name conditions, size them, see who is in and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from cdp.audience import segments
from cdp.audience.membership import Updated, update_memberships
from cdp.identity.refs import resolved
from cdp.model.expression import Condition
from cdp.model.segment import Estimate, Members, MembershipChanges, Segment, Subject, Why
from cdp.store.opened import OnStore

Said = Condition | Mapping[str, Any]


class Segments(OnStore):
    """The segments of one store.

    `url`: a SQLAlchemy URL; absent: `CDP_DATABASE_URL`, or the embedded server in `CDP_HOME`.
    A condition is the tree that `cdp.audience.words` writes, or the same as JSON or YAML says it.
    `now` (default: the time it is) is what windows and ages are counted back from.
    """

    def save(
        self,
        name: str,
        condition: Said,
        *,
        by: str,
        description: str = "",
        subject: Subject = "person",
        now: datetime | None = None,
    ) -> Segment:
        """Save a condition under a name, or redefine it; everyone's membership is right at return.

        Raises InvalidSegment, naming each fault's place and the nearest right name.
        """
        return segments.save(
            self._database,
            name,
            condition,
            description=description,
            subject=subject,
            by=by,
            now=segments.moment(now),
        )

    def archive(self, name: str, *, now: datetime | None = None) -> None:
        """End a segment: everyone leaves it, its history stays.

        Raises SegmentNotFound; InvalidRequest while another segment reads it.
        """
        segments.archive(self._database, name, segments.moment(now))

    def list(self, *, now: datetime | None = None) -> Sequence[Segment]:
        """The segments there are, by name."""
        return segments.every(self._database, segments.moment(now))

    def get(self, name: str, *, now: datetime | None = None) -> Segment:
        """One segment. Raises SegmentNotFound."""
        return segments.found(self._database, name, segments.moment(now))

    def members(
        self, name: str, *, after: str | None = None, limit: int = 100, now: datetime | None = None
    ) -> Members:
        """Who is in a segment, `limit` at a time; `after`: `next` of the page before.

        Raises SegmentNotFound, InvalidRequest.
        """
        moment = segments.moment(now)
        return segments.members(self._database, name, after=after, limit=limit, now=moment)

    def changes(
        self, name: str, since: str | None = None, *, limit: int = 100
    ) -> MembershipChanges:
        """Who came into a segment and left it since a cursor; keep `next` and ask with it again.

        Raises SegmentNotFound, InvalidRequest.
        """
        return segments.changes(self._database, name, since, limit)

    def estimate(
        self,
        condition: Said,
        *,
        subject: Subject = "person",
        seconds: float = 2.0,
        now: datetime | None = None,
    ) -> Estimate:
        """How many a condition holds of: exact where that takes no longer than `seconds`.

        Beyond that from a sample, with the 95 % interval. Raises InvalidSegment.
        """
        moment = segments.moment(now)
        return segments.size(
            self._database, condition, subject=subject, now=moment, seconds=seconds
        )

    def why(self, profile: UUID | str, segment: str | Said, *, now: datetime | None = None) -> Why:
        """Why a profile is in a segment (or would be in a condition), or is not.

        `profile`: an id or `namespace:value`. Every node of the condition comes with the value it
        was compared with; `to_change` is the least that would have to turn for the opposite.
        Raises SegmentNotFound, InvalidSegment, ProfileNotFound.
        """
        with self._database.autocommit() as connection:
            profile_id = profile if isinstance(profile, UUID) else resolved(connection, profile)
        return segments.explain(self._database, profile_id, segment, now=segments.moment(now))

    def update(self, *, now: datetime | None = None) -> Updated:
        """Bring every profile that changed, and every one that is due, into its segments."""
        return update_memberships(self._database, now)
