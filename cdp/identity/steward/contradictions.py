"""Whether a new decision says the opposite of one that stands."""

from uuid import UUID

from sqlalchemy import Connection

from cdp.errors import DecisionContradicted
from cdp.store.identity import decisions as store


def check_link(tx: Connection, one: set[UUID], other: set[UUID]) -> None:
    """Raises DecisionContradicted where the two, or what is linked with them, are kept apart."""
    ones, others = _linked_with(tx, one), _linked_with(tx, other)
    sides: dict[UUID, tuple[set[int], set[int]]] = {}
    for said in store.standing(tx, ones.keys() | others.keys(), "cannot_link"):
        found = sides.setdefault(said.decision_id, (set(), set()))
        for place, linked in enumerate((ones, others)):
            if said.record_uid in linked:
                found[place].add(said.side)
    for decision, (of_one, of_other) in sides.items():
        if any(side != another for side in of_one for another in of_other):
            _refuse(decision, "keeps them apart")


def check_cannot_link(tx: Connection, one: set[UUID], other: set[UUID]) -> None:
    """Raises DecisionContradicted where a chain of links joins the two sides."""
    for record, decision in _linked_with(tx, one).items():
        if record in other and decision is not None:
            _refuse(decision, "links them")


def _linked_with(tx: Connection, records: set[UUID]) -> dict[UUID, UUID | None]:
    """Each record that links join to one of `records`, with the link that did; None: itself."""
    reached: dict[UUID, UUID | None] = dict.fromkeys(records)
    frontier = set(records)
    while frontier:
        said = store.standing(tx, frontier, "link")
        found = {each.record_uid: each.decision_id for each in said}
        frontier = found.keys() - reached.keys()
        reached |= {record: found[record] for record in frontier}
    return reached


def _refuse(decision: UUID, verdict: str) -> None:
    raise DecisionContradicted(
        f"the decision {decision} {verdict}; `cdp identity revoke {decision}` takes it back"
    )
