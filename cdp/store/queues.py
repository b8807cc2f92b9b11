"""The queues between fold and conclusion: what others are at, waited for."""

from enum import StrEnum

from sqlalchemy import text

from cdp.store.database import Database

# Waits for whoever is taking the first row, then for the next; it holds no row while it waits,
# so it can be part of no deadlock.
FIRST = "SELECT profile_id FROM {queue} ORDER BY profile_id LIMIT 1 FOR KEY SHARE"


class Queue(StrEnum):
    """Profiles that wait for a stage; each stage takes its own in the transaction of its result."""

    LINKS = "unlinked_profile"
    TRAITS = "underived_profile"
    PERSONAS = "unassigned_profile"
    SEGMENTS = "unsegmented_profile"


def settled(database: Database, queue: Queue) -> bool:
    """Wait until nobody else is taking from the queue; whether nothing is left in it."""
    with database.transaction() as tx:
        return tx.execute(text(FIRST.format(queue=queue))).first() is None
