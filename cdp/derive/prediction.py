"""Prediction: purchases and value to expect of each buyer, by BG/NBD and Gamma-Gamma."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.orders import bought_of
from cdp.derive.parameters import Parameters
from cdp.derive.policy import Prediction

if TYPE_CHECKING:
    from cdp.derive.bgnbd import Real

FAMILY = "prediction"
MODEL = (
    "BG/NBD (Fader, Hardie, Lee 2005) over purchase days, in weeks up to the last fit; the horizon is "
    "derive.prediction.days"
)
WITHIN = "80 % interval: 10th and 90th percentile of the number of purchases given the model"
TRAITS = declared(
    FAMILY,
    ("order", "fitted BG/NBD and Gamma-Gamma"),
    ("prediction", "category", None, "told, or not enough data",
     "told where the model was fitted: it needs derive.prediction.least_repeaters repeat buyers"),
    ("alive_probability", "number", "probability 0..1", "how likely the person still is a customer",
     f"P(alive | history): {MODEL}"),
    ("expected_orders", "number", "purchases", "purchases to expect within the horizon",
     f"E(purchases | history): {MODEL}"),
    ("expected_orders_low", "number", "purchases", "at least so many purchases, most likely", WITHIN),
    ("expected_orders_high", "number", "purchases", "at most so many purchases, most likely", WITHIN),
    ("expected_order_value", "money", "reporting currency", "the value of a purchase to expect",
     "E(mean value | history) by Gamma-Gamma (Fader, Hardie 2013) over the spending of purchase days"),
    ("expected_value", "money", "reporting currency", "spending to expect within the horizon",
     "expected_orders x expected_order_value"),
    ("expected_value_low", "money", "reporting currency", "at least so much spending, most likely",
     "expected_orders_low x expected_order_value"),
    ("expected_value_high", "money", "reporting currency", "at most so much spending, most likely",
     "expected_orders_high x expected_order_value"),
)  # fmt: skip
WEEK = 7 * 86_400_000_000  # microseconds
NOT_ENOUGH, TOLD = "not enough data", "told"
LOW, HIGH = 0.1, 0.9
FIRST_DAY, LAST_DAY, DAYS = (
    pl.col("first_day"),
    pl.col("last_day"),
    pl.col("days").cast(pl.Float64),
)
HISTORY = (
    pl.col("n"),
    (DAYS - 1).alias("frequency"),
    (LAST_DAY - FIRST_DAY).dt.total_microseconds().truediv(WEEK).alias("recency"),
    (pl.max_horizontal("last_day", "end") - FIRST_DAY)
    .dt.total_microseconds()
    .truediv(WEEK)
    .alias("age"),
    DAYS,
    (pl.col("spent") / DAYS).alias("mean"),
)
VALUES = tuple(
    (pl.col(f"expected_orders{which}") * pl.col("expected_order_value"))
    .round(2)
    .alias(f"expected_value{which}")
    for which in ("", "_low", "_high")
)
FINITE = pl.when(pl.all().cast(pl.Float64).is_finite()).then(pl.all()).otherwise(None)
BUCKETS = 7  # repeat purchases from here on are told together in the report


def histories(facts: Facts, until: datetime, since: datetime | None = None) -> pl.DataFrame:
    """Columns n, frequency, recency, age (weeks), days and mean (spending of a purchase day) of each buyer.

    Purchases of one day (UTC) are one. `until` ends the observation, or the last purchase where it
    is later; `since` is only there to leave out what lies after `until` (see the calibration).
    """
    bought = (
        facts.bought if since is None else bought_of(facts.orders.filter(pl.col("at") <= until))
    )
    found = bought.with_columns(end=pl.lit(until).dt.truncate("1d"))
    return found.select(*HISTORY).sort("n")


def fit(facts: Facts, policy: Prediction, now: datetime) -> dict[str, Any]:
    """`state`, and where it is told: the parameters, how many were fitted, the calibration."""
    found = histories(facts, now) if not facts.orders.is_empty() else None
    repeaters = 0 if found is None else found.filter(pl.col("frequency") > 0).height
    state = {"customers": 0 if found is None else found.height, "repeaters": repeaters}
    if found is None or repeaters < policy.least_repeaters:
        return {"state": NOT_ENOUGH, "days": policy.days, **state}
    from cdp.derive import bgnbd  # noqa: PLC0415  scipy is slow to load

    model, likelihood = bgnbd.fitted(*_columns(found))
    return {
        "state": TOLD,
        "days": policy.days,
        **state,
        "until": now.isoformat(),
        "purchases": vars(model),
        "log_likelihood": round(likelihood, 4),
        "value": _value_model(found),
        "calibration": _calibration(facts, now, policy),
    }


def _columns(found: pl.DataFrame) -> "tuple[Real, Real, Real]":
    return found["frequency"].to_numpy(), found["recency"].to_numpy(), found["age"].to_numpy()


def _value_model(found: pl.DataFrame) -> dict[str, float] | None:
    from cdp.derive import gamma_gamma  # noqa: PLC0415  scipy is slow to load

    priced = found.filter(pl.col("mean") > 0)
    repeated = priced.filter(pl.col("frequency") > 0)
    if repeated.height < 2:
        return None
    return vars(gamma_gamma.fitted(priced["days"].to_numpy(), priced["mean"].to_numpy()))


def _calibration(facts: Facts, now: datetime, policy: Prediction) -> dict[str, Any]:
    """What a fit on the first half of the time says of the second, beside what happened."""
    from cdp.derive import bgnbd  # noqa: PLC0415  scipy is slow to load

    begin = facts.orders["at"].min()
    assert isinstance(begin, datetime)  # noqa: S101  there are orders
    cut = begin + (now - begin) / 2
    before = histories(facts, cut, since=begin)
    if before.filter(pl.col("frequency") > 0).height < policy.least_repeaters:
        return {"state": NOT_ENOUGH}
    model, _ = bgnbd.fitted(*_columns(before))
    weeks = (now - cut) / timedelta(weeks=1)
    predicted = bgnbd.expected(model, *_columns(before), weeks)
    later = (
        facts.orders.filter(pl.col("at") > cut)
        .group_by("n")
        .agg(actual=pl.col("at").dt.truncate("1d").n_unique())
    )
    rows = before.with_columns(predicted=pl.Series(predicted)).join(later, on="n", how="left")
    by_bucket = (
        rows.group_by(repeats=pl.col("frequency").clip(0, BUCKETS).cast(pl.Int64))
        .agg(
            customers=pl.len(),
            predicted=pl.col("predicted").mean().round(3),
            actual=pl.col("actual").fill_null(0).mean().round(3),
        )
        .sort("repeats")
    )
    return {
        "state": TOLD,
        "cut": cut.isoformat(),
        "weeks": round(weeks, 2),
        "predicted": round(float(predicted.sum()), 1),
        "actual": int(rows["actual"].sum()),
        "by_repeats": by_bucket.to_dicts(),
    }


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above, of buyers."""
    del now
    figures = parameters.of(FAMILY)
    if facts.orders.is_empty():
        return facts.profiles.select("n").clear()
    if figures["state"] != TOLD:
        return facts.orders.select("n", prediction=pl.lit(NOT_ENOUGH)).unique()
    until = datetime.fromisoformat(figures["until"])
    found = histories(facts, until)
    told = found.select("n", prediction=pl.lit(TOLD)).hstack(_predicted(found, figures))
    return told.with_columns(*VALUES)


