"""Membership: who is in which cell by now, kept as profiles change and time passes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from cdp.audience import base
from cdp.audience.plans import plans
from cdp.store.audience import cells, segments
from cdp.store.audience.cells import CellChange
from cdp.store.database import Database

PROFILES_PER_TRANSACTION = 1_000
WORKERS = 2  # for more than one transaction's profiles
MANY = 20_000
# Each goes through the whole base once; beyond, looking at each profile is quicker.
FEW_SEGMENTS = 30


@dataclass(frozen=True)
class Updated:
    """What an update of memberships did."""

    profiles: int
    entered: int
    left: int


def update_memberships(
    database: Database,
    now: datetime | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    many: int = MANY,
) -> Updated:
    """Bring every queued and due profile into its cells of `now`; any number may run at once.

    `progress` is called with the number of profiles looked at so far. Where at least `many`, and
    half of the base, are queued, everyone is evaluated as sets; of few segments that is quicker.
    """
    at = now or datetime.now(UTC)
    tally, lock = Updated(0, 0, 0), Lock()

    def count(taken: int, changes: list[CellChange]) -> int:
        nonlocal tally
        entered = sum(len(each.numbers) for each in changes if each.entered)
        left = sum(len(each.numbers) for each in changes if not each.entered)
        with lock:
            tally = Updated(tally.profiles + taken, tally.entered + entered, tally.left + left)
            progress(tally.profiles)
        return taken

    def work() -> None:
        while count(*_update_some(database, at)) == PROFILES_PER_TRANSACTION:
            pass

    count(*_update_everyone(database, at, many))
    if count(*_update_some(database, at)) == PROFILES_PER_TRANSACTION:
        with ThreadPoolExecutor(WORKERS) as pool:
            for done in [pool.submit(work) for _ in range(WORKERS)]:
                done.result()
    return tally


def shorten_feed(database: Database) -> int:
    """Leave of each profile's changes of a cell the last one; how many went. Once a day is plenty."""
    with database.transaction() as tx:
        return cells.drop_superseded(tx)


def _update_everyone(database: Database, now: datetime, many: int) -> tuple[int, list[CellChange]]:
    """How many were looked at as sets, and what came of it and of new dimensions."""
    with database.transaction() as tx:
        few = len(base.defined(tx)) <= FEW_SEGMENTS
        if not few or not cells.most_are_queued(tx, many):
            return 0, base.evaluate_dimensions(tx, now)
        segments.hold_alone(tx)
        taken = cells.take_everyone(tx)
        return taken, base.evaluate_everything(tx, now) + base.evaluate_dimensions(tx, now)


def _update_some(database: Database, now: datetime) -> tuple[int, list[CellChange]]:
    with database.transaction() as tx:
        segments.hold(tx)
        cells.wake(tx, now, PROFILES_PER_TRANSACTION)
        taken = cells.take(tx, PROFILES_PER_TRANSACTION)
        if not taken:
            return 0, []
        profile_ids, numbers = ([row[place] for row in taken] for place in (0, 1))
        changes: list[CellChange] = []
        for plan in plans(tx):
            said = [profile_ids, numbers, *plan.binder.bind(now)]
            changes += cells.run(tx, plan.statement, said)
        cells.note(tx, changes, now)
    return len(taken), changes
