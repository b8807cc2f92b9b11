"""Discounts and gifts: how much of the spending was on reduced goods, and how much for others."""

from datetime import datetime

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters

FAMILY = "discounts"
TRAITS = declared(
    FAMILY,
    ("order", "line"),
    ("discounted_share", "number", "share 0..1", "how much of the spending was on discounted goods",
     "amount of lines with a discount / amount of all lines; of orders where there are no lines"),
    ("discount_rate", "number", "share 0..1", "how much cheaper than the list price the person bought",
     "discount / (amount + discount) over all orders"),
    ("discount_tier", "category", None, "full price, mixed or discount",
     "by discounted_share: below 0.2, below 0.6, from 0.6"),
    ("gift_share", "number", "share 0..1", "how much of the spending was on gifts",
     ("amount of gift lines / amount of all lines; of orders where there are no lines; a gift is an order "
     "or line marked as one, or goods of a department for the other sex than the person's stated one "
     "(policy derive.gift.departments)")),
    ("gift_orders", "integer", "orders", "orders that hold a gift", "number of orders marked as a gift or with a gift line"),
    ("last_gift_at", "instant", "UTC", "when a gift was last bought", "max(at of gift lines and orders)"),
)  # fmt: skip


def _share(of_goods: str, of_orders: str) -> pl.Expr:
    """The share of the lines' amount; of the orders' where no line has one."""
    return (
        pl.when(pl.col("goods") > 0)
        .then(pl.col(of_goods) / pl.col("goods"))
        .when(pl.col("spent") > 0)
        .then(pl.col(of_orders) / pl.col("spent"))
        .round(4)
    )


AMOUNT = pl.col("amount")
GOODS = (
    AMOUNT.sum().round(4).alias("goods"),
    AMOUNT.filter(pl.col("discount") > 0).sum().round(4).alias("goods_reduced"),
    AMOUNT.filter("gift").sum().round(4).alias("gifts"),
)
LIST_PRICE = pl.col("spent") + pl.col("off")
FIGURES = (
    pl.col("gift_orders").fill_null(0),
    _share("goods_reduced", "spent_reduced").alias("discounted_share"),
    pl.when(LIST_PRICE > 0).then(pl.col("off") / LIST_PRICE).round(4).alias("discount_rate"),
    _share("gifts", "spent_gifts").alias("gift_share"),
)
TIER = (
    pl.when(pl.col("discounted_share") < 0.2)
    .then(pl.lit("full price"))
    .when(pl.col("discounted_share") < 0.6)
    .then(pl.lit("mixed"))
    .when(pl.col("discounted_share").is_not_null())
    .then(pl.lit("discount"))
    .alias("discount_tier")
)
SEXES = {"women": ("female", "f", "w", "woman"), "men": ("male", "m", "man")}


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above."""
    del parameters, now
    if facts.orders.is_empty():
        return facts.profiles.select("n").clear()
    order = facts.bought.select(
        "n", "off", "spent_reduced", "spent_gifts", spent=pl.col("spent").fill_null(0.0)
    )
    lines = _with_gifts(facts)
    goods = lines.group_by("n").agg(*GOODS)
    figures = order.join(goods, on="n", how="left").join(_gifts(facts, lines), on="n", how="left")
    return figures.select("n", "last_gift_at", *FIGURES).with_columns(TIER)


def _gifts(facts: Facts, lines: pl.DataFrame) -> pl.DataFrame:
    """Columns n, gift_orders and last_gift_at: of orders marked as gifts, and of those that hold one."""
    told = [each.filter("gift").select("n", "order_key", "at") for each in (facts.orders, lines)]
    return (
        pl.concat(told)
        .group_by("n")
        .agg(
            gift_orders=pl.col("order_key").n_unique().cast(pl.Int64),
            last_gift_at=pl.col("at").max(),
        )
    )


def _with_gifts(facts: Facts) -> pl.DataFrame:
    """The lines, with `gift` also where the order is marked or the goods are for the other sex."""
    lines = facts.lines
    marked = facts.orders.filter("gift").select("n", "order_key", gift_order=pl.lit(value=True))
    if not marked.is_empty():
        lines = lines.join(marked, on=["n", "order_key"], how="left")
        lines = lines.with_columns(
            gift=pl.col("gift") | pl.col("gift_order").fill_null(value=False)
        )
    other = _for_the_other_sex(facts)
    if other is not None:
        lines = lines.join(other, on=["n", "department"], how="left", nulls_equal=False)
        lines = lines.with_columns(gift=pl.col("gift") | pl.col("other").fill_null(value=False))
    return lines


def _for_the_other_sex(facts: Facts) -> pl.DataFrame | None:
    """Columns n, department and other: the departments that are for the other sex, of each person."""
    wanted = facts.policy.gift.departments
    words = {word.lower(): sex for sex, said in wanted.items() for word in said}
    names = facts.lines["department"].unique().drop_nulls().cast(pl.String)
    made_for = {name: words[name.lower()] for name in names if name.lower() in words}
    if not made_for:
        return None
    of_word = {word: sex for sex, said in SEXES.items() for word in said}
    people = facts.profiles.select(
        "n", sex=pl.col("gender").str.to_lowercase().replace_strict(of_word, default=None)
    ).drop_nulls()
    departments = pl.DataFrame(
        {"department": list(made_for), "made_for": list(made_for.values())}
    ).with_columns(pl.col("department").cast(pl.Categorical))
    crossed = people.join(departments, how="cross")
    return crossed.filter(pl.col("sex") != pl.col("made_for")).select(
        "n", "department", other=pl.lit(value=True)
    )
