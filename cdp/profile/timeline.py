"""Timelines, page by page."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from cdp.errors import InvalidRequest
from cdp.model.answers import TimelinePage
from cdp.model.profile import TimelineEvent
from cdp.store.profile import read

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, tzinfo=UTC)
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


def aware(moment: datetime) -> datetime:
    """`moment` in UTC. Raises InvalidRequest where it has no time zone, or no year of four digits there."""
    if moment.tzinfo is None:
        raise InvalidRequest(
            f"{moment.isoformat()} has no time zone; write e.g. {moment.isoformat()}Z"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest("the time is none of the years 1 to 9999 in UTC") from None


def page(
    connection: psycopg.Connection,
    records: Sequence[UUID],
    *,
    limit: int,
    since: datetime | None = None,
    until: datetime | None = None,
    kinds: Sequence[str] | None = None,
    cursor: str | None = None,
    oldest_first: bool = False,
) -> TimelinePage:
    """The events of these records in [since, until) from `cursor` on. Raises InvalidRequest."""
    beginning = (EARLIEST, FIRST) if oldest_first else (LATEST, LAST)
    found = read.timeline(
        connection,
        records,
        since=aware(since or EARLIEST),
        until=aware(until or LATEST),
        kinds=kinds,
        limit=limit + 1,
        after=_decoded(cursor) if cursor else beginning,
        oldest_first=oldest_first,
    )
    events = [TimelineEvent.model_validate(row) for row in found[:limit]]
    return TimelinePage(data=events, next=_encoded(events[-1]) if len(found) > limit else None)


def _encoded(event: TimelineEvent) -> str:
    place = f"{event.occurred_at.isoformat()}/{event.event_id}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, _, event_id = base64.urlsafe_b64decode(padded).decode().partition("/")
        moment = datetime.fromisoformat(at)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC), UUID(event_id)
    except (binascii.Error, ValueError):
        raise InvalidRequest("the cursor is none of ours; begin without one") from None
