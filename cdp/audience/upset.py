"""How several sets overlap: who is in exactly which of them."""

from collections.abc import Sequence

import psycopg
from pyroaring import BitMap

from cdp.audience.crossing import Chunks, bitmaps, size
from cdp.errors import InvalidRequest
from cdp.model.crossed import Overlap, Upset
from cdp.model.crossing import Crossing

MOST_SETS = 20


def upset(connection: psycopg.Connection, nodes: Sequence[Crossing], *, subject: str) -> Upset:
    """The overlaps of 2 to 20 crossings. Raises InvalidRequest."""
    if not 2 <= len(nodes) <= MOST_SETS:
        raise InvalidRequest(f"2 to {MOST_SETS} sets can be laid over each other, not {len(nodes)}")
    read = bitmaps(connection, nodes, subject)
    sets = {str(node): read.evaluate(node) for node in nodes}
    overlaps = [Overlap(sets=names, people=size(people)) for names, people in _divided(sets)]
    return Upset(
        sets={name: size(people) for name, people in sets.items()},
        people=sum(overlap.people for overlap in overlaps),
        overlaps=sorted(overlaps, key=lambda each: (-each.people, each.sets)),
    )


def _divided(sets: dict[str, Chunks]) -> list[tuple[list[str], Chunks]]:
    """The union of the sets divided by each of them in turn; parts without people are dropped."""
    union = {
        chunk: BitMap.union(*(people[chunk] for people in sets.values()))
        for chunk in next(iter(sets.values()))
    }
    parts: list[tuple[list[str], Chunks]] = [([], union)]
    for name, people in sets.items():
        halves = [
            half
            for names, part in parts
            for half in (
                ([*names, name], {chunk: bits & people[chunk] for chunk, bits in part.items()}),
                (names, {chunk: bits - people[chunk] for chunk, bits in part.items()}),
            )
        ]
        parts = [(names, part) for names, part in halves if size(part)]
    return parts
