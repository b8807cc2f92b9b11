"""Saved segments: naming a condition, redefining and archiving it, and what it holds of."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection

from cdp.audience import base, crossing, estimate, vocabulary, why
from cdp.audience import changes as changes_of
from cdp.audience.dimensions import SEGMENT
from cdp.audience.faulty import faults
from cdp.audience.nearest import near
from cdp.audience.reading import dependents
from cdp.audience.validate import checked
from cdp.errors import InvalidRequest, InvalidSegment, SegmentNotFound
from cdp.model.crossing import Cell, segments_of
from cdp.model.crossing import crossing as parsed
from cdp.model.expression import Condition, as_data
from cdp.model.segment import (
    Estimate,
    Member,
    Members,
    MembershipChange,
    MembershipChanges,
    Segment,
    Subject,
    Why,
)
from cdp.profile.feed import check_limit, read_cursor
from cdp.store.audience import audiences, cells, segments
from cdp.store.audience.segments import SavedSegment
from cdp.store.database import Database, driver

LONGEST_NAME = 200
Said = Condition | Mapping[str, Any]


def save(
    database: Database,
    name: str,
    said: Said,
    *,
    description: str,
    subject: Subject,
    by: str,
    now: datetime,
) -> Segment:
    """Save a condition under a name, new or in place of the former one, and evaluate it for all.

    Raises InvalidSegment.
    """
    _check_name(name)
    with database.transaction() as tx:
        words = vocabulary.of(tx, said)
    condition = checked(said, words, name=name)
    with database.transaction() as tx:
        segments.hold_alone(tx)
        base.evaluate_dimensions(tx, now)  # who is a person, too
        former = {each.name: each for each in segments.live(tx)}.get(name)
        if former and former.subject != subject:
            raise InvalidSegment(f"segment {name!r} is about {former.subject}s; archive it first")
        definition = json.dumps(as_data(condition))
        segments.archive(tx, name, now)
        segments.insert(
            tx,
            name=name,
            description=description,
            subject=subject,
            definition=definition,
            at=now,
            by=by,
        )
        base.evaluate_segment(tx, name, now)
    return found(database, name, now)


def archive(database: Database, name: str, now: datetime) -> None:
    """End a segment: everyone leaves it, its history stays. Raises SegmentNotFound, InvalidRequest."""
    with database.transaction() as tx:
        segments.hold_alone(tx)
        definitions = base.definitions_of(segments.live(tx))
        if name not in definitions:
            raise missing(name, definitions)
        readers = dependents(name, definitions)[1:]
        if readers:
            raise InvalidRequest(
                f"segment {name!r} is read by {', '.join(map(repr, readers))}; change those first"
            )
        for each in audiences.read(driver(tx)):
            if name in segments_of(parsed(each["crossing"])):
                raise InvalidRequest(
                    f"segment {name!r} is addressed as audience {each['name']!r}; change that first"
                )
        base.empty_segment(tx, name, now)
        segments.archive(tx, name, now)


def every(database: Database, now: datetime) -> list[Segment]:
    """The segments there are, by name."""
    with database.transaction() as tx:
        saved = segments.live(tx)
        faulty = faults(base.defined(tx))
    with database.autocommit() as connection:
        members = cells.sizes(connection, SEGMENT)
        right_at = segments.right_at(connection, now)
    return [
        _told(each, members.get((SEGMENT, each.name), 0), right_at, faulty.get(each.name))
        for each in saved
    ]


def found(database: Database, name: str, now: datetime) -> Segment:
    """The segment of that name. Raises SegmentNotFound."""
    known = {each.name: each for each in every(database, now)}
    if name not in known:
        raise missing(name, known)
    return known[name]


def members(
    database: Database, name: str, *, after: str | None, limit: int, now: datetime
) -> Members:
    """Up to `limit` members after a cursor. Raises SegmentNotFound, InvalidRequest."""
    check_limit(limit)
    beyond = read_cursor(after) if after is not None else -1
    saved = _saved(database, name)
    with database.autocommit() as connection:
        numbers = _numbers(connection, saved, beyond, limit)
        data = [
            Member(profile_id=row["profile_id"], entered_at=row["entered_at"])
            for row in segments.entered(connection, name, numbers)
        ]
        right_at = segments.right_at(connection, now)
    more = str(numbers[-1]) if len(numbers) == limit else None
    return Members(data=data, next=more, as_of=right_at)


def _numbers(
    connection: psycopg.Connection, saved: SavedSegment, beyond: int, limit: int
) -> list[int]:
    node = Cell(SEGMENT, (saved.name,))
    read = crossing.bitmaps(connection, [node], saved.subject)
    numbers = crossing.numbers(read.evaluate(node), beyond)
    return [number for number, _ in zip(numbers, range(limit), strict=False)]


def changes(database: Database, name: str, since: str | None, limit: int) -> MembershipChanges:
    """Up to `limit` changes of membership after a cursor. Raises SegmentNotFound, InvalidRequest."""
    _saved(database, name)
    page = changes_of.page(database, [SEGMENT], name, since, limit)
    data = [
        MembershipChange(
            kind=row["change"], profile_id=row["profile_id"], changed_at=row["changed_at"]
        )
        for row in page.rows
    ]
    return MembershipChanges(data=data, next=page.next, has_more=page.has_more)


def size(
    database: Database, said: Said, *, subject: Subject, now: datetime, seconds: float
) -> Estimate:
    """How many a condition holds of. Raises InvalidSegment."""
    with database.transaction() as tx:
        condition = checked(said, vocabulary.of(tx, said))
    return estimate.estimate(database, condition, subject, now, seconds=seconds)


def explain(database: Database, profile_id: UUID, said: str | Said, *, now: datetime) -> Why:
    """Why a profile is in a segment, or would be in a condition, or is not.

    Raises SegmentNotFound, InvalidSegment, ProfileNotFound.
    """
    name = said if isinstance(said, str) else None
    with database.transaction() as tx:
        condition = (
            base.definitions_of([_of(tx, said)])[said].condition
            if isinstance(said, str)
            else checked(said, vocabulary.of(tx, said))
        )
        reason = why.reason_of(tx, profile_id, condition, now)
    with database.autocommit() as connection:
        since = segments.member_since(connection, name, profile_id) if name else None
    return Why(
        profile_id=profile_id,
        segment=name,
        holds=reason.holds,
        member_since=since,
        as_of=now,
        reason=reason,
        to_change=why.to_change(reason),
    )


def missing(name: str, known: Mapping[str, Any]) -> SegmentNotFound:
    """That there is no such segment, and which is nearest."""
    return SegmentNotFound(f"no segment is called {name!r}; {near(name, known)}")


def _of(tx: Connection, name: str) -> SavedSegment:
    saved = {each.name: each for each in segments.live(tx)}
    if name not in saved:
        raise missing(name, saved)
    return saved[name]


def _saved(database: Database, name: str) -> SavedSegment:
    with database.transaction() as tx:
        return _of(tx, name)


def _told(saved: SavedSegment, members: int, right_at: datetime, fault: str | None) -> Segment:
    return Segment(
        name=saved.name,
        description=saved.description,
        subject=saved.subject,  # pyright: ignore[reportArgumentType]  checked when it was saved
        condition=json.loads(saved.definition),
        members=members,
        as_of=(saved.evaluated_at or saved.created_at) if fault else right_at,
        fault=fault,
        created_at=saved.created_at,
        created_by=saved.created_by,
    )


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise InvalidSegment(
            f"a segment's name has 1 to {LONGEST_NAME} characters, none around it: {name[:80]!r}"
        )


def moment(now: datetime | None) -> datetime:
    """`now`, or the time it is."""
    return now or datetime.now(UTC)
