"""Sums in one currency: amounts in others at the rate of their day, or kept out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

ALWAYS = "0001-01-01"
RATES = {"currency": pl.String, "since": pl.Datetime("us", "UTC"), "rate": pl.Float64}


def converted(events: pl.DataFrame, currency: Mapping[str, Any]) -> pl.DataFrame:
    """`events` with amount and discount in the reporting currency, and `unconverted`.

    `currency`: {reporting: ISO 4217 or None, rates: {currency: rate | {day: rate}}}. An amount whose
    currency has no rate on its day is null and stands in `unconverted` as it was said.
    """
    reporting = currency.get("reporting")
    said = set(events["currency"].unique().drop_nulls())
    foreign = pl.col("currency").is_not_null() & (
        pl.col("currency") != pl.lit(reporting, pl.String)
    )
    if said <= {reporting}:
        return events.with_columns(unconverted=pl.lit(None, pl.Float64))
    rated = events.sort("at").join_asof(
        _rates(currency), left_on="at", right_on="since", by="currency", check_sortedness=False
    )
    rate = pl.when(foreign).then("rate").otherwise(1.0)
    return rated.with_columns(
        unconverted=pl.when(rate.is_null()).then("amount"),
        amount=(pl.col("amount") * rate).round(4),
        discount=(pl.col("discount") * rate).round(4),
    ).drop("rate", "since")


def _rates(currency: Mapping[str, Any]) -> pl.DataFrame:
    """Columns currency, since and rate: one row a day on which a rate came into force, in that order."""
    found = [
        (code, datetime.fromisoformat(str(day)).replace(tzinfo=UTC), float(rate))
        for code, said in currency.get("rates", {}).items()
        for day, rate in (said if isinstance(said, Mapping) else {ALWAYS: said}).items()
    ]
    rates = pl.DataFrame(found, schema=RATES, orient="row")
    return rates.with_columns(pl.col("currency").cast(pl.Categorical)).sort("since")
