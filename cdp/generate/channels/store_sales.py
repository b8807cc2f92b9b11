"""Store sales in the columns of the Complete Journey data, and the loyalty cards of its households."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance, Whole
from cdp.generate.files import write_parquet
from cdp.generate.world import World, Written, daytime, moments, truth_of

LINES_PER_BASKET = 10
PART_BASKETS = 25_000  # of one file: some 250,000 lines, as a reader takes at once


def write(world: World, folder: Path) -> Written:
    """`transactions-NNN.parquet`, `products.parquet` and `identities.parquet` in `folder`."""
    chance = world.chance("store_sales")
    heads = world.entries("store_sales", chance)
    baskets = _baskets(world, heads, chance)
    for part in range(0, len(baskets["lines"]), PART_BASKETS):
        some = {name: column[part : part + PART_BASKETS] for name, column in baskets.items()}
        path = folder / f"transactions-{part // PART_BASKETS:03d}.parquet"
        write_parquet(_transactions(world, part, some, chance), path)
    write_parquet(world.catalogue.products.drop("price"), folder / "products.parquet")
    identities = write_identities(world, heads, folder, chance)
    events = len(baskets["lines"]) + int(baskets["lines"].sum())
    return Written(truth_of(identities["household_id"], heads["person_id"]), events)


def write_identities(
    world: World, heads: pl.DataFrame, folder: Path, chance: Chance
) -> pl.DataFrame:
    """`identities.parquet` in `folder`: who, as the till knows it, holds each household's card."""
    view = world.seen("store_sales", heads, chance)
    identities = view.select(
        "household_id",
        "given_name",
        "family_name",
        "phone",
        "email",
        "street",
        "city",
        "region",
        "postcode",
        loyalty_card=ids.loyalty_card(),
        synthetic=pl.lit(value=True),
    )
    write_parquet(identities, folder / "identities.parquet")
    return identities


def _baskets(world: World, heads: pl.DataFrame, chance: Chance) -> dict[str, Whole]:
    """Household, person, second of the year, store and number of lines of each basket, by time."""
    total = world.events["store_sales"]
    count = max(heads.height, total // (1 + LINES_PER_BASKET))
    # Every household shops at least once.
    more = chance.places(count - heads.height, heads["activity"].to_numpy())
    buyer = np.concatenate([np.arange(heads.height), more])
    second = np.sort(daytime(count, 365, chance))
    buyer = buyer[np.argsort(chance.real(count), kind="stable")]
    return {
        "household": heads["household_id"].to_numpy()[buyer],
        "person": heads["person_id"].to_numpy()[buyer],
        "second": second,
        "store": 300 + chance.whole(count, 0, 120),
        "lines": chance.shares(total - count, chance.spread(count, 0.5), least=1),
    }


def _transactions(
    world: World, offset: int, baskets: dict[str, Whole], chance: Chance
) -> pl.DataFrame:
    lines = baskets["lines"]
    count = int(lines.sum())
    basket = np.repeat(np.arange(len(lines)), lines)
    turn = np.arange(count) - np.repeat(np.cumsum(lines) - lines, lines)
    goods = _goods(world, baskets, basket, turn, chance)
    quantity = 1 + chance.places(count, (0.78, 0.16, 0.06))
    gross = world.catalogue.products["price"].to_numpy()[goods] * quantity
    retail_disc = np.where(chance.flags(count, 0.3), gross * 0.15, 0.0).round(2)
    coupon_disc = np.where(chance.flags(count, 0.02), gross * 0.1, 0.0).round(2)
    second = baskets["second"][basket]
    return pl.DataFrame(
        {
            "household_id": baskets["household"][basket],
            "store_id": baskets["store"][basket],
            "basket_id": 31_000_000_000 + (offset + basket) * 3,
            "product_id": world.catalogue.products["product_id"].to_numpy()[goods],
            "quantity": quantity,
            "sales_value": (gross - retail_disc).round(2),
            "retail_disc": retail_disc,
            "coupon_disc": coupon_disc,
            "coupon_match_disc": np.zeros(count),
            "week": second // (7 * 86_400) + 1,
            "transaction_timestamp": moments(second).cast(pl.Datetime("ns")),
        }
    )


def _goods(
    world: World, baskets: dict[str, Whole], basket: Whole, turn: Whole, chance: Chance
) -> Whole:
    """A product for each line, no product twice in a basket (as in the native data)."""
    count = world.catalogue.products.height
    first = world.catalogue.liked(baskets["person"], chance)
    # Even steps through the catalogue that do not come round to a product already taken.
    longest = count // (baskets["lines"] + 1)
    step = 1 + (chance.real(len(longest)) * np.maximum(longest - 1, 0)).astype(np.int64)
    return (first[basket] + turn * step[basket]) % count
