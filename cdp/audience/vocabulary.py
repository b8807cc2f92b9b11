"""The names that conditions may use in this store: segments, dimensions, kinds and words of events."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from cdp.audience.base import defined
from cdp.audience.dimensions import ASSIGNED, dimensions
from cdp.audience.media import media
from cdp.audience.nearest import misspelt
from cdp.audience.validate import Vocabulary, parsed
from cdp.derive.policy import derive_policy
from cdp.errors import InvalidRequest
from cdp.model.expression import Condition, Consented, Did, Step, every_node
from cdp.settings import settings
from cdp.store.audience import cells, spoken
from cdp.store.database import driver

FIELDS = ("category", "product", "currency")


def of(tx: Connection, said: Condition | Mapping[str, Any]) -> Vocabulary:
    """What `said` may name. Raises InvalidSegment where it is no condition at all."""
    condition = said if isinstance(said, Condition) else parsed(said)
    consents = [node for _, node in every_node(condition) if isinstance(node, Consented)]
    asked = {kind for _, node in every_node(condition) for kind in _kinds(node) if "*" not in kind}
    return Vocabulary(
        segments=defined(tx),
        dimensions=dimensions(),
        assigned={*ASSIGNED, *(dimension for dimension, _ in cells.sizes(driver(tx)))},
        kinds={*_usual_kinds(), *spoken.kinds(tx, asked)} if asked else (),
        values={name: spoken.frequent(tx, name) for name in FIELDS} if asked else {},
        purposes=_of_consents(tx, spoken.purposes, {node.consent for node in consents})
        if consents
        else (),
        media=_of_consents(tx, spoken.media, {node.medium for node in consents}, media())
        if consents
        else (),
    )


def check_purpose(tx: Connection, purpose: str) -> None:
    """Raises InvalidRequest where no consent names `purpose`, but one that is like it."""
    if like := misspelt(purpose, _of_consents(tx, spoken.purposes, {purpose})):
        raise InvalidRequest(f"no consent names the purpose {purpose!r}; did you mean {like!r}?")


def _of_consents(
    tx: Connection,
    read: Callable[[Connection, Collection[str]], set[str]],
    said: Collection[str],
    usual: Collection[str] = (),
) -> set[str]:
    """The words of consents. No index tells whether a rare one occurs: it is asked of doubtful ones."""
    often = {*usual, *read(tx, ())}
    doubtful = {each for each in said if misspelt(each, often)}
    return often | read(tx, doubtful) if doubtful else often


def _usual_kinds() -> Iterator[str]:
    """The kinds that conclusions are drawn from, whether any came yet or not."""
    for kinds in derive_policy(settings().policy).kinds.values():
        yield from (kind for kind in kinds if "*" not in kind)


def _kinds(node: Condition | Step) -> Iterator[str]:
    if isinstance(node, (Did, Step)):
        yield from node.event
        for step in (node.followed_by, node.not_followed_by):
            if step:
                yield from _kinds(step)
