"""All computed traits: built from nothing, rebuilt, of 10,000 changed people and of one."""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.machine import described, fresh_store, peak_memory
from benchmarks.road import declared
from cdp.derive.run import derive_queued, rebuild, refit
from cdp.generate import generate
from cdp.ingest import ingest_all
from cdp.profile.fold import fold_stale_profiles
from cdp.store.database import Database, driver

NOW = datetime(2018, 1, 15, tzinfo=UTC)  # the day after the generated events
LIMIT, ONE_LIMIT = 3.0, 10  # times one pass, milliseconds
# One pass over the events by person and kind, as the traits need it: count, money, first and last.
GROUP_BY = """
SELECT count(*) FROM (
    SELECT r.profile_id, e.kind, count(*), sum(e.amount), min(e.occurred_at), max(e.occurred_at)
    FROM event AS e JOIN source_record AS r USING (record_uid) GROUP BY r.profile_id, e.kind) AS pass"""
CHANGED = """
INSERT INTO underived_profile (profile_id, folded)
SELECT profile_id, true FROM profile WHERE subject = 'person'
ORDER BY hashtextextended(profile_id::text, 7) LIMIT %s"""
SAMPLE = 20_000  # documents
console = Console(width=110)


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of `work`."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def one_pass(database: Database) -> float:
    """Seconds of the GROUP BY by one process, the better of two runs."""

    def group() -> None:
        with database.transaction() as tx:
            driver(tx).execute("SET LOCAL max_parallel_workers_per_gather = 0")
            driver(tx).execute(GROUP_BY)

    return min(seconds(group), seconds(group))


def copied(database: Database, profiles: int) -> float:
    """Seconds to COPY the finished documents of so many profiles, nothing read and nothing computed."""
    with database.autocommit() as connection:
        connection.execute("CREATE TABLE copied (LIKE derived_profile INCLUDING ALL)")
        out = f"COPY (SELECT * FROM derived_profile LIMIT {SAMPLE}) TO STDOUT"
        with connection.cursor().copy(out) as copy:
            documents = [bytes(each) for each in copy]

        def load() -> None:
            with connection.cursor().copy("COPY copied FROM STDIN") as copy:
                copy.write(b"".join(documents))

        spent = seconds(load)
        connection.execute("DROP TABLE copied")
    return spent * profiles / len(documents)


def changed(database: Database, people: int) -> float:
    """Seconds to derive so many people anew whose facts changed."""
    with database.transaction() as tx:
        driver(tx).execute(CHANGED, (people,))
    return seconds(lambda: derive_queued(database, NOW))


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=600_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, default=Path("data/bench"))
    wanted = parser.parse_args()
    folder = wanted.data / f"{wanted.people}-{wanted.events}"
    console.print(f"[bold]computed traits[/bold]  ({described()})")
    if not folder.exists():
        generate(folder, wanted.people, 1, wanted.events)
    specs = declared(folder)
    with fresh_store() as database:
        ingest_all(database, specs)
        fold_stale_profiles(database)
        with database.autocommit() as connection:
            connection.execute("ANALYZE")
        before = peak_memory()
        pass_ = one_pass(database)
        console.print(f"  one GROUP BY over the events by person and kind: {pass_:.2f} s")
        fitting = seconds(lambda: refit(database, NOW))
        built = 0
        first = time.perf_counter()
        built = derive_queued(database, NOW)
        first = time.perf_counter() - first
        again = seconds(lambda: rebuild(database, NOW))
        console.print(
            f"  {built:,} profiles: fitting {fitting:.1f} s, "
            f"[bold]all traits built {first:.1f} s = {first / pass_:.1f} x the pass[/bold] (promised "
            f"{LIMIT:.0f}), rebuilt over the same {again:.1f} s = {again / pass_:.1f} x"
        )
        floor = copied(database, built)
        console.print(
            f"  of it, at the least: the finished documents by one COPY {floor:.1f} s = "
            f"{floor / pass_:.1f} x the pass"
        )
        many = changed(database, 10_000)
        ones = sorted(changed(database, 1) for _ in range(30))
        console.print(
            f"  10,000 changed people {many:.2f} s = {10_000 / many:,.0f} a second   one person "
            f"{ones[15] * 1e3:.1f} ms (median of 30; promised {ONE_LIMIT})   "
            f"Python peak {peak_memory():.2f} GiB (before deriving {before:.2f})"
        )


if __name__ == "__main__":
    main()
