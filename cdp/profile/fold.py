"""Fold: keep the stored profiles equal to what their records say."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock

from cdp.profile.traits import survivorship_rules
from cdp.store.database import Database
from cdp.store.profile import changes
from cdp.store.profile.fold import fold_stale, queue

# Few enough that a chunk is sorted in memory.
PROFILES_PER_TRANSACTION = 25_000
WORKERS = 2


def fold_stale_profiles(
    database: Database, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Fold every profile that was touched, in transactions of a bounded size; the number that changed.

    `progress` is called with the number folded so far. Safe to run twice at once: each queued
    profile is taken by one of them.
    """
    tally = Lock()
    folded = changed = 0

    def work() -> None:
        nonlocal folded, changed
        while True:
            taken, differing = _fold_some(database)
            if not taken:
                return
            with tally:
                folded, changed = folded + taken, changed + differing
                progress(folded)

    with database.transaction() as tx:
        queue(tx)
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(work) for _ in range(WORKERS)]:
            done.result()
    with database.transaction() as tx:
        changes.drop_superseded(tx)
    return changed


def _fold_some(database: Database) -> tuple[int, int]:
    with database.transaction() as tx:
        return fold_stale(
            tx,
            limit=PROFILES_PER_TRANSACTION,
            rules=survivorship_rules(),
            changed_at=datetime.now(UTC),
        )
