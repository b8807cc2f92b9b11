"""The road after the fold: conclusions, account links, segments and personas of what changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cdp.account.links import update_account_links
from cdp.audience.membership import update_memberships
from cdp.derive.run import derive_queued
from cdp.persona.assignment import assign_queued
from cdp.store.database import Database


@dataclass(frozen=True)
class Concluded:
    """How many profiles each stage took, and how many cells were entered and left."""

    linked: int = 0
    derived: int = 0
    assigned: int = 0
    entered: int = 0
    left: int = 0


def conclude(
    database: Database,
    progress: Callable[[str, int], None] = lambda _stage, _count: None,
    now: datetime | None = None,
) -> Concluded:
    """Draw every conclusion that waits: of changed profiles, and of those that only time changes.

    `progress` is called with the stage and the number of profiles so far; `now` (with a time zone)
    is the present. Each stage takes from its queue in the transaction that writes its result: a
    run that was killed is taken up by the next, and several may run at once.
    """
    present = now or datetime.now(UTC)
    linked = update_account_links(database, lambda count: progress("link", count))
    derived = derive_queued(database, present, lambda count: progress("derive", count))
    assigned = assign_queued(database, present, lambda count: progress("persona", count))
    cells = update_memberships(database, present, lambda count: progress("segment", count))
    return Concluded(
        linked=linked,
        derived=derived,
        assigned=assigned,
        entered=cells.entered,
        left=cells.left,
    )
