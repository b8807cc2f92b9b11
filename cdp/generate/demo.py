"""The demo: real store sales of 2,469 households, and invented channels of the same households."""

from pathlib import Path

import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance
from cdp.generate.channels import CHANNELS, store_sales
from cdp.generate.files import write_parquet
from cdp.generate.folder import cleared
from cdp.generate.generator import reported
from cdp.generate.native import native, native_catalogue, native_copy, native_homes
from cdp.generate.people import companies_of, people_of
from cdp.generate.report import GenerateReport
from cdp.generate.selection import DEMO_RATES, event_counts, record_counts, with_membership
from cdp.generate.world import World, Written, known, truth_of

# Channels of native rows, each with its native files; the first of them holds the rows.
NATIVE = {
    "store_sales": ("transactions", "products"),
    "demographics": ("demographics",),
    "campaigns": ("campaigns", "campaign_descriptions"),
    "coupons": ("coupon_redemptions",),
}
EVENTS_PER_PERSON = 20  # in the synthetic channels together
BAD_ROWS = 0.0008


def generate_demo(out: Path, seed: int) -> GenerateReport:
    """The native Complete Journey files, an overlay of identities, and the synthetic channels.

    Native rows are copied byte by byte. A household is one person in them: its head. Overlays and
    synthetic rows have a column `synthetic` that is true. Equal seeds give equal bytes.

    Raises InvalidRequest where the native data is not installed or `out` holds other files.
    """
    world = _world(seed)
    folder = cleared(out, [*NATIVE, *(name for name in CHANNELS if name not in NATIVE)])
    written = {name: _native_channel(world, name, folder / name) for name in NATIVE}
    for name, write in CHANNELS.items():
        if name not in NATIVE:
            written[name] = write(world, folder / name)
    return reported(world, folder, written, truth=True)


def _world(seed: int) -> World:
    homes = native_homes(Chance(seed, "homes"))
    companies = companies_of(
        round(homes.height * DEMO_RATES["companies"]), Chance(seed, "companies")
    )
    people = people_of(homes, companies, Chance(seed, "people"))
    counts = record_counts(people.height, CHANNELS, DEMO_RATES)
    counts |= {"store_sales": homes.height, "companies": companies.height}
    synthetic = [name for name in CHANNELS if name not in NATIVE]
    return World(
        seed=seed,
        people=with_membership(people, counts, Chance(seed, "membership")),
        companies=companies,
        catalogue=native_catalogue(),
        records=counts,
        events=event_counts(people.height * EVENTS_PER_PERSON, synthetic),
        bad_rows=BAD_ROWS,
    )


def _native_channel(world: World, name: str, folder: Path) -> Written:
    """The native files of channel `name` with an overlay that says whose rows they are."""
    for file in NATIVE[name]:
        native_copy(file, folder)
    rows = native(NATIVE[name][0])
    present = rows.select(pl.col("household_id").unique()).collect().to_series()
    heads = world.people.filter(
        (pl.col("role") == "head") & pl.col("household_id").is_in(present.implode())
    )
    heads = heads.with_columns(entry=pl.lit(0))
    chance = world.chance(f"native {name}")
    if name == "store_sales":
        store_sales.write_identities(world, heads, folder, chance)
    else:
        _write_overlay(world, heads, folder, chance)
    return Written(truth_of(heads["household_id"], heads["person_id"]), _native_events(name))


def _write_overlay(world: World, heads: pl.DataFrame, folder: Path, chance: Chance) -> None:
    """`identities.parquet`: the card and contact points under which an office knows each head."""
    view = world.seen("crm", heads, chance)
    overlay = view.select(
        "household_id",
        "given_name",
        "family_name",
        "email",
        loyalty_card=ids.loyalty_card(),
        customer_id=known(ids.customer_id(), "crm", 0.8, view.height, chance),
        synthetic=pl.lit(value=True),
    )
    write_parquet(overlay, folder / "identities.parquet")


def _native_events(name: str) -> int:
    """Events that the native rows make: those of the sales are lines and whole baskets."""
    if name == "demographics":
        return 0
    rows = native(NATIVE[name][0]).select(pl.len()).collect().item()
    if name != "store_sales":
        return rows
    return rows + native("transactions").select(pl.col("basket_id").n_unique()).collect().item()
