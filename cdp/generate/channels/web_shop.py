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
_AT = "%Y-%m-%dT%H:%M:%SZ"
_FEED = ("type", "user_id", "at", "order_id", "line", "product_id", "category", "department",
         "quantity", "amount", "discount", "currency", "synthetic")


def write(world: World, folder: Path) -> Written:
    """`accounts.jsonl.gz` and `activity.jsonl.gz` in `folder`."""
    chance = world.chance("web_shop")
    entries = world.entries("web_shop", chance)
    view = world.seen("web_shop", entries, chance)
    accounts = _accounts(view, chance)
    lines, returned, events = _orders(world, view, accounts["user_id"], chance)
    openings = accounts.select(
        "user_id", type=pl.lit("account_opened"), at=pl.col("created_at"), synthetic="synthetic"
    )
    feed = pl.concat([openings, lines, returned], how="diagonal").select(_FEED).sort(
        "at", "user_id", "order_id", "line", "type", nulls_last=False
    )
    feed, bad = with_bad_rows(feed, world.bad_rows, "at", "yesterday", chance)
    write_jsonl(accounts, folder / "accounts.jsonl.gz")
    write_jsonl(feed, folder / "activity.jsonl.gz")
    return Written(truth_of(accounts["user_id"], view["person_id"]), events, bad)


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
    lines = _lines(world, view, users, buyer, per_order, chance)
    first = np.cumsum(per_order) - per_order
    returned = lines[first[chance.sample(returns, orders)]].with_columns(
        type=pl.lit("return_line"),
        at=(pl.col("at") + pl.duration(days=pl.Series(chance.whole(min(returns, orders), 2, 20)))),
    )
    events = orders + lines.height + 2 * returned.height
    stamped = pl.col("at").dt.to_string(_AT)
    return lines.with_columns(stamped), returned.with_columns(stamped), events


def _lines(
    world: World,
    view: pl.DataFrame,
    users: pl.Series,
    buyer: Whole,
    per_order: Whole,
    chance: Chance,
) -> pl.DataFrame:
    orders, count = len(buyer), int(per_order.sum())
    order = np.repeat(np.arange(orders), per_order)
    line = np.arange(count) - np.repeat(np.cumsum(per_order) - per_order, per_order) + 1
    goods = world.catalogue.liked(view["person_id"].to_numpy()[buyer[order]], chance)
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
        user_id=users.gather(buyer[order]),
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
