"""New arrivals: whether a person buys what the shop has only just begun to sell."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection

from cdp.derive.declare import declared
from cdp.derive.facts import Facts, instant
from cdp.derive.parameters import Parameters
from cdp.store import derive_fit

FAMILY = "arrivals"
TRAITS = declared(
    FAMILY,
    ("line", "first-sold dates of products"),
    ("new_arrival_share", "number", "share 0..1", "how much of the spending was on new arrivals",
     "amount of lines bought within derive.new_arrival_days of the product's first sale in any channel "
     "/ amount of all lines of products that have a known first sale"),
    ("new_arrivals", "integer", "products", "how many new arrivals the person bought",
     "number of distinct products bought within derive.new_arrival_days of their first sale"),
)  # fmt: skip


def fit(tx: Connection, facts: Facts) -> dict[str, Any]:
    """When each product was first sold, days since 1970; what the first days sold is nothing new.

    A shop's data begins somewhere: a product first seen within derive.new_arrival_days of the
    first sale of all may have been sold before, so its first sale is not known.
    """
    sold = derive_fit.first_sales(tx, facts.policy.kinds["line"])
    if sold.is_empty():
        return {}
    begin = sold["day"].min()
    assert isinstance(begin, int)  # noqa: S101  there are days
    later = sold.filter(pl.col("day") > begin + facts.policy.new_arrival_days).sort("product")
    return {
        "begin": begin,
        "fitted_to": sold["day"].max(),
        "first_sold": dict(later.iter_rows()),
        "old": sorted(sold.filter(pl.col("day") <= begin + facts.policy.new_arrival_days)["product"]),
    }


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """n and the traits above; a product that the fit has not seen is sold for the first time."""
    del now
    sold = parameters.of(FAMILY)
    if not sold or facts.lines.is_empty():
        return facts.profiles.select("n").clear()
    lines = facts.lines.filter(pl.col("product").is_not_null())
    del instant, timedelta
    raise NotImplementedError(lines)
