"""The road after the fold: conclusions, account links, segments and personas of what changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from cdp.account.links import update_account_links
from cdp.audience.membership import update_memberships
from cdp.derive.run import derive_queued
from cdp.persona.assignment import PEOPLE_PER_TRANSACTION, assign_queued
from cdp.store.database import Database
from cdp.store.profile.folded import hand_on
from cdp.store.queues import Queue, settled

T = TypeVar("T")


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
    *,
    wait: bool = True,
    at_once: int | None = None,
) -> Concluded:
    """Draw every conclusion that waits: of changed profiles, and of those that only time changes.

    `progress` is called with the stage and the number of profiles so far; `now` (with a time zone)
    is the present. Each stage takes from its queue in the transaction that writes its result: a
    run that was killed is taken up by the next, and several may run at once. With `wait`, what
    another run has taken is concluded, too, on return. `at_once`: about so many profiles a
    transaction, for who rests in `progress`; None: as is quickest.
    """
    present = now or datetime.now(UTC)
    with database.transaction() as tx:
        hand_on(tx)

    def stage(queue: Queue, run: Callable[[], T]) -> Iterator[T]:
        yield run()
        while wait and not settled(database, queue):
            yield run()

    def told(name: str) -> Callable[[int], None]:
        return lambda count: progress(name, count)

    linked = sum(stage(Queue.LINKS, lambda: update_account_links(database, told("link"))))
    derived = sum(
        stage(
            Queue.TRAITS, lambda: derive_queued(database, present, told("derive"), at_once=at_once)
        )
    )
    assigned = sum(
        stage(
            Queue.PERSONAS,
            lambda: assign_queued(
                database, present, told("persona"), at_once=at_once or PEOPLE_PER_TRANSACTION
            ),
        )
    )
    cells = list(
        stage(Queue.SEGMENTS, lambda: update_memberships(database, present, told("segment")))
    )
    return Concluded(
        linked=linked,
        derived=derived,
        assigned=assigned,
        entered=sum(each.entered for each in cells),
        left=sum(each.left for each in cells),
    )
