"""Who came into a cell and left it, for those who ask instead of being told."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cdp.profile.feed import check_limit, read_cursor
from cdp.store.audience import changes
from cdp.store.database import Database


class Page(NamedTuple):
    """Rows (profile_id, dimension, change: enter or leave, changed_at) in order, and the next cursor."""

    rows: Sequence[Mapping[str, Any]]
    next: str
    has_more: bool


def page(
    database: Database, dimensions: Sequence[str], cell: str, since: str | None, limit: int
) -> Page:
    """Up to `limit` changes of a cell of these dimensions after a cursor. Raises InvalidRequest."""
    check_limit(limit)
    position = read_cursor(since)
    with database.autocommit() as connection:
        rows = changes.changes(connection, dimensions, cell, position, limit)
    reached = rows[-1]["position"] if rows else position
    return Page(rows, next=str(reached), has_more=len(rows) == limit)
