"""What a change of 10,000 records costs in a small and in a large store."""

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.machine import described, fresh_store
from cdp.channel.load import load_channel
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.store.database import Database

SIZES = (100_000, 1_000_000)
CHANGED = 10_000
ROUNDS = 5
LIMIT = 1.5
DECLARATION = {
    "description": "customers of a benchmark",
    "source": {"kind": "files", "path": "in/*.csv"},
    "columns": {"at": "datetime"},
    "record": {"key": "id", "observed_at": "at"},
    "identifiers": {"customer_id": "id", "email": "mail", "phone": "phone"},
    "traits": {"name.given": "given", "name.family": "family", "address.city": "city"},
}
console = Console(width=110)


def customers(first: int, number: int, round_: int) -> str:
    """CSV of `number` customers, every second of whom shares the phone of the one before."""
    lines = ["id,at,mail,phone,given,family,city"]
    lines += [
        f"c{i},2024-01-01T00:00:{round_:02d}Z,person{i}@example.com,+1{2_120_000_000 + i // 2 + i // 2 % 7},"
        f"Ann,Family{i // 2},City {round_}"
        for i in range(first, first + number)
    ]
    return "\n".join(lines) + "\n"


def seconds(database: Database, folder: Path, size: int) -> float:
    """The median seconds of landing, resolving and folding a change in a store of `size` records."""
    place = folder / str(size)
    (place / "in").mkdir(parents=True)
    (place / "defs.yaml").write_text(
        json.dumps({"attributes": DECLARATION | {"channel": f"c{size}"}})
    )
    spec = load_channel(place / "defs.yaml")
    (place / "in" / "0.csv").write_text(customers(0, size, 0))
    ingest(database, spec)
    fold_stale_profiles(database)
    with database.autocommit() as connection:
        connection.execute("VACUUM ANALYZE")
    spent = []
    for round_ in range(1, ROUNDS + 1):
        (place / "in" / f"{round_}.csv").write_text(customers(0, CHANGED, round_))
        started = time.perf_counter()
        ingest(database, spec)
        fold_stale_profiles(database)
        spent.append(time.perf_counter() - started)
    return sorted(spent)[ROUNDS // 2]


def main() -> None:
    """Print the figures of one run."""
    console.print(f"[bold]a change of {CHANGED:,} records[/bold]  ({described()})")
    found = []
    for size in SIZES:
        with TemporaryDirectory() as folder, fresh_store() as database:
            found.append(seconds(database, Path(folder), size))
        console.print(f"  in a store of {size:>9,} records: {found[-1]:.2f} s")
    console.print(f"  [bold]{found[1] / found[0]:.2f} x[/bold] (promised {LIMIT})")


if __name__ == "__main__":
    main()
