"""Where a persona is called by its name: cells, their feed, segments, the version in force; and another name there."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cdp.store.audience import segments
from cdp.store.persona import personas


def rename(tx: Connection, persona_id: UUID, old: str, new: str, now: datetime) -> None:
    """Call a persona otherwise; who is in it, and in the segments that read it, stays the same."""
    segments.hold_alone(tx)
    personas.change(tx, persona_id, name=new)
    personas.rename_cells(tx, old, new)
    personas.rename_in_model(tx, persona_id, new)
    for each in segments.live(tx):
        said = json.loads(each.definition)
        if (renamed := _renamed(said, old, new)) != said:
            segments.archive(tx, each.name, now)
            segments.insert(
                tx, name=each.name, description=each.description, subject=each.subject,
                definition=json.dumps(renamed), at=now, by=each.created_by,
            )  # fmt: skip
            segments.evaluated(tx, each.name, each.evaluated_at or now)


def readers(tx: Connection, names: Iterable[str]) -> list[str]:
    """The segments that read a persona or situation of these names."""
    read = {
        segment.name
        for segment in segments.live(tx)
        for name in names
        if _renamed(said := json.loads(segment.definition), name, "") != said
    }
    return sorted(read)


def _renamed(node: Any, old: str, new: str) -> Any:
    """A condition as data, with the cells of a persona called by its new name."""
    if isinstance(node, list):
        return [_renamed(each, old, new) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("dimension") in personas.DIMENSIONS and "cell" in node:
        cells = node["cell"] if isinstance(node["cell"], list) else [node["cell"]]
        return {**node, "cell": [new if cell == old else cell for cell in cells]}
    return {key: _renamed(value, old, new) for key, value in node.items()}
