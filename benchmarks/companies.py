"""Resolving companies: variants of real lists made from a seed, and precision and recall over them."""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.machine import described, fresh_store
from cdp.channel.load import load_channel
from cdp.identities import Identities
from cdp.identity.link import link_records
from cdp.identity.matching.evaluation import evaluate_clusters
from cdp.ingest import ingest
from cdp.store.database import Database

SEED = 20_261_122
LISTS = {
    "S&P 500": ("sp500_constituents.csv.gz", "Security", "Headquarters Location", "Founded", "CIK"),
    "Fortune 1000": ("fortune1000_2021.csv.gz", "company", "city", None, "company"),
    "YC": ("yc_companies.csv.gz", "Company Name", "Company Address", "Founded", "slug"),
}
LEGAL = ["Inc.", "Inc", "Incorporated", "Corp.", "Corporation", "Co.", "Company", "LLC", "L.L.C.", "Ltd.",
         "Limited", "PLC", "GmbH", "AG", "S.A.", "SAS", "S.p.A.", "B.V.", "N.V.", "LP", "& Co."]  # fmt: skip
SHORT = {"international": "Intl", "manufacturing": "Mfg", "services": "Svcs", "technologies": "Tech",
         "technology": "Tech", "group": "Grp", "holdings": "Hldgs", "financial": "Fin", "and": "&",
         "association": "Assn", "national": "Natl", "american": "Amer.", "industries": "Inds",
         "company": "Co", "systems": "Sys", "health": "Hlth", "energy": "Engy", "insurance": "Ins."}  # fmt: skip
FREE_MAIL = ["gmail.com", "yahoo.com", "hotmail.com", "outlook.com"]
DECLARATION = {
    "description": "variants of a list of companies",
    "subject": "account",
    "record": {"key": "key"},
    "columns": {"founded": "integer", "employees": "integer"},
    "identifiers": {"registry_number": "number", "company_domain": "domain"},
    "traits": {
        "company_name": "name",
        "address.city": "city",
        "founded": "founded",
        "employees": "employees",
    },
}
COLUMNS = ("key", "truth", "kinds", "name", "city", "domain", "number", "founded", "employees")
console = Console(width=120)


