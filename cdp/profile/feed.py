"""The feed of changed profiles, for those who keep a copy."""

import psycopg

from cdp.errors import InvalidRequest
from cdp.model.answers import Change, Changes
from cdp.model.profile import Profile
from cdp.store.profile import changes

LARGEST_PAGE = 1_000


def page(
    connection: psycopg.Connection, since: str | None, limit: int, *, with_profiles: bool
) -> Changes:
    """Up to `limit` profiles changed after the cursor `since` (None: from the beginning).

    Raises InvalidRequest.
    """
    check_limit(limit)
    position = read_cursor(since)
    rows = changes.since(connection, position, limit)
    data = [
        Change(
            kind=row["kind"],
            profile_id=row["profile_id"],
            merged_into=row["merged_into"],
            changed_at=row["changed_at"],
            profile=Profile.model_validate_json(row["body"])
            if with_profiles and row["body"]
            else None,
        )
        for row in rows
    ]
    reached = rows[-1]["position"] if rows else position
    more = bool(rows) and rows[0]["in_page"] == limit
    return Changes(data=data, next=str(reached), has_more=more)


def check_limit(limit: int) -> None:
    """Raise InvalidRequest unless a page may be so long."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidRequest(f"limit is 1 to {LARGEST_PAGE}, not {limit}")


def read_cursor(cursor: str | None) -> int:
    """The position that a cursor stands for. Raises InvalidRequest."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidRequest("the cursor is none of ours; begin without one")
    return int(cursor)
