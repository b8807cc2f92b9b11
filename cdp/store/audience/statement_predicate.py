"""Conditions on consents, memberships, companies and cells as SQL."""

import json
from datetime import datetime

from cdp.model.expression import Consented, InCell, MemberOf, WorksFor
from cdp.model.wanted import Test
from cdp.store.audience.predicate import Fragment, text_test
from cdp.store.audience.scopes import Scope


def consented(scope: Scope, said: Consented) -> Fragment:
    """The state that the fold concluded; its body is read only where a record says anything."""
    binder = scope.binder
    c, r, b = (binder.alias(letter) for letter in "crb")
    purpose, medium = (binder.value(each, "text") for each in (said.consent, said.medium))
    wanted = {"purpose": said.consent, "medium": said.medium, "state": said.state}
    held = binder.value(json.dumps([wanted]), "jsonb")
    told = scope.found(
        f"FROM record_consent AS {c} JOIN source_record AS {r} USING (record_uid)"
        f" WHERE {c}.purpose = {purpose} AND {c}.medium = {medium}",
        f"{r}.profile_id",
    )
    folded = scope.found(
        f"FROM profile AS {b} WHERE {b}.body -> 'consents' @> {held}", f"{b}.profile_id"
    )
    return Fragment(f"({told.sql} AND {folded.sql})", certain=True)


def member(scope: Scope, said: MemberOf) -> Fragment:
    """A membership of one of the profile's records, to its last day."""
    m, r = scope.binder.alias("m"), scope.binder.alias("r")
    columns = {"organisation": said.member_of, "kind": said.kind, "role": said.role}
    parts = _tests(scope, m, columns)
    flips: tuple[str, ...] = ()
    if not said.ever:
        today = _today(scope)
        parts += [
            f"coalesce({m}.since <= {today}, true)",
            f"coalesce({m}.until >= {today}, true)",
        ]
        flips = (_coming(scope, f"{m}.since"), _coming(scope, f"({m}.until + 1)"))
    source = f"FROM record_membership AS {m} JOIN source_record AS {r} USING (record_uid) WHERE "
    return _found(scope, source, parts, _tests(scope, m, columns), f"{r}.profile_id", flips)


def works_for(scope: Scope, company: Scope, said: WorksFor, inner: Fragment | None) -> Fragment:
    """A link to a company of which `inner` holds, until the day it ended."""
    a, q = scope.binder.alias("a"), company.p
    columns = {"role": said.role, "function": said.function, "level": said.level}
    who = _tests(scope, a, columns)
    parts, flips = list(who), ()
    if not said.ever:
        today = _today(scope)
        parts += [
            f"coalesce({a}.since <= {today}, true)",
            f"coalesce({a}.until > {today}, true)",
        ]
        flips = (_coming(scope, f"{a}.since"), _coming(scope, f"{a}.until"))
    if inner:
        parts.append(inner.sql)
    source = (
        f"FROM profile_account AS {a} JOIN derived_profile AS {q} ON {q}.profile_id = {a}.account_id"
        " WHERE "
    )
    found = _found(scope, source, parts, who, f"{a}.profile_id", flips)
    passed_on = scope.of_company(a, f"{source}{_all(who)}", inner.flips if inner else ())
    return Fragment(found.sql, found.flips + passed_on, certain=True)


def in_cell(scope: Scope, said: InCell) -> Fragment:
    """A cell that was assigned and not left."""
    c = scope.binder.alias("c")
    dimension = scope.binder.value(said.dimension, "text")
    cells = scope.binder.value(list(said.cell), "text[]")
    return scope.found(
        f"FROM profile_cell AS {c} WHERE {c}.dimension = {dimension} AND {c}.cell = ANY({cells})"
        f" AND {c}.left_at IS NULL",
        f"{c}.profile_id",
    )


def _found(  # noqa: PLR0917 - what it is counted by
    scope: Scope, source: str, parts: list[str], who: list[str], key: str, flips: tuple[str, ...]
) -> Fragment:
    now = scope.found(f"{source}{_all(parts)}", key)
    later = scope.found(f"{source}{_all(who)}", key, flips)
    return Fragment(now.sql, later.flips, certain=True)


def _tests(scope: Scope, table: str, columns: dict[str, Test | None]) -> list[str]:
    return [
        text_test(scope.binder, f"{table}.{column}", name, wanted)
        for column, test in columns.items()
        if test
        for name, wanted in test.said().items()
    ]


def _all(parts: list[str]) -> str:
    return " AND ".join(parts) or "true"


def _today(scope: Scope) -> str:
    return scope.binder.moment("today", "date", _day)


def _day(now: datetime) -> object:
    return now.date()


def _coming(scope: Scope, day: str) -> str:
    return f"CASE WHEN {day} > {_today(scope)} THEN {day}::timestamptz END"
