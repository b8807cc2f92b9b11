"""The web shop: its accounts, and its feed of account openings, order lines and returns."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance, Whole
from cdp.generate.files import with_bad_rows, write_jsonl
from cdp.generate.world import (
    YEAR_SECONDS,
    World,
    Written,
    daytime,
    known,
    moments,
    truth_of,
)

LINES_PER_ORDER = 2.5
PART_ROWS = 250_000  # of one file of the feed, as a reader takes at once
_AT = "%Y-%m-%dT%H:%M:%SZ"
_FEED = (
    "type",
    "user_id",
    "at",
    "order_id",
    "line",
    "product_id",
    "category",
    "department",
    "quantity",
    "amount",
    "discount",
    "currency",
    "synthetic",
)


def write(world: World, folder: Path) -> Written:
    """`accounts.jsonl.gz` and `activity-NNN.jsonl.gz` in `folder`."""
    chance = world.chance("web_shop")
    entries = world.entries("web_shop", chance)
    view = world.seen("web_shop", entries, chance)
    accounts = _accounts(view, chance)
    lines, returned, events = _orders(world, view, accounts["user_id"], chance)
    openings = accounts.select(
        "user_id", "synthetic", type=pl.lit("account_opened"), at="created_at"
    )
    # Not among order lines: a line that breaks takes its whole order with it.
    openings, bad = with_bad_rows(openings, world.bad_rows, "at", "yesterday", chance)
    feed = pl.concat([openings, lines, returned], how="diagonal").select(_FEED)
    feed = feed.sort("at", "user_id", "order_id", "line", "type")
    write_jsonl(accounts, folder / "accounts.jsonl.gz")
    _write_feed(feed, folder)
    return Written(truth_of(accounts["user_id"], view["person_id"]), events, bad)


def _write_feed(feed: pl.DataFrame, folder: Path) -> None:
    """The feed in parts; the lines of an order, which have one time, are in one part."""
    first = pl.col("row").first().over("at", "user_id")
    parts = (
        feed.with_row_index("row")
        .with_columns(part=first // PART_ROWS)
        .drop("row")
        .partition_by("part", maintain_order=True, include_key=False)
    )
    for number, part in enumerate(parts):
        write_jsonl(part, folder / f"activity-{number:03d}.jsonl.gz")


def _accounts(view: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    count = view.height
    updated = chance.whole(count, 0, YEAR_SECONDS)
    opened = updated - chance.whole(count, 0, 2 * YEAR_SECONDS)
    return view.select(
        user_id=pl.lit("u") + ids.entered(23),
        customer_id=known(ids.customer_id(), "crm", 0.35, count, chance),
        email="email",
        phone="phone",
        first_name="given_name",
        last_name="family_name",
        birth_date=pl.col("birth_date").cast(pl.String),
        street="street",
        city="city",
        region="region",
        postcode="postcode",
        language="language",
        created_at=moments(opened).dt.to_string(_AT),
        updated_at=moments(updated).dt.to_string(_AT),
        synthetic=pl.lit(value=True),
    )


def _orders(
    world: World, view: pl.DataFrame, users: pl.Series, chance: Chance
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Order lines, returned lines, and how many events they make.

    An order makes an event beside those of its lines; a return makes two, of line and refund.
    """
    total = world.events["web_shop"]
    returns = total // 60
    orders = max(1, int((total - 2 * returns) / (1 + LINES_PER_ORDER)))
    per_order = chance.shares(total - 2 * returns - orders, np.ones(orders), least=1)
    buyer = chance.places(orders, view["activity"].to_numpy())
    buyers = view.select("person_id", user_id=users)[buyer]
    lines = _lines(world, buyers, per_order, chance)
    first = np.cumsum(per_order) - per_order
    sent_back = lines[first[chance.sample(returns, orders)]]
    days = pl.lit(pl.Series(chance.whole(sent_back.height, 2, 20)))
    returned = sent_back.with_columns(
        type=pl.lit("return_line"), at=pl.col("at") + pl.duration(days=days)
    )
    events = orders + lines.height + 2 * returned.height
    stamped = pl.col("at").dt.to_string(_AT)
    return lines.with_columns(stamped), returned.with_columns(stamped), events


def _lines(world: World, buyers: pl.DataFrame, per_order: Whole, chance: Chance) -> pl.DataFrame:
    """The lines of the orders of these `buyers`, one order each."""
    orders, count = buyers.height, int(per_order.sum())
    order = np.repeat(np.arange(orders), per_order)
    line = np.arange(count) - np.repeat(np.cumsum(per_order) - per_order, per_order) + 1
    goods = world.catalogue.liked(buyers["person_id"].to_numpy()[order], chance)
    quantity = 1 + chance.places(count, (0.8, 0.15, 0.05))
    at = moments(daytime(orders, 364, chance))
    products = world.catalogue.columns(
        goods, "product_id", "product_category", "department", "price"
    )
    gross = pl.col("price") * quantity
    rebate = pl.Series(np.where(chance.flags(count, 0.25), 0.2, 0.0))
    discount = (gross * rebate).round(2)
    return products.select(
        type=pl.lit("order_line"),
        user_id=buyers["user_id"].gather(order),
        at=at.gather(order),
        order_id=pl.lit("W") + (pl.Series(order) + 100_001).cast(pl.String),
        line=pl.Series(line),
        product_id=pl.col("product_id").cast(pl.String),
        category="product_category",
        department="department",
        quantity=pl.Series(quantity),
        amount=(gross - discount).round(2),
        discount=discount,
        currency=pl.lit("USD"),
        synthetic=pl.lit(value=True),
    )
