"""Fold: keep the profiles equal to what their records say."""

from collections.abc import Callable
from datetime import UTC, datetime

from cdp.profile.traits import registry
from cdp.store import fold
from cdp.store.database import Database

CHUNK = 50_000


def fold_stale_profiles(database: Database, progress: Callable[[int], None] = lambda _: None) -> int:
    """Fold every queued profile, in transactions of a bounded size; the number that changed.

    `progress` is called with the number folded so far.
    """
    rules = {name: trait.rule for name, trait in registry().items()}
    folded = changed = 0
    while True:
        with database.transaction() as tx:
            taken, differing = fold.fold_stale(
                tx, limit=CHUNK, rules=rules, changed_at=datetime.now(UTC)
            )
        if not taken:
            return changed
        folded, changed = folded + taken, changed + differing
        progress(folded)
