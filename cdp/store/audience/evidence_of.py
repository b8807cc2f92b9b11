"""What is true of one profile, for each leaf of a condition: whether it holds, its value, until when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cdp.model.expression import Condition, Consented, Did, MemberOf
from cdp.store.audience.predicate import Binder, cursor
from cdp.store.audience.scopes import Scope

READ = """
SELECT ARRAY[{holds}]::boolean[], ARRAY[{actual}]::jsonb[], ARRAY[{until}]::timestamptz[]
FROM derived_profile AS p WHERE p.profile_id = $1"""


@dataclass(frozen=True)
class Actual:
    """Expressions of one leaf: whether it holds, its value as jsonb, when time may change it."""

    holds: str
    actual: str
    until: str


def read(
    tx: Connection, profile_id: UUID, asked: Sequence[Actual], binder: Binder, now: datetime
) -> list[tuple[bool, Any, datetime | None]] | None:
    """The leaves as they are of the profile; None: nothing was concluded of it."""
    statement = READ.format(
        holds=", ".join(each.holds for each in asked),
        actual=", ".join(each.actual for each in asked),
        until=", ".join(each.until for each in asked),
    )
    with cursor(tx) as running:
        running.execute(statement.encode(), [profile_id, *binder.bind(now)])
        found = running.fetchone()
    return list(zip(*found, strict=True)) if found else None


def trait(scope: Scope, name: str, key: str | None) -> str:
    """A trait as it is kept, or a part of it."""
    path = [name] if key is None else [name, key]
    return f"({scope.p}.traits #> {scope.binder.value(path, 'text[]')})"


def cells(scope: Scope, dimension: str) -> str:
    """The cells of a dimension that the profile is in."""
    return (
        "(SELECT jsonb_agg(c.cell ORDER BY c.cell) FROM profile_cell AS c"
        f" WHERE c.profile_id = {scope.p}.profile_id AND c.left_at IS NULL"
        f" AND c.dimension = {scope.binder.value(dimension, 'text')})"
    )


def events(scope: Scope, said: Did) -> str:
    """How many such events there are in the window, their figure, the first and the last."""
    e, r = scope.binder.alias("e"), scope.binder.alias("r")
    figure = scope.words.figure(said, e, r)
    shown = f", 'figure', {figure[0]}" if figure and not said.count else ""
    number = figure[0] if figure and said.count else "count(*)"
    return (
        f"(SELECT jsonb_strip_nulls(jsonb_build_object('count', {number}{shown},"
        f" 'first', min({e}.occurred_at), 'last', max({e}.occurred_at)))"
        f" FROM source_record AS {r} JOIN event AS {e} USING (record_uid)"
        f" WHERE {r}.profile_id = {scope.p}.profile_id AND {scope.words.whole(said, e, r)})"
    )


def said(scope: Scope, leaf: Condition) -> str:
    """What is on record of the consent, of memberships or of companies."""
    if isinstance(leaf, Consented):
        wanted = {"purpose": leaf.consent, "medium": leaf.medium}
        held = scope.binder.value(json.dumps(wanted), "jsonb")
        return _of_body(scope, "consents", f"element @> {held}", "element -> 'state'")
    if isinstance(leaf, MemberOf):
        return _of_body(scope, "memberships", "true", "jsonb_agg(element -> 'organisation')")
    return (
        "(SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(a) - 'profile_id')) FROM profile_account AS a"
        f" WHERE a.profile_id = {scope.p}.profile_id)"
    )


def _of_body(scope: Scope, part: str, where: str, what: str) -> str:
    return (
        f"(SELECT {what} FROM profile AS b, jsonb_array_elements(b.body -> '{part}') AS l (element)"
        f" WHERE b.profile_id = {scope.p}.profile_id AND {where})"
    )
