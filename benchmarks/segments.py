"""Segments at a million profiles: counting a crossing, one change against 200 segments, many changes."""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import duckdb
from rich.console import Console

from benchmarks.machine import described, fresh_store
from cdp.audience.base import defined, everyones
from cdp.audience.membership import update_memberships
from cdp.audience.words import bought, did, in_segment, measure, test, then, trait, viewed, visited
from cdp.model.expression import Condition, as_data
from cdp.segments import Segments
from cdp.store.audience import sampling, segments
from cdp.store.database import Database

EVENTS_PER_PROFILE = 10
SAVED = 200
ROUNDS = 9
NOW = datetime(2026, 6, 1, tzinfo=UTC)
console = Console(width=110)

# People with some thirty conclusions each; the number of a person decides what they do.
FILL = (
    "INSERT INTO channel VALUES ('shop', 'person', 'of a benchmark', 50, false, now())",
    """CREATE TABLE someone AS
       SELECT uuidv7(make_interval(secs => n / 1000.0)) AS id, n, hashint8(n) AS h
       FROM generate_series(1, {profiles}) AS n""",
    "INSERT INTO source_record SELECT id, 'shop', n::text, id, id, now() FROM someone",
    """INSERT INTO derived_profile (profile_id, subject, traits, derived_at, parameters)
       SELECT id, 'person', jsonb_build_object(
           'lifecycle', (ARRAY['new', 'active', 'at risk', 'churned', 'won back'])[1 + abs(h) % 5],
           'spent', abs(h) % 2000, 'orders', abs(h) % 12, 'gender', (ARRAY['f', 'm'])[1 + abs(h) % 2],
           'last_order_at', to_char(timestamptz '2026-06-01' - make_interval(hours => abs(h) % 9000),
                                    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'address.city', 'City ' || abs(h) % 300, 'address.country', 'PT', 'discount_share', 0.5,
           'interests', jsonb_build_array('running', 'golf'), 'filler', repeat('x', 600)),
           now(), 1 FROM someone""",
    """INSERT INTO event (record_uid, event_id, occurred_at, kind, order_id, product, category, quantity,
           amount, currency, properties, recorded_at)
       SELECT id, gen_random_uuid(),
           timestamptz '2026-06-01' - make_interval(mins => (abs(hashint8(n * 31 + i)) % 525600)),
           (ARRAY['product_viewed', 'product_viewed', 'page_viewed', 'page_viewed', 'email_opened',
                  'order', 'order_line', 'order_line', 'email_clicked', 'review'])[i],
           CASE WHEN i BETWEEN 6 AND 8 THEN 'o' || n END, 'P' || abs(hashint8(n + i)) % 5000,
           (ARRAY['running shoes', 'coats', 'shirts', 'bags', 'hats'])[1 + abs(hashint8(n * 7 + i)) % 5],
           1, 10 + i, 'EUR', '{{"device": "phone", "department": "men", "session": "s1"}}', now()
       FROM someone, generate_series(1, {events}) AS i ORDER BY n, i""",
    "DROP TABLE someone",
    "VACUUM ANALYZE",
)
HAND = """
SELECT count(*) FROM derived_profile AS d
WHERE d.subject = 'person' AND d.traits ->> 'lifecycle' = 'churned'
  AND (d.traits -> 'spent')::numeric >= 500
  AND d.traits ->> 'last_order_at' > '2025-09-01'
  AND EXISTS (SELECT FROM event AS e JOIN source_record AS r USING (record_uid)
              WHERE r.profile_id = d.profile_id AND e.kind = 'product_viewed'
                AND e.category = 'running shoes' AND e.occurred_at > '2026-05-25')
  AND NOT EXISTS (SELECT FROM event AS e JOIN source_record AS r USING (record_uid)
                  WHERE r.profile_id = d.profile_id AND e.kind IN ('order', 'order_line')
                    AND e.category = 'running shoes' AND e.occurred_at > '2026-05-02')"""

