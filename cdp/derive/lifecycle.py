"""Lifecycle: new, active, at risk, churned or won back, since when, and all stages before."""

from datetime import datetime
from typing import Any

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.document import as_text
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters
from cdp.derive.policy import Lifecycle

FAMILY = "lifecycle"
MOST_ENTRIES = 50
TRAITS = declared(
    FAMILY,
    ("order", "lifecycle thresholds"),
    ("lifecycle", "category", None, "new, active, at risk, churned or won back",
     ("new from the first purchase, active from a further one, won back from one after churn; at risk "
     "and churned when so many days passed without a purchase (see `cdp derive parameters`)")),
    ("lifecycle_since", "instant", "UTC", "when the present stage was entered",
     "the purchase that began it, or the last purchase + the threshold"),
    ("days_in_stage", "age", "days", "days in the present stage", "now - lifecycle_since",
     "lifecycle_since"),
    ("lifecycle_history", "list", None, "every stage and when it was entered, oldest first",
     f"[{{stage, entered_at}}], the newest {MOST_ENTRIES}"),
    ("churned_at", "instant", "UTC", "when the person last churned",
     "the newest entry into the stage churned"),
    ("order_before_churn_at", "instant", "UTC", "the last purchase before the last churn",
     "churned_at - the threshold"),
)  # fmt: skip
DAY = 86_400_000_000  # microseconds
DAY_OF_ORDER = pl.col("at").dt.truncate("1d").alias("day")
# Rows are in the order of n: the neighbour is found quicker than row by row of a group.
NEIGHBOURS = (
    pl.when(pl.col("n") == pl.col("n").shift(-1)).then(pl.col("at").shift(-1)).alias("until"),
    pl.when(pl.col("n") == pl.col("n").shift(1))
    .then(pl.col("at").diff().dt.total_microseconds())
    .alias("gap"),
)
CHANGED = pl.col("n").ne_missing(pl.col("n").shift(1)) | (
    pl.col("stage") != pl.col("stage").shift(1)
)
LAST = (
    pl.col("stage").last().alias("lifecycle"),
    pl.col("entered_at").last().alias("lifecycle_since"),
    pl.struct("stage", as_text(pl.col("entered_at")).alias("entered_at"))
    .tail(MOST_ENTRIES)
    .alias("lifecycle_history"),
    pl.col("entered_at").filter(pl.col("stage") == "churned").last().alias("churned_at"),
)


def fit(facts: Facts, policy: Lifecycle) -> dict[str, Any]:
    """Figures at_risk_days and churned_days: as the policy says, else from times between purchases."""
    gaps = _purchases(facts).drop_nulls("gap")["gap"] / DAY
    fitted = len(gaps) >= policy.least_gaps
    at_risk, churned = policy.default_days
    if fitted:
        at_risk = max(1.0, _quantile(gaps, policy.at_risk_quantile))
        churned = max(1.5 * at_risk, _quantile(gaps, policy.churned_quantile))
    return {
        "at_risk_days": policy.at_risk_days or round(at_risk, 2),
        "churned_days": policy.churned_days or round(churned, 2),
        "gaps": len(gaps),
        "state": "fitted" if fitted else "not enough data: defaults of the policy",
    }


def _quantile(gaps: pl.Series, share: float) -> float:
    value = gaps.quantile(share, interpolation="higher")
    assert value is not None  # noqa: S101  there are gaps
    return float(value)


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n, the traits above, and when the present stage ends if nothing happens."""
    if facts.orders.is_empty():
        return facts.profiles.select("n").clear()
    at_risk, churned = _thresholds(parameters)
    entries = _entries(_purchases(facts), parameters, now)
    last = entries.group_by("n").agg(*LAST)
    bought = facts.bought.select("n", last="last_purchase_at")
    ends = parameters.once(f"{FAMILY}.ends", lambda _: _ends(at_risk, churned))
    return last.join(bought, on="n").with_columns(*ends).drop("last")


def _thresholds(parameters: Parameters) -> tuple[int, int]:
    figures = parameters.of(FAMILY)
    return round(figures["at_risk_days"] * DAY), round(figures["churned_days"] * DAY)


def _ends(at_risk: int, churned: int) -> list[pl.Expr]:
    """When the last churn's last purchase was, and when the present stage ends."""
    since = pl.col("lifecycle_since")
    return [
        (pl.col("churned_at") - pl.duration(microseconds=churned)).alias("order_before_churn_at"),
        pl.when(pl.col("lifecycle") == "churned")
        .then(None)
        .when(pl.col("lifecycle") == "at risk")
        .then(since + pl.duration(microseconds=churned - at_risk))
        .otherwise(pl.col("last") + pl.duration(microseconds=at_risk))
        .alias("due_at"),
    ]


def _purchases(facts: Facts) -> pl.DataFrame:
    """Columns n, at, until and gap: the first order of each day (UTC).

    `until`: the next one, else null; `gap`: microseconds since the one before, null for the first.
    """
    days = facts.orders.group_by("n", DAY_OF_ORDER).agg(pl.col("at").min())
    return days.sort("n", "at").with_columns(*NEIGHBOURS)


def _entries(purchases: pl.DataFrame, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n, stage, entered_at: each change of stage up to `now`, in order."""
    stages = parameters.once(f"{FAMILY}.stages", lambda known: _stages(*_thresholds(known)))
    staged = purchases.with_columns(until=pl.col("until").fill_null(now))
    entered = [
        staged.filter(entered).select("n", stage, entered_at)
        for stage, entered_at, entered in stages
    ]
    ordered = pl.concat(entered).sort("n", "entered_at", maintain_order=True)
    return ordered.filter(CHANGED)


def _stages(at_risk: int, churned: int) -> list[tuple[pl.Expr, pl.Expr, pl.Expr]]:
    """Of a purchase: a stage that follows, when it is entered, and whether it is."""
    gap, at = pl.col("gap"), pl.col("at")
    silence = (pl.col("until") - at).dt.total_microseconds()
    bought = (
        pl.when(gap.is_null())
        .then(pl.lit("new"))
        .when(gap >= churned)
        .then(pl.lit("won back"))
        .otherwise(pl.lit("active"))
    )
    quiet = [
        (pl.lit(stage).alias("stage"), at + pl.duration(microseconds=days), silence >= days)
        for stage, days in (("at risk", at_risk), ("churned", churned))
    ]
    told = [(bought.alias("stage"), at, pl.lit(value=True)), *quiet]
    return [(stage, when.alias("entered_at"), entered) for stage, when, entered in told]
