"""Linking records without a shared identifier: a whole store, then new records against it."""

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from rich.console import Console

from benchmarks.machine import described, fresh_store, peak_memory
from cdp.channel.load import load_channel
from cdp.identity.link import LinkReport, link_records
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.store.database import Database

RECORDS = 1_000_000
NEW = 10_000
LIMIT = 2.0  # seconds for the new ones
AGAIN = 0.3  # share of the people whom the second channel knows, too
DECLARATION = {
    "description": "people of a benchmark",
    "source": {"kind": "files", "path": "in/*.parquet"},
    "record": {"key": "no"},
    "identifiers": {"email": "mail", "phone": "phone"},
    "traits": {
        "name.given": "given",
        "name.family": "family",
        "birth_date": "born",
        "address.street": "street",
        "address.postcode": "postcode",
        "address.city": "city",
    },
}
SYLLABLES = [
    "ba",
    "be",
    "bi",
    "bo",
    "bu",
    "da",
    "de",
    "di",
    "do",
    "du",
    "ka",
    "ke",
    "ki",
    "ko",
    "ku",
    "la",
    "le",
    "li",
    "lo",
    "lu",
    "ma",
    "me",
    "mi",
    "mo",
    "mu",
    "na",
    "ne",
]
console = Console(width=110)


def people(number: int, seed: int) -> pl.DataFrame:
    """So many people, two to a household, with names as frequent as names are."""
    chance = np.random.default_rng(seed)
    home = np.arange(number) // 2
    place = chance.integers(0, 5_000, number // 2 + 1)[home]
    day = chance.integers(0, 25_000, number)
    return pl.DataFrame(
        {
            "no": [f"{seed}-{n}" for n in range(number)],
            "given": names(chance.zipf(1.3, number) % 2_000, 2),
            "family": names(chance.zipf(1.2, number // 2 + 1)[home] % 50_000, 3),
            "born": np.datetime64("1940-01-01") + day,
            "street": pl.Series(chance.integers(1, 200, number // 2 + 1)[home]).cast(pl.String)
            + pl.Series([f" {SYLLABLES[n % len(SYLLABLES)]}street" for n in home % 977]),
            "postcode": pl.Series(10_000 + place).cast(pl.String),
            "city": names(place, 3),
            "mail": [f"p{seed}.{n}@example.com" for n in range(number)],
            "phone": [f"+1212{2_000_000 + n % 7_999_999}" for n in range(number)],
        }
    )


def names(numbers: np.ndarray, syllables: int) -> pl.Series:
    """A name for each number."""
    rest, spelt = pl.Series(numbers), pl.Series([""] * len(numbers))
    for _ in range(syllables):
        spelt = spelt + pl.Series(SYLLABLES).gather(rest % len(SYLLABLES))
        rest = rest // len(SYLLABLES)
    return spelt.str.to_titlecase()


def seen_again(known: pl.DataFrame, number: int, seed: int) -> pl.DataFrame:
    """Some of the people as another channel knows them: other addresses, a slip here and there."""
    chance = np.random.default_rng(seed)
    chosen = known[np.sort(chance.choice(known.height, number, replace=False))]
    slip, moved = chance.random(number) < 0.2, chance.random(number) < 0.2
    return chosen.with_columns(
        no=pl.lit("again-") + pl.col("no"),
        mail=pl.lit("again") + pl.col("mail"),
        phone=pl.lit(None, pl.String),
        family=pl.when(slip).then(pl.col("family") + "n").otherwise("family"),
        postcode=pl.when(moved).then(pl.lit(None, pl.String)).otherwise("postcode"),
        street=pl.when(moved).then(pl.lit(None, pl.String)).otherwise("street"),
    )


def delivered(database: Database, folder: Path, channel: str, rows: pl.DataFrame) -> float:
    """Seconds to land, resolve and fold `rows` of a channel."""
    place = folder / channel
    (place / "in").mkdir(parents=True, exist_ok=True)
    (place / "defs.yaml").write_text(json.dumps({"attributes": DECLARATION}))
    rows.write_parquet(place / "in" / "0.parquet")
    started = time.perf_counter()
    ingest(database, load_channel(place / "defs.yaml"))
    fold_stale_profiles(database)
    return time.perf_counter() - started


def linked(database: Database, what: str) -> float:
    """Seconds of one linking, printed with what it did."""
    started = time.perf_counter()
    report: LinkReport = link_records(database)
    seconds = time.perf_counter() - started
    console.print(
        f"  {what}: [bold]{seconds:.1f} s[/bold] {report.seconds}; {report.pairs:,} pairs of "
        f"{report.compared:,} records, {report.resolved.merges:,} merges; peak {peak_memory():.1f} GiB"
    )
    return seconds


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--new", type=int, default=NEW)
    asked = parser.parse_args()
    first = round(asked.records / (1 + AGAIN))
    console.print(f"[bold]linking {asked.records:,} records[/bold]  ({described()})")
    with TemporaryDirectory() as folder, fresh_store() as database:
        known = people(first, seed=1)
        landing = delivered(database, Path(folder), "crm", known)
        landing += delivered(
            database, Path(folder), "shop", seen_again(known, asked.records - first, seed=2)
        )
        console.print(f"  landed, resolved and folded in {landing:.1f} s")
        linked(database, "the whole store, with training")
        delivered(database, Path(folder), "kiosk", seen_again(known, asked.new, seed=3))
        seconds = linked(database, f"{asked.new:,} new ones")
        console.print(f"  {asked.new:,} new ones in {seconds:.1f} s (aim {LIMIT})")


if __name__ == "__main__":
    main()
