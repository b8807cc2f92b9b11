"""Orders and their lines, told apart and never counted twice whatever channels say of them."""

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from cdp.derive.facts import Facts

ORDER_ID_SEED, PLACE_SEED, ROW_SEED = 1, 2, 3
ORDER_COLUMNS = {
    "n": pl.Int32,
    "order_key": pl.UInt64,
    "at": pl.Datetime("us", "UTC"),
    "amount": pl.Float64,
    "discount": pl.Float64,
    "quantity": pl.Float64,
    "channel": pl.Categorical,
    "in_store": pl.Boolean,
    "gift": pl.Boolean,
}


def _sum(name: str, chosen: pl.Expr) -> pl.Expr:
    """The sum of those chosen; null where none has a value."""
    values = pl.col(name).filter(chosen)
    return pl.when(values.count() > 0).then(values.sum())


# Expressions are put together once: that costs as much as working them out for one profile.
LINE = pl.col("is_line")
OF_CHANNEL = (
    pl.col("at").min(),
    pl.col("trust").max(),
    # A message sent twice with the same order is one order: the totals of it are not added.
    pl.col("amount").filter("is_order").max().alias("total"),
    pl.col("discount").filter("is_order").max().alias("total_discount"),
    pl.col("quantity").filter("is_order").max().alias("total_quantity"),
    _sum("amount", pl.col("is_payment")).alias("paid"),
    _sum("amount", LINE).alias("goods"),
    _sum("discount", LINE).alias("goods_discount"),
    _sum("quantity", LINE).alias("goods_quantity"),
    pl.col("in_store").any(),
    # A gift among other lines makes no gift of these.
    (pl.col("gift") & ~LINE).any().alias("gift"),
)
ORDER = (
    pl.col("n", "order_key", "at"),
    pl.coalesce("total", "paid", "goods").round(4).alias("amount"),
    pl.coalesce("total_discount", "goods_discount").fill_null(0.0).round(4).alias("discount"),
    pl.coalesce("total_quantity", "goods_quantity").alias("quantity"),
    pl.col("channel", "in_store", "gift"),
)
AT, DAY, AMOUNT, QUANTITY = (
    pl.col("at"),
    pl.col("at").dt.truncate("1d"),
    pl.col("amount"),
    pl.col("quantity"),
)
BOUGHT = (
    pl.len().cast(pl.Int64).alias("orders"),
    pl.when(AMOUNT.count() > 0).then(AMOUNT.sum()).round(4).alias("spent"),
    AMOUNT.count().alias("priced"),
    pl.when(QUANTITY.count() > 0).then(QUANTITY.sum()).round(4).alias("items"),
    AT.min().alias("first_order_at"),
    AT.max().alias("last_order_at"),
    DAY.n_unique().alias("days"),
    DAY.min().alias("first_day"),
    DAY.max().alias("last_day"),
    AT.filter(DAY.max() == DAY).min().alias("last_purchase_at"),
    pl.col("discount").sum().round(4).alias("off"),
    AMOUNT.filter(pl.col("discount") > 0).sum().round(4).alias("spent_reduced"),
    AMOUNT.filter("gift").sum().round(4).alias("spent_gifts"),
)
REFUNDED = (
    AMOUNT.sum().round(4).alias("refunded"),
    pl.len().cast(pl.Int64).alias("returns"),
    AT.max().alias("last_return_at"),
)


def orders_of(facts: "Facts") -> pl.DataFrame:
    """One row an order, see `Facts.orders`."""
    said = _said(facts)
    if said.is_empty():
        return pl.DataFrame(schema=ORDER_COLUMNS)
    roles = said.with_columns(
        is_order=facts.plays("order"),
        is_line=facts.plays("line"),
        is_payment=facts.plays("payment"),
    )
    by_channel = roles.group_by("n", "order_key", "channel").agg(*OF_CHANNEL)
    return _across_channels(by_channel).select(*ORDER)


def bought_of(orders: pl.DataFrame) -> pl.DataFrame:
    """One row a buyer, see `Facts.bought`."""
    return orders.group_by("n").agg(*BOUGHT)


