"""RFM: recency, frequency and monetary value as scores from 1 to 5, by quintiles and by fixed bounds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
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
SCORES = ("rfm_recency", "rfm_frequency", "rfm_monetary")
NET_SPENT = (pl.col("spent") - pl.col("refunded").fill_null(0.0)).round(4).alias("net_spent")


def buyers(facts: Facts) -> pl.DataFrame:
    """Columns n, last_order_at, orders and net_spent of those who ordered."""
    if facts.returns.is_empty():
        return facts.bought.select("n", "last_order_at", "orders", net_spent="spent")
    joined = facts.bought.join(facts.refunded, on="n", how="left")
    return joined.select("n", "last_order_at", "orders", NET_SPENT)


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
    found = buyers(facts).with_columns(
        recency=pl.col("last_order_at").cast(pl.Int64), now=pl.lit(now, UTC_MICROSECONDS)
    )
    scored = found.with_columns(*parameters.once(FAMILY, _scores))
    policy = facts.policy.rfm
    return scored.select(*_told(policy.recency_days, policy.frequency, policy.monetary))


def _scores(parameters: Parameters) -> list[pl.Expr]:
    bounds = parameters.of(FAMILY)
    return [
        _score(pl.col("recency"), bounds.get("last_order_at", [])).alias(SCORES[0]),
        _score(pl.col("orders"), bounds.get("orders", [])).alias(SCORES[1]),
        _score(pl.col("net_spent"), bounds.get("net_spent", [])).alias(SCORES[2]),
    ]


def _score(value: pl.Expr, bounds: list[float]) -> pl.Expr:
    """1 + the number of bounds below the value; unknown where the value is."""
    if not bounds:
        return pl.lit(None, pl.Int64)
    above = [(value > bound).cast(pl.Int64) for bound in bounds]
    return 1 + above[0] + above[1] + above[2] + above[3]


@cache
def _told(
    recency_days: tuple[float, ...], frequency: tuple[float, ...], monetary: tuple[float, ...]
) -> tuple[str | pl.Expr, ...]:
    """The columns that come of the scores, and of the policy's fixed bounds."""
    return (
        "n",
        *SCORES,
        pl.concat_str(SCORES).alias("rfm"),
        (pl.col(SCORES[0]) + pl.col(SCORES[1]) + pl.col(SCORES[2])).alias("rfm_score"),
        _fixed(recency_days, frequency, monetary).alias("rfm_fixed"),
        _tier().alias("value_tier"),
        _due(recency_days).alias("due_at"),
    )


def _fixed(
    recency_days: Sequence[float], frequency: Sequence[float], monetary: Sequence[float]
) -> pl.Expr:
    since = (pl.col("now") - pl.col("last_order_at")).dt.total_microseconds() / 86_400_000_000
    reached = (
        [(since < bound) for bound in recency_days],
        [(pl.col("orders") >= bound) for bound in frequency],
        [(pl.col("net_spent") >= bound) for bound in monetary],
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


def _due(recency_days: Sequence[float]) -> pl.Expr:
    borders = [pl.col("last_order_at") + timedelta(days=days) for days in recency_days]
    return pl.min_horizontal(
        [pl.when(border > pl.col("now")).then(border).otherwise(None) for border in borders]
    ).cast(UTC_MICROSECONDS)
