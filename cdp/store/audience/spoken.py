"""Which words the events at hand use, as the planner's statistics and the aggregates tell."""

from collections.abc import Collection

from sqlalchemy import Connection, text

FREQUENT = """
SELECT most_common_vals::text::text[] FROM pg_stats
WHERE tablename = 'event' AND attname = :name AND schemaname = 'public'"""
# Of a store without statistics yet, a small one.
ALL = "SELECT DISTINCT kind FROM record_aggregate"
PRESENT = """
SELECT kind FROM unnest(CAST(:kinds AS text[])) AS asked (kind)
WHERE EXISTS (SELECT FROM record_aggregate AS a WHERE a.kind = asked.kind COLLATE "C")"""


def frequent(tx: Connection, name: str) -> list[str]:
    """The most frequent values of a text column of events; none before statistics are made."""
    return tx.execute(text(FREQUENT), {"name": name}).scalar() or []


def kinds(tx: Connection, asked: Collection[str]) -> set[str]:
    """The kinds of events that are frequent, and those asked for that occur at all."""
    known = set(frequent(tx, "kind")) or set(tx.execute(text(ALL)).scalars())
    rare = sorted(set(asked) - known)
    return known | set(tx.execute(text(PRESENT), {"kinds": rare}).scalars()) if rare else known