def refunded_of(returns: pl.DataFrame) -> pl.DataFrame:
    """One row a person who was given something back, see `Facts.refunded`."""
    return returns.group_by("n").agg(*REFUNDED)


def lines_of(facts: "Facts") -> pl.DataFrame:
    """One row an order line, see `Facts.lines`."""
    lines = facts.of("line")
    if lines.is_empty():
        return lines.with_columns(order_key=pl.lit(0, pl.UInt64))
    keyed = lines.with_columns(order_key=_order_key(facts.plays("line")))
    cancelled = facts.cancelled
    if cancelled is not None:
        keyed = keyed.join(cancelled, on=["n", "order_key"], how="anti")
    return of_one_channel(keyed)


def unconverted_of(facts: "Facts") -> pl.DataFrame | None:
    """Columns n, currency and amount of orders in currencies without a rate; None: there are none."""
    left_out = _said(facts).filter(pl.col("unconverted").is_not_null())
    if left_out.is_empty():
        return None
    is_order, is_line, is_payment = map(facts.plays, ("order", "line", "payment"))
    by_order = left_out.group_by("n", "order_key", "currency").agg(
        total=pl.col("unconverted").filter(is_order).max(),
        paid=_sum("unconverted", is_payment),
        goods=_sum("unconverted", is_line),
    )
    amount = pl.coalesce("total", "paid", "goods")
    return by_order.group_by("n", "currency").agg(amount=amount.sum().round(4))


def _said(facts: "Facts") -> pl.DataFrame:
    """What was said of orders that were not cancelled, with the key of each."""
    said = facts.of("order", "line", "payment")
    if said.is_empty():
        return said
    keyed = said.with_columns(order_key=_order_key(facts.plays("line")))
    cancelled = facts.cancelled
    return keyed if cancelled is None else keyed.join(cancelled, on=["n", "order_key"], how="anti")


def _order_key(is_line: pl.Expr) -> pl.Expr:
    """One number an order: by its id, else lines of one channel and time are one order."""
    return (
        pl.when(pl.col("order_id").is_not_null())
        .then(pl.col("order_id").hash(ORDER_ID_SEED))
        .when(is_line)
        .then(pl.struct("channel", "at").hash(PLACE_SEED))
        .otherwise(pl.row_index().hash(ROW_SEED))
    )


def cancelled_of(facts: "Facts") -> pl.DataFrame | None:
    """Columns n and order_key of the orders that were cancelled; None: there are none."""
    events = facts.of("cancelled").filter(pl.col("order_id").is_not_null())
    if events.is_empty():
        return None
    return events.select("n", order_key=pl.col("order_id").hash(ORDER_ID_SEED)).unique()


def _across_channels(by_channel: pl.DataFrame) -> pl.DataFrame:
    """One row an order: of each figure what the most trusted channel says that has it."""
    if not by_channel.select("n", "order_key").is_duplicated().any():
        return by_channel
    figures = [
        "total",
        "total_discount",
        "total_quantity",
        "paid",
        "goods",
        "goods_discount",
        "goods_quantity",
        "channel",
    ]
    return (
        _by_trust(by_channel)
        .group_by("n", "order_key", maintain_order=True)
        .agg(
            pl.col("at").min(),
            pl.col("in_store", "gift").any(),
            *(pl.col(name).drop_nulls().first() for name in figures),
        )
    )


def of_one_channel(keyed: pl.DataFrame) -> pl.DataFrame:
    """Of what several channels say of one order what the most trusted says."""
    said_by = keyed.select("n", "order_key", "channel", "trust").unique()
    if not said_by.select("n", "order_key").is_duplicated().any():
        return keyed
    first = _by_trust(said_by).unique(["n", "order_key"], keep="first", maintain_order=True)
    return keyed.join(first, on=["n", "order_key", "channel"], how="semi")


def _by_trust(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(pl.col("trust"), pl.col("channel").cast(pl.String), descending=[True, False])
