"""Who came into one cell and left it, in SQL."""

from collections.abc import Sequence
from typing import Any

import psycopg

from cdp.store.profile.read import rows

CHANGES = """
SELECT position, profile_id, dimension, change, changed_at FROM cell_change
WHERE dimension = ANY(%s) AND cell = %s AND position > %s ORDER BY position LIMIT %s"""


def changes(
    connection: psycopg.Connection,
    dimensions: Sequence[str],
    cell: str,
    position: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Who came into a cell of these dimensions, and left it, after a position, in order."""
    return rows(connection, CHANGES, (list(dimensions), cell, position, limit))
