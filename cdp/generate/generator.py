"""Generating the files of all channels for invented people."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from cdp.errors import InvalidRequest
from cdp.generate.catalogue import Catalogue, random_products
from cdp.generate.chance import Chance
from cdp.generate.channels import CHANNELS
from cdp.generate.files import write_parquet
from cdp.generate.folder import cleared
from cdp.generate.people import companies_of, people_of, random_homes
from cdp.generate.report import GenerateReport
from cdp.generate.selection import (
    EVENTS_PER_PERSON,
    RATES,
    event_counts,
    record_counts,
    with_membership,
)
from cdp.generate.world import World, Written

PRODUCTS = 1_500


def generate(
    out: Path,
    people: int,
    seed: int,
    events: int | None = None,
    channels: Sequence[str] | None = None,
    *,
    truth: bool = True,
    bad_rows: float = 0.0,
) -> GenerateReport:
    """Files of the `channels` (default: all) for `people` invented people, written below `out`.

    Each channel has a folder of its own and a fixed number of source records per person;
    `events` (default: 17 per person) is their number over all channels, never less than one
    for each record that exists by its events only. `bad_rows` is the share of broken rows added
    to each file of text. `truth` writes who each record is. Equal arguments give equal bytes.

    Raises InvalidRequest for arguments that make no sense, an unknown channel, or a folder with
    files that were not generated.
    """
    names = _checked(people, seed, events, channels, bad_rows)
    world = _world(people, seed, events or people * EVENTS_PER_PERSON, names, bad_rows)
    folder = cleared(out, names)
    written = {name: CHANNELS[name](world, folder / name) for name in names}
    return reported(world, folder, written, truth=truth)


def _checked(
    people: int, seed: int, events: int | None, channels: Sequence[str] | None, bad_rows: float
) -> list[str]:
    if people < 1 or seed < 0 or (events is not None and events < 1) or not 0 <= bad_rows <= 1:
        raise InvalidRequest(
            f"people {people}, seed {seed}, events {events}, bad rows {bad_rows}: "
            "give at least 1 person, 1 event, a seed from 0 up and a share from 0 to 1"
        )
    names = list(dict.fromkeys(channels if channels is not None else CHANNELS))
    unknown = [name for name in names if name not in CHANNELS]
    if unknown or not names:
        raise InvalidRequest(
            f"no channel {unknown} can be generated; there are: {', '.join(CHANNELS)}"
        )
    return [name for name in CHANNELS if name in names]


def _world(people: int, seed: int, events: int, channels: list[str], bad_rows: float) -> World:
    counts = record_counts(people, channels, RATES)
    companies = companies_of(max(5, round(people * RATES["companies"])), Chance(seed, "companies"))
    chance = Chance(seed, "people")
    everybody = people_of(random_homes(people, chance), companies, chance)
    return World(
        seed=seed,
        people=with_membership(everybody, counts, Chance(seed, "membership")),
        companies=companies,
        catalogue=Catalogue.of(random_products(PRODUCTS, Chance(seed, "products"))),
        records=counts,
        events=event_counts(events, channels),
        bad_rows=bad_rows,
    )


def reported(
    world: World, folder: Path, written: dict[str, Written], *, truth: bool
) -> GenerateReport:
    """The report on what was `written`; with `truth`, its table of who is who beside it."""
    path = folder / "truth" / "records.parquet" if truth else None
    if path:
        tables = [
            part.truth.select(pl.lit(name).alias("channel"), "record_key", "person_id")
            for name, part in written.items()
        ]
        write_parquet(pl.concat(tables), path)
    return GenerateReport(
        folder=folder,
        seed=world.seed,
        people=world.people.height,
        records={
            name: world.companies.height if name == "companies" else part.truth.height
            for name, part in written.items()
        },
        events={name: part.events for name, part in written.items()},
        bad_rows={name: part.bad_rows for name, part in written.items()},
        truth=path,
    )
