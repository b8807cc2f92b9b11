"""Purchases: how many orders, for how much, since when, and what came back."""

from datetime import datetime, timedelta

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.orders import unconverted_of
from cdp.derive.parameters import Parameters

FAMILY = "purchases"
YEAR = timedelta(days=365)
TRAITS = declared(
    FAMILY,
    ("order", "line", "payment", "refund", "return"),
    ("orders", "integer", "orders", "how often the person ordered, in all channels",
     "number of distinct orders that were not cancelled"),
    ("spent", "money", "reporting currency", "what the person paid for all orders",
     "sum of the orders' amounts: the order's total, else what was paid, else the sum of its lines"),
    ("refunded", "money", "reporting currency", "what the person was given back",
     ("sum of the amounts of refunds of orders that were not cancelled (one that names none is of its "
     "lines, else of all that is left of its order); of returned lines where nobody tells a refund of "
     "their order")),
    ("net_spent", "money", "reporting currency", "what the person paid less what was given back",
     "spent - refunded"),
    ("average_order", "money", "reporting currency", "the mean value of an order",
     "spent / orders with an amount"),
    ("items", "number", "pieces", "how many pieces were bought", "sum of the orders' quantities"),
    ("first_order_at", "instant", "UTC", "when the person first ordered", "min(at of orders)"),
    ("last_order_at", "instant", "UTC", "when the person last ordered", "max(at of orders)"),
    ("days_since_order", "age", "days", "days since the last order", "now - last_order_at",
     "last_order_at"),
    ("days_as_customer", "age", "days", "days since the first order", "now - first_order_at",
     "first_order_at"),
    ("order_interval", "number", "days", "the usual time between two purchases",
     "(last day - first day with an order) / (days with an order - 1)"),
    ("returns", "integer", "returns", "how often something was given back",
     "number of refunds; of returned lines where nobody tells a refund of their order"),
    ("last_return_at", "instant", "UTC", "when something was last given back", "max(at of returns)"),
    ("return_share", "number", "share 0..1", "how much of what was paid was given back",
     "refunded / spent"),
    ("orders_365d", "integer", "orders", "orders of the last 365 days",
     "number of orders later than now - 365 days"),
    ("spent_365d", "money", "reporting currency", "what was paid in the last 365 days",
     "sum of the amounts of orders later than now - 365 days"),
    ("unconverted", "list", None, "money in currencies without a rate, in no sum",
     "values of orders by currency: [{currency, amount}]"),
)  # fmt: skip

TAKEN = ("n", "orders", "spent", "items", "first_order_at", "last_order_at", "priced", "days",
         "first_day", "last_day")  # fmt: skip
RECENT = (
    pl.len().cast(pl.Int64).alias("orders_365d"),
    pl.col("amount").sum().round(4).alias("spent_365d"),
    (pl.col("at").min() + YEAR).alias("due_at"),
)
BUYER, SPENT = pl.col("orders").is_not_null(), pl.col("spent")
FIGURES = (
    pl.col("orders").fill_null(0),
    pl.when(BUYER).then(pl.col("orders_365d").fill_null(0)),
    pl.when(BUYER).then(pl.col("spent_365d").fill_null(0.0)),
    (SPENT - pl.col("refunded").fill_null(0.0)).round(4).alias("net_spent"),
    (SPENT / pl.col("priced")).round(4).alias("average_order"),
    pl.when(pl.col("days") > 1)
    .then((pl.col("last_day") - pl.col("first_day")).dt.total_days() / (pl.col("days") - 1))
    .round(2)
    .alias("order_interval"),
    pl.when(SPENT > 0).then(pl.col("refunded") / SPENT).round(4).alias("return_share"),
)


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n, the traits above, and when the next order leaves the window of 365 days."""
    del parameters
    orders = facts.orders
    if orders.is_empty() and facts.returns.is_empty():
        return facts.profiles.select("n", orders=pl.lit(0, pl.Int64))
    figures = facts.profiles.select("n").join(facts.bought.select(*TAKEN), on="n", how="left")
    recent = orders.filter(pl.col("at") > now - YEAR).group_by("n").agg(*RECENT)
    figures = figures.join(recent, on="n", how="left")
    figures = figures.join(facts.refunded, on="n", how="left")
    unconverted = _unconverted(facts)
    if unconverted is not None:
        figures = figures.join(unconverted, on="n", how="left")
    return figures.with_columns(*FIGURES).drop("priced", "days", "first_day", "last_day")


def _unconverted(facts: Facts) -> pl.DataFrame | None:
    if facts.events["unconverted"].null_count() == facts.events.height:
        return None
    by_currency = unconverted_of(facts)
    if by_currency is None:
        return None
    return (
        by_currency.with_columns(pl.col("currency").cast(pl.String))
        .sort("n", "currency")
        .group_by("n", maintain_order=True)
        .agg(unconverted=pl.struct("currency", "amount"))
    )