# The same columns in DuckDB, traits as columns of their own.
COLUMNS = {
    "derived_profile": (
        "profile_id, subject, traits ->> 'lifecycle', traits ->> 'spent', traits ->> 'last_order_at'",
        {"profile_id": "UUID", "subject": "VARCHAR", "lifecycle": "VARCHAR", "spent": "DECIMAL(18, 4)",
         "last_order_at": "VARCHAR"},
    ),
    "source_record": ("record_uid, profile_id", {"record_uid": "UUID", "profile_id": "UUID"}),
    "event": (
        "record_uid, kind, category, occurred_at",
        {"record_uid": "UUID", "kind": "VARCHAR", "category": "VARCHAR", "occurred_at": "TIMESTAMPTZ"},
    ),
}  # fmt: skip
HAND_IN_DUCKDB = (
    HAND.replace("SELECT FROM", "SELECT 1 FROM")
    .replace("d.traits ->> 'lifecycle'", "d.lifecycle")
    .replace("(d.traits -> 'spent')::numeric", "d.spent")
    .replace("d.traits ->> 'last_order_at'", "d.last_order_at")
)


def crossing() -> Condition:
    """Five conditions, two of them on events in a window."""
    return (
        (trait("lifecycle") == "churned")
        & (trait("spent") >= 500)
        & (trait("last_order_at") > datetime(2025, 9, 1, tzinfo=UTC))
        & viewed(category="running shoes", within="7d")
        & ~bought(category="running shoes", within="30d")
    )


def assorted(n: int) -> Condition:
    """One of many conditions such as marketers save, no two alike."""
    category = ("running shoes", "coats", "shirts", "bags", "hats")[n % 5]
    kinds = (
        lambda: crossing() & (trait("orders") >= n % 12),
        lambda: viewed(category=category, within=f"{n % 28 + 1}d") & (trait("spent") >= n * 10),
        lambda: visited(count=test(at_least=2), within=f"{n % 40 + 1}d"),
        lambda: viewed(
            category=category,
            within="60d",
            not_followed_by=then("purchase", within=f"{n % 20 + 1}d", same=["product"]),
        ),
        lambda: (
            did("order_line", sum=measure("amount", at_least=n), within=f"{n % 90 + 1}d")
            | (trait("address.city") == f"City {n}")
        ),
        lambda: (trait("days_since_order") >= n) & (trait("gender") == "f"),
        lambda: did("email_opened", within=f"{n % 30 + 1}d") & ~bought(category=category),
        lambda: in_segment("crossing") & trait("interests").contains("golf"),
    )
    return kinds[n % len(kinds)]()


def save_unevaluated(database: Database) -> None:
    """Save many segments at once; everyone is looked at afterwards."""
    with database.transaction() as tx:
        for n in range(SAVED - 2):
            definition = json.dumps(as_data(assorted(n)))
            said = {"description": "", "subject": "person", "at": NOW, "by": "a benchmark"}
            segments.insert(tx, name=f"segment {n}", definition=definition, **said)


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median seconds of a piece of work."""
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return median(spent)


def counting(database: Database) -> None:
    """An ad-hoc count against the best SQL that we could write by hand."""

    def ours() -> int | None:
        with database.transaction() as tx:
            compiler = everyones(tx, defined(tx))
            found = compiler.compile(crossing())
            return sampling.count(tx, found.sql, compiler.scope.binder, "person", NOW, 600)

    def by_hand() -> int:
        with database.transaction() as tx:
            tx.exec_driver_sql("SET LOCAL work_mem = '256MB'")
            return tx.exec_driver_sql(HAND).scalar_one()

    people = by_hand()
    assert ours() == people  # noqa: S101  else the comparison says nothing
    mine, hand = timed(ours), timed(by_hand)
    console.print(
        f"  count of a crossing of five conditions ({people:,} people): {mine * 1e3:.0f} ms, "
        f"by hand {hand * 1e3:.0f} ms: [bold]{mine / hand:.2f} x[/bold] (promised 1.5)"
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as duck:
        fill_duckdb(database, duck, Path(folder))

        def in_duckdb() -> int:
            return duck.execute(HAND_IN_DUCKDB).fetchall()[0][0]

        assert in_duckdb() == people  # noqa: S101
        other = timed(in_duckdb)
        console.print(
            f"  the same columns in DuckDB, in memory: {other * 1e3:.0f} ms; ours is "
            f"[bold]{mine / other:.1f} x[/bold] that"
        )


def fill_duckdb(database: Database, duck: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Copy the columns that the count reads."""
    duck.execute("SET TimeZone = 'UTC'")
    for table, (said, columns) in COLUMNS.items():
        file = folder / f"{table}.csv"
        query = f"COPY (SELECT {said} FROM {table}) TO STDOUT (FORMAT csv)"
        with (
            database.autocommit() as connection,
            connection.cursor() as cursor,
            cursor.copy(query.encode()) as rows,
            file.open("wb") as out,
        ):
            out.writelines(rows)
        duck.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_csv(?, header = false, columns = {columns})",
            [str(file)],
        )
        file.unlink()