class Variants:
    """What four channels say of one company after the other."""

    def __init__(self, seed: int, cities: list[str]) -> None:
        self.chance, self.cities = Random(seed), cities  # noqa: S311  no secret

    def of(self, company: Mapping[str, Any], n: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """The records of the company that is the `n`th of its list, each with its channel."""
        chance = self.chance
        domain = f"{_slug(company['name'])}{n}.com"
        size = int(10 ** chance.uniform(0.7, 4.5))
        told = {"truth": n, "city": company["city"], "founded": company["founded"]}
        yield (
            "register",
            told
            | self._named(company["name"], {"legal form"})
            | {
                "number": f"R{n:06d}",
                "employees": size,
            },
        )
        yield "crm", told | self._named(company["name"], self._some(("legal form", .4), ("case", .4))) | {
            "city": company["city"] if chance.random() < 0.9 else None,
            "founded": None,
            "employees": max(1, int(size * chance.uniform(0.8, 1.25))),
            "domain": domain if chance.random() < 0.5 else None,
        }  # fmt: skip
        kinds = self._some(("abbreviation", .5), ("typo", .3), ("legal form", .3), ("moved", .15))  # fmt: skip
        yield (
            "fair",
            told
            | self._named(company["name"], kinds)
            | {
                "city": chance.choice(self.cities) if "moved" in kinds else company["city"],
                "founded": None,
            },
        )
        kinds = self._some(("typo", .1), ("case", .5), ("moved", .05))  # fmt: skip
        yield "web_form", told | self._named(company["name"], kinds) | {
            "city": chance.choice(self.cities) if "moved" in kinds
            else company["city"] if chance.random() < 0.6 else None,
            "founded": None,
            "domain": domain if chance.random() < 0.5 else chance.choice(FREE_MAIL),
        }  # fmt: skip

    def _some(self, *shares: tuple[str, float]) -> set[str]:
        return {kind for kind, share in shares if self.chance.random() < share}

    def _named(self, name: str, kinds: set[str]) -> dict[str, Any]:
        chance = self.chance
        if "abbreviation" in kinds:
            name, done = self._shortened(name)
            kinds = kinds if done else kinds - {"abbreviation"}
        if "typo" in kinds:
            name = self._misspelt(name)
        if "legal form" in kinds:
            name = f"{name}{chance.choice([' ', ', '])}{chance.choice(LEGAL)}"
        if "case" in kinds:
            name = chance.choice([name.upper(), name.lower()])
        return {"name": name, "kinds": sorted(kinds)}

    def _shortened(self, name: str) -> tuple[str, bool]:
        words = name.split()
        known = [n for n, word in enumerate(words) if word.lower() in SHORT]
        long = [n for n, word in enumerate(words) if n and len(word) > 7 and word.isalpha()]
        if known:
            for n in known:
                words[n] = SHORT[words[n].lower()]
        elif long:
            n = self.chance.choice(long)
            words[n] = words[n][: self.chance.randint(4, 5)] + "."
        return " ".join(words), bool(known or long)

    def _misspelt(self, name: str) -> str:
        places = [n for n in range(1, len(name) - 1) if name[n : n + 2].isalpha()]
        if not places:
            return name
        at, kind = self.chance.choice(places), self.chance.randrange(4)
        letter = self.chance.choice("abcdefghijklmnopqrstuvwxyz")
        return (
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name[:at] + letter + name[at + 1 :],
        )[kind]


def _slug(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())


def companies(path: Path, name: str, place: str, founded: str | None, key: str) -> list[Any]:
    """The companies of a list, each once: name, city, founded."""
    frame = pl.read_csv(path, infer_schema_length=0).unique(key, maintain_order=True)
    year = pl.col(founded).str.slice(0, 4).cast(pl.Int64, strict=False) if founded else pl.lit(None)
    return frame.select(
        name=pl.col(name).str.replace(r"\s*\(.*\)$", ""),
        city=pl.col(place).str.split(";").list.first().str.split(",").list.first(),
        founded=year,
    ).drop_nulls("name").to_dicts()  # fmt: skip


def written(listed: list[Any], folder: Path, seed: int) -> pl.DataFrame:
    """The channels' files and declarations in `folder`; the truth: key, truth, kinds."""
    cities = sorted({each["city"] for each in listed if each["city"]})
    variants = Variants(seed, cities)
    rows: dict[str, list[dict[str, Any]]] = {}
    for n, company in enumerate(listed):
        for channel, record in variants.of(company, n):
            rows.setdefault(channel, []).append({"key": f"{channel}-{n}"} | record)
    for channel, records in rows.items():
        place = folder / channel
        place.mkdir()
        frame = pl.DataFrame(
            records, schema_overrides={"founded": pl.Int64}, infer_schema_length=None
        )
        absent = [pl.lit(None, pl.String).alias(c) for c in COLUMNS if c not in frame.columns]
        told = frame.with_columns(absent).drop("truth", "kinds")
        told.write_csv(place / "rows.csv")
        source = {"source": {"kind": "files", "path": "rows.csv"}}
        document = {
            "type": "pipelines.components.ChannelComponent",
            "attributes": DECLARATION | source,
        }
        (place / "defs.yaml").write_text(json.dumps(document))
    said = [row for records in rows.values() for row in records]
    return pl.DataFrame(
        [(row["key"], row["truth"], row["kinds"]) for row in said],
        schema={"record_key": pl.String, "truth": pl.Int64, "kinds": pl.List(pl.String)},
        orient="row",
    )


def clusters(database: Database, truth: pl.DataFrame) -> pl.DataFrame:
    """The truth with `profile_id`."""
    with database.transaction() as tx:
        rows = tx.execute(text("SELECT record_key, profile_id::text FROM source_record")).all()
    found = pl.DataFrame(
        [tuple(r) for r in rows], schema=["record_key", "profile_id"], orient="row"
    )
    return truth.join(found, on="record_key")


def measured(found: pl.DataFrame) -> dict[str, float]:
    """Precision, recall and F1 over pairs, and the recall of pairs with the register by kind of change."""
    point = evaluate_clusters(
        found["truth"], found["profile_id"], pl.Series([1.0] * found.height)
    ).overall.pairwise
    register = found.filter(pl.col("record_key").str.starts_with("register-"))
    others = found.filter(~pl.col("record_key").str.starts_with("register-"))
    met = others.join(register.select("truth", own="profile_id"), on="truth").with_columns(
        met=pl.col("profile_id") == pl.col("own")
    )
    by_kind = met.explode("kinds").group_by(pl.col("kinds").fill_null("as it is")).agg(
        pl.col("met").mean()
    )  # fmt: skip
    return {
        "precision": point.precision, "recall": point.recall, "F1": point.f1,
    } | dict(sorted(by_kind.iter_rows()))  # fmt: skip


def waiting(database: Database, truth: pl.DataFrame) -> str:
    """Of the pairs on the review list, how many there are and how many are one company."""
    known = dict(truth.select("record_key", "truth").iter_rows())
    pairs = Identities(database=database).review(limit=100_000)
    keys = [[side.record_key.partition(":")[2] for side in (p.left, p.right)] for p in pairs]
    right = sum(known[one] == known[other] for one, other in keys)
    return f"{len(pairs)} pairs wait for review, {right / max(len(pairs), 1):.0%} are one company"


def main() -> None:
    """Print the table of docs/accounts.md."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("data", type=Path, help="the folder with the lists")
    reading.add_argument("--seed", type=int, default=SEED)
    reading.add_argument("--list", choices=list(LISTS), action="append", dest="lists")
    asked = reading.parse_args()
    console.print(described())
    for name in asked.lists or LISTS:
        file, *columns = LISTS[name]
        listed = companies(asked.data / file, *columns)
        with TemporaryDirectory() as place, fresh_store() as database:
            truth = written(listed, Path(place), asked.seed)
            for channel in ("register", "crm", "fair", "web_form"):
                report = ingest(database, load_channel(Path(place) / channel))
                assert not report.failures, report.failures  # noqa: S101
            table = Table(title=f"{name}: {len(listed)} companies, {truth.height} records")
            stages = {"identifiers alone": measured(clusters(database, truth))}
            started = time.perf_counter()
            link_records(database)
            took = time.perf_counter() - started
            stages["and probable links"] = measured(clusters(database, truth))
            table.add_column("")
            for each in next(iter(stages.values())):
                table.add_column(each, justify="right")
            for stage, figures in stages.items():
                table.add_row(stage, *(f"{figure:.3f}" for figure in figures.values()))
            console.print(table)
            console.print(waiting(database, truth), f"linked in {took:.1f} s")


if __name__ == "__main__":
    main()
