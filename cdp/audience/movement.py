"""Who went where in a dimension between two times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from cdp.audience.crossing import check_dimension
from cdp.errors import InvalidRequest
from cdp.model.crossed import NONE, Flow, Movement, People, Person
from cdp.store.audience import crossings


def movement(
    connection: psycopg.Connection,
    dimension: str,
    since: datetime,
    until: datetime,
    cells: Sequence[str] | None = None,
) -> Movement:
    """The movements between `since` and `until`; of `cells` only, where several can be held.

    Raises InvalidRequest.
    """
    asked = _asked(dimension, since, until, cells)
    check_dimension(connection, dimension)
    return Movement(
        dimension=dimension,
        since=since,
        until=until,
        known_since=crossings.known_since(connection, dimension),
        flows=[Flow.model_validate(row) for row in crossings.flows(connection, **asked)],
    )


def moved(
    connection: psycopg.Connection,
    dimension: str,
    since: datetime,
    until: datetime,
    *,
    before: str,
    after: str,
    cells: Sequence[str] | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> People:
    """The individuals of one movement, by id. Raises InvalidRequest."""
    asked = _asked(dimension, since, until, cells)
    check_dimension(connection, dimension)
    beyond = _id(cursor) if cursor else UUID(int=0)
    found = crossings.moved(
        connection, **asked, before=before, after=after, beyond=beyond, limit=limit
    )
    following = str(found[-1]) if len(found) == limit else None
    return People(data=[Person(profile_id=each) for each in found], next=following)


def _asked(
    dimension: str, since: datetime, until: datetime, cells: Sequence[str] | None
) -> dict[str, Any]:
    for moment in (since, until):
        if moment.tzinfo is None:
            raise InvalidRequest(f"{moment} has no time zone; write it like 2026-05-31T12:00+00:00")
    if since >= until:
        raise InvalidRequest(f"{since} is not before {until}")
    named = list(cells) if cells else None
    return {"dimension": dimension, "since": since, "until": until, "cells": named, "none": NONE}


def _id(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise InvalidRequest("the cursor is none of ours; begin without one") from None