def queue(database: Database, number: int, offset: int = 0) -> None:
    """Have some profiles looked at again, spread over the base."""
    with database.autocommit() as connection:
        connection.execute(
            """INSERT INTO unsegmented_profile (profile_id)
            SELECT profile_id FROM derived_profile WHERE number %% %s = %s LIMIT %s""",
            (97, offset % 97, number),
        )


def touch(database: Database, number: int, offset: int) -> None:
    """Give some profiles a new event each, and have them looked at again."""
    with database.autocommit() as connection:
        connection.execute(
            """INSERT INTO event (record_uid, event_id, occurred_at, kind, category, properties, recorded_at)
            SELECT profile_id, gen_random_uuid(), %s, 'product_viewed', 'coats', '{}', now()
            FROM derived_profile WHERE number %% 97 = %s LIMIT %s""",
            (NOW, offset % 97, number),
        )
    queue(database, number, offset)


def changing(database: Database) -> None:
    """One changed profile, and a thousand of them, against all saved segments."""
    one, many = [], []
    for round_ in range(40):
        touch(database, 1, round_)
        started = time.perf_counter()
        update_memberships(database, NOW)
        one.append(time.perf_counter() - started)
    console.print(
        f"  one changed profile against {SAVED} segments: median {median(one) * 1e3:.1f} ms, "
        f"slowest {max(one) * 1e3:.0f} ms (promised 10; the slow ones prepare the statement)"
    )
    for round_ in range(3):
        touch(database, 5_000, 50 + round_)
        started = time.perf_counter()
        done = update_memberships(database, NOW)
        many.append(done.profiles / (time.perf_counter() - started))
    console.print(f"  changed profiles a second: [bold]{median(many):,.0f}[/bold] (promised 1,000)")


def main() -> None:
    """Print the figures of one run."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--profiles", type=int, default=1_000_000)
    arguments.add_argument("--count-only", action="store_true", help="leave saved segments out")
    wanted = arguments.parse_args()
    profiles = wanted.profiles
    console.print(f"[bold]segments over {profiles:,} profiles[/bold]  ({described()})")
    with fresh_store() as database:
        for statement in FILL:
            with database.autocommit() as connection:
                filled = statement.format(profiles=profiles, events=EVENTS_PER_PROFILE)
                connection.execute(filled.encode())
        counting(database)
        if wanted.count_only:
            return
        saved = Segments(database=database)
        saved.save("crossing", crossing(), by="a benchmark", now=NOW)
        started = time.perf_counter()
        saved.save("one more", assorted(1), by="a benchmark", now=NOW)
        console.print(f"  saving a segment: {time.perf_counter() - started:.1f} s")
        save_unevaluated(database)
        started = time.perf_counter()
        with database.autocommit() as connection:
            connection.execute(
                "INSERT INTO unsegmented_profile (profile_id) SELECT profile_id FROM derived_profile"
            )
        done = update_memberships(database, NOW)
        spent = time.perf_counter() - started
        console.print(
            f"  everyone into {SAVED} segments and all dimensions: {spent:.0f} s, "
            f"{done.profiles / spent:,.0f} profiles a second"
        )
        changing(database)


if __name__ == "__main__":
    main()
