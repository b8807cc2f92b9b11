"""Stores whose cells are written as the stages before would, for tests of what reads them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pyroaring import BitMap
from sqlalchemy import text

from cdp.store.database import Database, driver

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


def uid(number: int) -> UUID:
    """The profile id of the person with that number."""
    return UUID(int=(0xA << 120) + number)


def fill(
    database: Database,
    cells: Mapping[tuple[str, str], Sequence[int]],
    traits: Mapping[int, Mapping[str, Any]],
) -> None:
    """The people of `traits`, by their numbers, in these cells; all are persons."""
    everybody = {("subject", "person"): list(traits)}
    with database.transaction() as tx:
        cursor = driver(tx).cursor()
        cursor.executemany(
            "INSERT INTO derived_profile (profile_id, number, subject, traits, derived_at, parameters)"
            " VALUES (%s, %s, 'person', %s, %s, 1)",
            [(uid(n), n, Jsonb(said), LONG_AGO) for n, said in traits.items()],
        )
        for (dimension, cell), numbers in {**everybody, **cells}.items():
            cursor.executemany(
                "INSERT INTO profile_cell (profile_id, dimension, cell, entered_at)"
                " VALUES (%s, %s, %s, %s)",
                [(uid(n), dimension, cell, LONG_AGO) for n in numbers],
            )
            for chunk in sorted({n >> 16 for n in numbers}):
                bits = BitMap([n & 0xFFFF for n in numbers if n >> 16 == chunk])
                cursor.execute(
                    "INSERT INTO cell_bitmap (dimension, cell, chunk, members, bits)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    (dimension, cell, chunk, len(bits), bits.serialize()),
                )


def move(database: Database, number: int, dimension: str, cell: str | None, at: datetime) -> None:
    """Somebody leaves their cell of a dimension and enters another, in the history only."""
    with database.transaction() as tx:
        said = {"id": uid(number), "dimension": dimension, "cell": cell, "at": at}
        tx.execute(
            text(
                "UPDATE profile_cell SET left_at = :at WHERE profile_id = :id"
                " AND dimension = :dimension AND left_at IS NULL"
            ),
            said,
        )
        if cell:
            tx.execute(
                text(
                    "INSERT INTO profile_cell (profile_id, dimension, cell, entered_at)"
                    " VALUES (:id, :dimension, :cell, :at)"
                ),
                said,
            )
