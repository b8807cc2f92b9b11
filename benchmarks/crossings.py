"""Crossings at 1,000,000 profiles: counts, pages, matrices, overlaps and movements."""

from collections.abc import Callable
from datetime import datetime
from random import Random
from time import perf_counter

import numpy as np
from pyroaring import BitMap
from rich.console import Console
from sqlalchemy import text

from benchmarks.machine import described, fresh_store
from cdp.crossings import Crossings
from cdp.model.crossing import Crossing, cell, cells_of, segment
from cdp.store.audience import crossings
from cdp.store.database import Database, driver

PROFILES = 1_000_000
CHUNK = 1 << 16
ROUNDS = 200
LIMIT = 10.0  # ms, promised of any crossing of saved segments and cells
DIMENSIONS = {
    "lifecycle": ("active", "at risk", "churned", "new", "won back"),
    "value_tier": ("top", "mid", "low"),
    "top_department": tuple(f"department {n}" for n in range(20)),
    "rfm": tuple(f"{n:03}" for n in range(125)),
}
SEGMENTS = 200
FILL = (
    """INSERT INTO derived_profile (profile_id, number, subject, traits, derived_at, parameters)
       SELECT uuidv7(), n, 'person', '{}', now(), 1 FROM generate_series(0, :last) AS n""",
    """INSERT INTO profile_cell (profile_id, dimension, cell, entered_at, left_at)
       SELECT profile_id, 'lifecycle', CASE number % 3 WHEN 0 THEN 'new' ELSE 'active' END,
              timestamptz '2025-01-01', CASE WHEN number % 3 = 0 THEN timestamptz '2025-06-01' END
       FROM derived_profile""",
    """INSERT INTO profile_cell (profile_id, dimension, cell, entered_at, left_at)
       SELECT profile_id, 'lifecycle', 'at risk', timestamptz '2025-06-01', NULL
       FROM derived_profile WHERE number % 3 = 0""",
    "ANALYZE",
)

console = Console()


def fill(database: Database) -> None:
    """Everybody in one cell by chance of each dimension; segments of 0.1 % to 50 %."""
    chance = np.random.default_rng(7)
    cells = {("subject", "person"): np.arange(PROFILES)}
    for name, words in DIMENSIONS.items():
        where = chance.integers(0, len(words), PROFILES)
        cells |= {(name, word): np.flatnonzero(where == n) for n, word in enumerate(words)}
    for n in range(SEGMENTS):
        share = 10 ** chance.uniform(-3, -0.3)
        cells["segment", f"segment {n}"] = np.flatnonzero(chance.random(PROFILES) < share)
    with database.transaction() as tx:
        for (dimension, word), numbers in cells.items():
            for chunk in range(-(-PROFILES // CHUNK)):
                low = numbers[(numbers >> 16) == chunk] & 0xFFFF
                bits = BitMap(low.astype(np.uint32))
                bits.run_optimize()
                driver(tx).execute(
                    "INSERT INTO cell_bitmap (dimension, cell, chunk, members, bits)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    (dimension, word, chunk, len(bits), bits.serialize()),
                )
        for statement in FILL:
            tx.execute(text(statement), {"last": PROFILES - 1} if ":last" in statement else {})


def a_crossing(chance: Random) -> Crossing:
    """Five parts: cells and segments, one of them not, two of them either."""
    names = [segment(f"segment {chance.randrange(SEGMENTS)}") for _ in range(2)]
    picked = [cell(name, chance.choice(DIMENSIONS[name])) for name in ("lifecycle", "value_tier")]
    department = cell("top_department", chance.choice(DIMENSIONS["top_department"]))
    return picked[0] & ~picked[1] & (names[0] | department) & ~names[1]


def milliseconds(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """p50 and p99 of `rounds` runs."""
    spent = []
    for _ in range(rounds):
        began = perf_counter()
        work()
        spent.append((perf_counter() - began) * 1_000)
    ordered = sorted(spent)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def main() -> None:
    """Print the figures of one run."""
    console.print(f"[bold]crossings at {PROFILES:,} profiles[/bold]  ({described()})")
    with fresh_store() as database:
        fill(database)
        told = Crossings(database=database)
        chance = Random(5)  # noqa: S311
        asked = iter([a_crossing(chance) for _ in range(4 * ROUNDS)])

        def fetch() -> None:
            named = [(c.dimension, name) for c in cells_of(next(asked)) for name in c.cells]
            with database.autocommit() as connection:
                crossings.named(connection, [*named, ("subject", "person")])

        since, until = "2025-03-01T00:00+00:00", "2025-09-01T00:00+00:00"

        times = datetime.fromisoformat(since), datetime.fromisoformat(until)
        work: dict[str, tuple[Callable[[], object], int]] = {
            "floor: the bitmaps of a crossing read": (fetch, ROUNDS),
            "count of a five-part crossing": (lambda: told.count(next(asked)), ROUNDS),
            "first 100 people of it": (lambda: told.people(next(asked)), ROUNDS),
            "overlaps of 5 segments": (
                lambda: told.upset(*(f'segment="segment {n}"' for n in range(5))),
                ROUNDS,
            ),
            "matrix lifecycle x value_tier (5 x 3)": (
                lambda: told.matrix("lifecycle", "value_tier"),
                ROUNDS // 3,
            ),
            "matrix rfm x department (125 x 20)": (
                lambda: told.matrix("rfm", "top_department"),
                10,
            ),
            "movement between two days": (lambda: told.movement("lifecycle", *times), 3),
        }
        for name, (run, rounds) in work.items():
            run()
            p50, p99 = milliseconds(run, rounds)
            note = f"  [bold](promised {LIMIT:.0f} ms)[/bold]" if "five-part" in name else ""
            console.print(f"  {name:40} p50 {p50:9.2f} ms   p99 {p99:9.2f} ms{note}")


if __name__ == "__main__":
    main()