def _predicted(found: pl.DataFrame, figures: Any) -> pl.DataFrame:
    from scipy.special import nbdtrik  # noqa: PLC0415  scipy is slow to load

    from cdp.derive import bgnbd  # noqa: PLC0415  scipy is slow to load

    model, columns = bgnbd.BgNbd(**figures["purchases"]), _columns(found)
    weeks = figures["days"] / 7
    alive = bgnbd.alive(model, *columns)
    expected = bgnbd.expected(model, *columns, weeks)
    # Who is alive buys a negative binomial number with the model's mean; who is not, nothing.
    shape = model.r + columns[0]
    chance = shape / (shape + expected / alive.clip(1e-12))
    low, high = (
        nbdtrik((share - (1 - alive)) / alive.clip(1e-12), shape, chance) for share in (LOW, HIGH)
    )
    whole = pl.DataFrame(
        {
            "alive_probability": alive.round(4),
            "expected_orders": expected.round(3),
            # Below the share of those who left there is no purchase.
            "expected_orders_low": (pl.Series(low).fill_nan(0.0).clip(0) - 1e-9).ceil(),
            "expected_orders_high": (pl.Series(high).fill_nan(0.0).clip(0) - 1e-9).ceil(),
            "expected_order_value": _order_value(found, figures["value"]),
        },
        nan_to_null=True,
    )
    return whole.with_columns(FINITE)


def _order_value(found: pl.DataFrame, figures: dict[str, float] | None) -> pl.Series:
    from cdp.derive import gamma_gamma  # noqa: PLC0415  scipy is slow to load

    if figures is None:
        return pl.Series([None] * found.height, dtype=pl.Float64)
    priced = found.with_columns(pl.when(pl.col("mean") > 0).then("mean").alias("mean"))
    mean = priced["mean"].fill_null(float("nan")).to_numpy()
    model = gamma_gamma.GammaGamma(**figures)
    value = gamma_gamma.expected_mean(model, found["days"].to_numpy(), mean)
    return pl.Series(value.round(2)).fill_nan(None)
