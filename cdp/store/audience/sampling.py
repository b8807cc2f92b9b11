"""How many a predicate holds of: counted within a time, or of some drawn by chance."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, text

from cdp.store.audience.predicate import Binder, cursor
from cdp.store.database import driver

PROFILES = "SELECT count(*) FROM derived_profile WHERE subject = :subject"
COUNT = "SELECT count(*) FROM derived_profile AS p WHERE p.subject = {subject} AND {predicate}"
# Whole pages are drawn, and of them rows by chance: people of one page came at one time.
DRAW = """
SELECT profile_id FROM derived_profile TABLESAMPLE BERNOULLI (:percent)
WHERE subject = :subject LIMIT :most"""
HITS = """
SELECT count(*) FROM derived_profile AS p WHERE p.profile_id = ANY($1::uuid[]) AND {predicate}"""


def profiles(tx: Connection, subject: str) -> int:
    """How many profiles of a subject there are."""
    return tx.execute(text(PROFILES), {"subject": subject}).scalar_one()


def count(  # noqa: PLR0917 - what it is counted by
    tx: Connection, predicate: str, binder: Binder, subject: str, now: datetime, seconds: float
) -> int | None:
    """How many profiles it holds of; None where that takes longer than `seconds`."""
    connection = driver(tx)
    statement = COUNT.format(subject=binder.value(subject, "text"), predicate=predicate)
    connection.execute(
        "SELECT set_config('work_mem', '256MB', true), set_config('statement_timeout', %s, true)",
        (f"{max(1, round(seconds * 1000))}ms",),
    )
    try:
        with cursor(tx) as running:
            found = running.execute(statement.encode(), binder.bind(now)).fetchone()
    except QueryCanceled:
        tx.rollback()
        return None
    return found[0] if found else 0


def draw(tx: Connection, subject: str, most: int, base: int) -> list[UUID]:
    """Up to `most` profiles of a subject by chance, of `base` that there are."""
    percent = min(100.0, 110.0 * most / max(base, 1))
    said = {"percent": percent, "subject": subject, "most": most}
    return list(tx.execute(text(DRAW), said).scalars())


def hits(
    tx: Connection, drawn: Sequence[UUID], predicate: str, binder: Binder, now: datetime
) -> int:
    """Of how many of these profiles the predicate holds; its first parameter is theirs."""
    statement = HITS.format(predicate=predicate)
    with cursor(tx) as running:
        said = [list(drawn), *binder.bind(now)]
        found = running.execute(statement.encode(), said).fetchone()
    return found[0] if found else 0
