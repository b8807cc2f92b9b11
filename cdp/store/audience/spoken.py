"""Which words events and consents use, as the planner's statistics and the aggregates tell."""

from collections.abc import Collection

from sqlalchemy import Connection, text

FREQUENT = """
SELECT most_common_vals::text::text[] FROM pg_stats
WHERE tablename = :table AND attname = :name AND schemaname = 'public'"""
# Of a store without statistics yet, a small one.
ALL = "SELECT DISTINCT {name} FROM {table}"
PRESENT = """
SELECT word FROM unnest(CAST(:words AS text[])) AS asked (word)
WHERE EXISTS (SELECT FROM {table} AS t WHERE t.{name} = asked.word COLLATE "C")"""


def frequent(tx: Connection, name: str, table: str = "event") -> list[str]:
    """The most frequent values of a text column; none before statistics are made."""
    return tx.execute(text(FREQUENT), {"table": table, "name": name}).scalar() or []


def kinds(tx: Connection, asked: Collection[str]) -> set[str]:
    """The kinds of events that are frequent, and those asked for that occur at all."""
    return _known(tx, "record_aggregate", "kind", set(frequent(tx, "kind")), asked)


def purposes(tx: Connection, asked: Collection[str]) -> set[str]:
    """The purposes of many consents, and those asked for that somebody was asked for."""
    return _of_consents(tx, "purpose", asked)


def media(tx: Connection, asked: Collection[str]) -> set[str]:
    """The same of media."""
    return _of_consents(tx, "medium", asked)


def _of_consents(tx: Connection, name: str, asked: Collection[str]) -> set[str]:
    known = set(frequent(tx, name, "record_consent"))
    return _known(tx, "record_consent", name, known, asked)


def _known(
    tx: Connection, table: str, name: str, often: set[str], asked: Collection[str]
) -> set[str]:
    known = often or set(tx.execute(text(ALL.format(table=table, name=name))).scalars())
    rare = sorted(set(asked) - known)
    present = text(PRESENT.format(table=table, name=name))
    return known | set(tx.execute(present, {"words": rare}).scalars()) if rare else known
