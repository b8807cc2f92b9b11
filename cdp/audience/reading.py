"""Which saved segments a condition reads, and which read a segment."""

from collections.abc import Mapping

from cdp.audience.compiler import Definition
from cdp.audience.dimensions import SEGMENT
from cdp.model.expression import Condition, InCell, InSegment, every_node


def reads(condition: Condition) -> set[str]:
    """The names of the segments that a condition reads."""
    found = set()
    for _, node in every_node(condition):
        if isinstance(node, InSegment):
            found.add(node.segment)
        elif isinstance(node, InCell) and node.dimension == SEGMENT:
            found.update(node.cell)
    return found


def dependents(name: str, definitions: Mapping[str, Definition]) -> list[str]:
    """`name` and the segments that read it, directly or not."""
    found = [name]
    for each in found:
        found += [
            other
            for other in sorted(definitions)
            if other not in found and each in reads(definitions[other].condition)
        ]
    return found
