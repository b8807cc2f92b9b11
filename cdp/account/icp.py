"""Ideal customer profiles kept: declared or learnt, version by version."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import psycopg
from pydantic import ValidationError
from sqlalchemy import Connection

from cdp.derive import icp as fit
from cdp.derive.registry import known_trait
from cdp.errors import IcpNotFound, InvalidRequest, NothingToLearn
from cdp.model.expression import TraitIs, every_node
from cdp.model.fault import first_fault
from cdp.model.icp import Icp, IcpDefinition, Subject
from cdp.store.account import icp as store


def checked(document: Mapping[str, Any] | IcpDefinition) -> IcpDefinition:
    """The definition that a document of Python, YAML or JSON is.

    Raises InvalidRequest naming the place, UnknownTrait naming the nearest trait.
    """
    try:
        definition = IcpDefinition.model_validate(document)
    except ValidationError as error:
        fault = first_fault(error, "its root")
        if error.errors()[0]["type"] == "union_tag_not_found":
            place = fault.partition(":")[0]
            fault = f"{place}: it is no condition; write {{trait: employees, at_least: 50}}"
        raise InvalidRequest(f"the profile is not valid at {fault}") from None
    for n, criterion in enumerate(definition.criteria):
        for _, node in every_node(criterion.when):
            if isinstance(node, TraitIs) and known_trait(node.trait).type == "age":
                raise InvalidRequest(
                    f"criteria.{n}: {node.trait} changes by the day; read a figure such as "
                    "account.visits_30d"
                )
            if isinstance(node, TraitIs) and node.trait.startswith(fit.FIT):
                raise InvalidRequest(f"criteria.{n}: a fit cannot rest on another fit")
    return definition


def define(
    tx: Connection, document: Mapping[str, Any] | IcpDefinition, *, by: str, note: str
) -> int:
    """Put a definition in force as the next version of its name; its version.

    Every company is held against it with the next conclusions.
    """
    definition = checked(document)
    version = store.add(
        tx,
        definition.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        name=definition.name,
        kind=definition.kind,
        note=note,
        created_by=by,
        created_at=datetime.now(UTC),
    )
    store.queue(tx, definition.subject)
    return version


def archive(tx: Connection, name: str) -> None:
    """Put a profile out of force. Raises IcpNotFound."""
    if not store.archive(tx, name, datetime.now(UTC)):
        raise IcpNotFound(f"no ideal customer profile in force is called {name!r}")
    for subject in ("account", "person"):
        store.queue(tx, subject)


def in_force(connection: psycopg.Connection) -> list[Icp]:
    """The profiles in force, by name."""
    return [_icp(row) for row in store.every(connection)]


def named(connection: psycopg.Connection, name: str) -> Icp:
    """The profile in force of that name. Raises IcpNotFound, naming the nearest."""
    known = {each.definition.name: each for each in in_force(connection)}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; `cdp icp list` shows those there are"
        raise IcpNotFound(f"no ideal customer profile in force is called {name!r}{hint}")
    return known[name]


def versions(connection: psycopg.Connection, name: str) -> list[Icp]:
    """Every version of a profile, the latest first; raises IcpNotFound where there never was one."""
    found = [_icp(row) for row in store.versions(connection, name)]
    if not found:
        raise IcpNotFound(f"there never was an ideal customer profile called {name!r}")
    return found


def learnt(
    tx: Connection,
    name: str,
    *,
    won: str,
    among: str | None,
    traits: Sequence[str] | None,
    subject: Subject,
    description: str,
) -> IcpDefinition:
    """A definition learnt from the store: which companies have an event of the kind `won`.

    `among`: the candidates are those with an event of this kind; None: all.
    Raises NothingToLearn, UnknownTrait.
    """
    from cdp.account import learning  # noqa: PLC0415  scikit-learn is large, and few learn

    candidates = store.all_traits(tx, subject)
    if among is not None:
        concerned = pl.Series(store.with_event(tx, among), dtype=pl.String)
        candidates = candidates.filter(pl.col("profile_id").is_in(concerned.implode()))
    candidates = candidates.sort("profile_id")
    if candidates.is_empty():
        raise NothingToLearn(
            f"not enough data: no {subject} has been concluded on"
            + (f", or none has an event {among!r}" if among else "")
        )
    winners = pl.Series(store.with_event(tx, won), dtype=pl.String)
    is_won = candidates["profile_id"].is_in(winners.implode()).to_numpy()
    for trait in traits or ():
        known_trait(trait)
    return learning.learn(
        name,
        candidates,
        np.asarray(is_won, dtype=np.bool_),
        traits or learning.FIRMOGRAPHICS,
        subject=subject,
        description=description,
    )


def preview(tx: Connection, definition: IcpDefinition) -> pl.DataFrame:
    """The score that every company would have: profile_id, score, traits (JSON text)."""
    candidates = store.all_traits(tx, definition.subject)
    return candidates.with_columns(score=fit.score(definition)).sort(
        ["score", "profile_id"], descending=[True, False]
    )


def _icp(row: Mapping[str, Any]) -> Icp:
    told = {key: value for key, value in row.items() if key not in ("name", "document")}
    return Icp(definition=IcpDefinition.model_validate(row["document"]), **told)
