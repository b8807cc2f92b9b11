"""Lifecycle: new, active, at risk, churned or won back, since when, and all stages before."""

from collections.abc import Mapping
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
    at_risk, churned = _thresholds(parameters.of(FAMILY))
    entries = _entries(_purchases(facts), at_risk, churned, now)
    last = entries.group_by("n").agg(
        lifecycle=pl.col("stage").last(),
        lifecycle_since=pl.col("entered_at").last(),
        lifecycle_history=pl.struct("stage", entered_at=as_text(pl.col("entered_at"))).tail(
            MOST_ENTRIES
        ),
        churned_at=pl.col("entered_at").filter(pl.col("stage") == "churned").last(),
    )
    since = pl.col("lifecycle_since")
    bought = facts.orders.group_by("n").agg(last=_first_of_last_day())
    return (
        last.join(bought, on="n")
        .with_columns(
            order_before_churn_at=pl.col("churned_at") - pl.duration(microseconds=churned),
            due_at=pl.when(pl.col("lifecycle") == "churned")
            .then(None)
            .when(pl.col("lifecycle") == "at risk")
            .then(since + pl.duration(microseconds=churned - at_risk))
            .otherwise(pl.col("last") + pl.duration(microseconds=at_risk)),
        )
        .drop("last")
    )


def _thresholds(figures: Mapping[str, Any]) -> tuple[int, int]:
    return round(figures["at_risk_days"] * DAY), round(figures["churned_days"] * DAY)


def _first_of_last_day() -> pl.Expr:
    at = pl.col("at")
    return at.filter(at.dt.truncate("1d") == at.max().dt.truncate("1d")).min()


def _purchases(facts: Facts) -> pl.DataFrame:
    """Columns n, at and gap (microseconds since the one before): the first order of each day (UTC)."""
    days = facts.orders.group_by("n", day=pl.col("at").dt.truncate("1d")).agg(pl.col("at").min())
    days = days.sort("n", "at")
    return days.with_columns(gap=pl.col("at").diff().over("n").dt.total_microseconds())


def _entries(purchases: pl.DataFrame, at_risk: int, churned: int, now: datetime) -> pl.DataFrame:
    """Columns n, stage, entered_at: each change of stage up to `now`, in order."""
    gap, at = pl.col("gap"), pl.col("at")
    staged = purchases.with_columns(
        until=at.shift(-1).over("n").fill_null(now),
        stage=pl.when(gap.is_null())
        .then(pl.lit("new"))
        .when(gap >= churned)
        .then(pl.lit("won back"))
        .otherwise(pl.lit("active")),
    )
    silence = (pl.col("until") - at).dt.total_microseconds()
    entered = [staged.select("n", "stage", entered_at="at")] + [
        staged.filter(silence >= days).select(
            "n", stage=pl.lit(stage), entered_at=at + pl.duration(microseconds=days)
        )
        for stage, days in (("at risk", at_risk), ("churned", churned))
    ]
    ordered = pl.concat(entered).sort("n", "entered_at", maintain_order=True)
    same = pl.col("stage") == pl.col("stage").shift(1).over("n")
    return ordered.filter(~same.fill_null(value=False))
