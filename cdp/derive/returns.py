"""What was given back: refunds, and returned lines where nobody tells a refund of their order."""

from typing import TYPE_CHECKING

import polars as pl

from cdp.derive.orders import ORDER_ID_SEED, PLACE_SEED, of_one_channel
from cdp.derive.policy import DerivePolicy, Role

if TYPE_CHECKING:
    from cdp.derive.facts import Facts

ORDER = ["n", "order_key"]
REFUND = [*ORDER, "channel", "at"]  # the lines of a refund come with it
NAMED = pl.col("order_id").is_not_null()
SILENT = NAMED & pl.col("amount").is_null() & pl.col("unconverted").is_null()
PIECES = pl.col("quantity").fill_null(1.0)


def returns_of(facts: "Facts") -> pl.DataFrame:
    """One row a refund, see `Facts.returns`."""
    if facts.of("refund", "return").is_empty():
        return facts.none
    # Without an order's id a returned line belongs to what its channel says was refunded.
    order = (
        pl.when(NAMED)
        .then(pl.col("order_id").hash(ORDER_ID_SEED))
        .otherwise(pl.col("channel").hash(PLACE_SEED))
    )
    refunds, lines = (facts.of(role).with_columns(order_key=order) for role in ("refund", "return"))
    lines = _priced(lines, facts)
    refunds = _valued(refunds, lines, facts)
    lines = lines.join(refunds, on=ORDER, how="anti")
    returned = pl.concat([refunds, lines])
    cancelled = facts.cancelled
    if cancelled is not None:
        returned = returned.join(cancelled, on=ORDER, how="anti")
    return of_one_channel(returned)


def in_the_orders_currency(events: pl.DataFrame, policy: DerivePolicy) -> pl.DataFrame:
    """`events` with the currency of the order where what was given back of it names none."""
    kinds = tuple(events["kind"].unique().cast(pl.String))

    def plays(*roles: Role) -> pl.Expr:
        return pl.col("kind").is_in(
            [each for role in roles for each in policy.kinds_of(role, kinds)]
        )

    back, bought = plays("refund", "return"), plays("order", "line", "payment")
    unsaid = back & NAMED & pl.col("currency").is_null() & pl.col("amount").is_not_null()
    if events.filter(unsaid).is_empty():
        return events
    known = (
        events.filter(bought & NAMED & pl.col("currency").is_not_null())
        .sort(pl.col("trust"), pl.col("currency").cast(pl.String), descending=[True, False])
        .unique(["n", "order_id"], keep="first", maintain_order=True)
        .select("n", "order_id", of_order="currency")
    )
    return (
        events.join(known, on=["n", "order_id"], how="left")
        .with_columns(currency=pl.when(unsaid).then("of_order").otherwise("currency"))
        .drop("of_order")
    )


def _priced(lines: pl.DataFrame, facts: "Facts") -> pl.DataFrame:
    """Returned lines; those without an amount at the price their product had in the order."""
    if lines.filter(SILENT).is_empty():
        return lines
    product = [*ORDER, "product"]
    price = (
        facts.lines.group_by(product)
        .agg(price=pl.col("amount").sum() / PIECES.sum(), priced=pl.col("amount").count() > 0)
        .filter("priced")
        .select(*product, "price")
    )
    amount = pl.when(SILENT).then((pl.col("price") * PIECES).round(4)).otherwise("amount")
    return lines.join(price, on=product, how="left").with_columns(amount=amount).drop("price")


def _valued(refunds: pl.DataFrame, lines: pl.DataFrame, facts: "Facts") -> pl.DataFrame:
    """Refunds; those without an amount at that of their lines, else at what is left of the order.

    A full refund without products names its order only, as the Segment spec has it.
    """
    if refunds.filter(SILENT).is_empty():
        return refunds
    worth = pl.when(pl.col("amount").count() > 0).then(pl.col("amount").sum())
    of_lines = lines.group_by(REFUND).agg(lines=pl.len(), worth=worth)
    told = refunds.join(of_lines, on=REFUND, how="left").with_columns(
        amount=pl.when(SILENT).then("worth").otherwise("amount"),
        full=SILENT & pl.col("lines").is_null(),
    )
    so_far = told.group_by(*ORDER, "channel").agg(so_far=pl.col("amount").sum())
    left = pl.max_horizontal(pl.col("of_order") - pl.col("so_far"), 0.0).round(4)
    full = (
        told.filter("full")
        .sort("at")
        .unique([*ORDER, "channel"], keep="first", maintain_order=True)
        .join(so_far, on=[*ORDER, "channel"], how="left")
        .join(facts.orders.select(*ORDER, of_order="amount"), on=ORDER, how="left")
        .with_columns(amount=pl.when(pl.col("of_order").is_not_null()).then(left))
    )
    return pl.concat(each.select(refunds.columns) for each in (told.filter(~pl.col("full")), full))
