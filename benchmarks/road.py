"""The whole road, cold: files of eight channels to folded profiles, beside a raw COPY of the rows."""

import argparse
import io
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.machine import described, fresh_store, peak_memory
from cdp.channel.delivery import deliveries
from cdp.channel.load import load_channels
from cdp.channel.reading import read
from cdp.channel.spec import ChannelSpec
from cdp.generate import generate
from cdp.ingest import ingest_all
from cdp.model.batch import Batch
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.settings import settings
from cdp.store.database import Database, driver

CHANNELS = (  # the largest first, so that none is left over alone at the end
    "web_clickstream",
    "store_sales",
    "email_campaign",
    "web_shop",
    "crm",
    "social",
    "reviews",
    "support",
)
LIMIT = 6.0

FLOOR_TABLES = {
    "floor_record": "row bigint, record_key text, observed_at timestamptz, content jsonb",
    "floor_event": """record_key text, message_id text, kind text, occurred_at timestamptz,
        order_id text, product text, category text, quantity numeric, amount numeric,
        discount numeric, currency text, score float8, properties jsonb""",
}
console = Console(width=110)


def declared(data: Path) -> list[ChannelSpec]:
    """The eight channels of the product's own declarations, reading from `data`."""
    os.environ["CDP_DATA"] = str(data)
    settings.cache_clear()
    specs = {spec.channel: spec for spec in load_channels(settings().channels)}
    return [specs[name] for name in CHANNELS]


def floor(database: Database, specs: list[ChannelSpec]) -> tuple[float, int, int]:
    """Seconds that COPY alone takes for the same records and events, and their numbers."""
    seconds, records, events = 0.0, 0, 0
    with database.transaction() as tx:
        for table, columns in FLOOR_TABLES.items():
            driver(tx).execute(f"CREATE TABLE {table} ({columns})".encode())
    for batch in _batches(specs):
        records, events = records + batch.records.height, events + batch.events.height
        for table, frame in (("floor_record", batch.records), ("floor_event", batch.events)):
            if frame.is_empty():
                continue
            text = io.BytesIO()
            frame.write_csv(text, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
            started = time.perf_counter()
            with (
                database.transaction() as tx,
                driver(tx).cursor() as cursor,
                cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)".encode()) as copy,
            ):
                copy.write(text.getbuffer())
            seconds += time.perf_counter() - started
    with database.transaction() as tx:
        for table in FLOOR_TABLES:
            driver(tx).execute(f"DROP TABLE {table}".encode())
    return seconds, records, events


def _batches(specs: list[ChannelSpec]) -> Iterator[Batch]:
    for spec in specs:
        for delivery in deliveries(spec, settings(), None):
            yield from read(spec, delivery)


def road(database: Database, specs: list[ChannelSpec]) -> tuple[float, dict[str, float]]:
    """Wall seconds of the whole road, files to folded profiles, and of each stage over all channels.

    Two channels run at a time, so the stages' seconds add up to more than the whole.
    """
    started = time.perf_counter()
    reports = ingest_all(database, specs)
    stages = Counter[str]()
    for report in reports:
        stages.update(report.seconds)
        spent = "  ".join(f"{stage} {s:.1f}" for stage, s in report.seconds.items())
        console.print(
            f"  {report.channel:16} {report.landed.read:>10,} rows {report.landed.quarantined:>7,} "
            f"quarantined   {sum(report.seconds.values()):6.1f} s: {spent}"
        )
        for failure in report.failures:
            console.print(f"    [red]{failure}")
    folding = time.perf_counter()
    changed = fold_stale_profiles(database)
    stages["fold"] = time.perf_counter() - folding
    console.print(f"  fold             {changed:>10,} profiles {stages['fold']:>27.1f} s")
    return time.perf_counter() - started, stages


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=600_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, default=Path("data/bench"))
    wanted = parser.parse_args()
    folder = wanted.data / f"{wanted.people}-{wanted.events}"
    console.print(f"[bold]the whole road, cold[/bold]  ({described()})")
    if not folder.exists():
        console.print(f"  generating {wanted.people:,} people, {wanted.events:,} events …")
        generate(folder, wanted.people, 1, wanted.events)
    specs = declared(folder)
    with fresh_store() as database:
        raw, records, events = floor(database, specs)
        console.print(f"  raw COPY of {records:,} records and {events:,} events: {raw:.1f} s")
        total, stages = road(database, specs)
        status = CustomerProfiles(database=database).status()
    share = stages["resolve"] / total
    console.print(f"  {status.source_records:,} source records, {status.profiles:,} profiles")
    console.print("  " + "  ".join(f"{stage} {s:.1f} s" for stage, s in stages.items()))
    console.print(
        f"  [bold]whole road {total:.1f} s = {total / raw:.2f} x raw COPY[/bold] (promised {LIMIT:.0f})   "
        f"resolve {share:.0%} (promised 20 %)   Python peak {peak_memory():.2f} GiB (promised 2)"
    )


if __name__ == "__main__":
    main()
