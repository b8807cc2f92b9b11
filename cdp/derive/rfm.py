"""RFM: recency, frequency and monetary value as scores from 1 to 5, by quintiles and by fixed bounds."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import UTC_MICROSECONDS, Facts
from cdp.derive.parameters import Parameters

FAMILY = "rfm"
TIES = (
    "1 + how many of the four bounds are below the value; a bound is the smallest value that at least "
    "20, 40, 60, 80 % of all buyers do not exceed, so equal values score equal"
)
TRAITS = declared(
    FAMILY,
    ("order", "refund", "rfm bounds"),
    ("rfm_recency", "integer", "score 1..5", "how recent the last order is among all buyers, 5 the newest",
     f"of last_order_at: {TIES}"),
    ("rfm_frequency", "integer", "score 1..5", "how many orders among all buyers, 5 the most",
     f"of orders: {TIES}"),
    ("rfm_monetary", "integer", "score 1..5", "how much was spent among all buyers, 5 the most",
     f"of net_spent: {TIES}"),
    ("rfm", "category", None, "the three scores as a cell, e.g. 545",
     "rfm_recency, rfm_frequency and rfm_monetary one after the other"),
    ("rfm_score", "integer", "3..15", "the three scores as one figure", "sum of the three scores"),
    ("rfm_fixed", "category", None, "the three scores by bounds that stay, e.g. 545",
     ("1 + how many bounds of the policy (derive.rfm) are reached: days since the last order (fewer is "
     "better), orders, net_spent")),
    ("value_tier", "category", None, "top, mid or low spender among all buyers",
     "rfm_monetary 5: top; 2 to 4: mid; 1: low. Without a price: unknown"),
)  # fmt: skip
SHARES = (0.2, 0.4, 0.6, 0.8)


def buyers(facts: Facts) -> pl.DataFrame:
    """Columns n, last_order_at, orders and net_spent of those who ordered."""
    amount = pl.col("amount")
    bought = facts.orders.group_by("n").agg(
        last_order_at=pl.col("at").max(),
        orders=pl.len().cast(pl.Int64),
        spent=pl.when(amount.count() > 0).then(amount.sum()).round(4),
    )
    if facts.returns.is_empty():
        return bought.rename({"spent": "net_spent"})
    refunded = facts.returns.group_by("n").agg(refunded=pl.col("amount").sum().round(4))
    net = (pl.col("spent") - pl.col("refunded").fill_null(0.0)).round(4)
    return bought.join(refunded, on="n", how="left").select(
        "n", "last_order_at", "orders", net_spent=net
    )


def fit(facts: Facts) -> dict[str, Any]:
    """The bounds between quintiles; last_order_at in microseconds since 1970. Empty: no buyers."""
    found = buyers(facts).with_columns(pl.col("last_order_at").cast(pl.Int64))
    return {
        name: _bounds(found[name].drop_nulls())
        for name in ("last_order_at", "orders", "net_spent")
        if found[name].count()
    }


def _bounds(values: pl.Series) -> list[float]:
    ordered = values.sort()
    # The smallest value that at least this share of all do not exceed (ceiling without float noise).
    places = [-(-len(ordered) * percent // 100) - 1 for percent in (20, 40, 60, 80)]
    return [ordered[place] for place in places]


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n, the traits above, and when the days since the last order pass a fixed bound."""
    if facts.orders.is_empty():
        return facts.profiles.select("n").clear()
    found, bounds = buyers(facts), parameters.of(FAMILY)
    recency = found["last_order_at"].cast(pl.Int64).alias("recency")
    scored = found.with_columns(
        rfm_recency=_score(pl.lit(recency), bounds.get("last_order_at", [])),
        rfm_frequency=_score(pl.col("orders"), bounds.get("orders", [])),
        rfm_monetary=_score(pl.col("net_spent"), bounds.get("net_spent", [])),
    )
    scores = ("rfm_recency", "rfm_frequency", "rfm_monetary")
    return scored.select(
        "n",
        *scores,
        pl.concat_str(scores).alias("rfm"),
        (pl.col(scores[0]) + pl.col(scores[1]) + pl.col(scores[2])).alias("rfm_score"),
        _fixed(facts, now).alias("rfm_fixed"),
        _tier().alias("value_tier"),
        _due(facts, now).alias("due_at"),
    )


def _score(value: pl.Expr, bounds: list[float]) -> pl.Expr:
    """1 + the number of bounds below the value; unknown where the value is."""
    if not bounds:
        return pl.lit(None, pl.Int64)
    above = [(value > bound).cast(pl.Int64) for bound in bounds]
    return 1 + above[0] + above[1] + above[2] + above[3]


def _fixed(facts: Facts, now: datetime) -> pl.Expr:
    policy = facts.policy.rfm
    since = (pl.lit(now) - pl.col("last_order_at")).dt.total_microseconds() / 86_400_000_000
    reached = (
        [(since < bound) for bound in policy.recency_days],
        [(pl.col("orders") >= bound) for bound in policy.frequency],
        [(pl.col("net_spent") >= bound) for bound in policy.monetary],
    )
    return pl.concat_str(
        [1 + sum((each.cast(pl.Int64) for each in one), pl.lit(0)) for one in reached]
    )


def _tier() -> pl.Expr:
    score = pl.col("rfm_monetary")
    return (
        pl.when(score == len(SHARES) + 1)
        .then(pl.lit("top"))
        .when(score > 1)
        .then(pl.lit("mid"))
        .when(score.is_not_null())
        .then(pl.lit("low"))
    )


def _due(facts: Facts, now: datetime) -> pl.Expr:
    borders = [
        pl.col("last_order_at") + timedelta(days=days) for days in facts.policy.rfm.recency_days
    ]
    return pl.min_horizontal(
        [pl.when(border > now).then(border).otherwise(None) for border in borders]
    ).cast(UTC_MICROSECONDS)
