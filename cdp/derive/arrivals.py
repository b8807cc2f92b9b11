"""New arrivals: whether a person buys what the shop has only just begun to sell."""

from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters
from cdp.store.derive import fit as derive_fit

FAMILY = "arrivals"
TRAITS = declared(
    FAMILY,
    ("line", "first-sold dates of products"),
    ("new_arrival_share", "number", "share 0..1", "how much of the spending was on new arrivals",
     ("amount of lines bought within derive.new_arrival_days of the product's first sale in any channel "
     "/ amount of all lines that name a product. What the data's first days sold is nothing new")),
    ("new_arrivals", "integer", "products", "how many new arrivals the person bought",
     "number of distinct products bought within derive.new_arrival_days of their first sale"),
)  # fmt: skip


def fit(tx: Connection, facts: Facts) -> dict[str, Any]:
    """`first_sold`: when each product was first sold, days since 1970; `begin`: the first of them."""
    kinds = facts.policy.kinds_of("line", derive_fit.kinds(tx))
    sold = derive_fit.first_sales(tx, kinds).sort("product")
    return {"begin": sold["day"].min(), "first_sold": dict(sold.iter_rows())}


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above; a product that the fit has not seen is sold for the first time."""
    del now
    begin = parameters.of(FAMILY).get("begin")
    if begin is None or facts.lines.is_empty():
        return facts.profiles.select("n").clear()
    lines = facts.lines.filter(pl.col("product").is_not_null()).join(
        parameters.once(FAMILY, _first_sold), on="product", how="left"
    )
    day, window = pl.col("at").dt.epoch("d"), facts.policy.new_arrival_days
    first = pl.coalesce("first_sold", day)
    new = (first > begin + window) & (day - first <= window)
    amount = pl.col("amount").fill_null(0.0)
    return (
        lines.with_columns(new=new)
        .group_by("n")
        .agg(
            spent=amount.sum().round(4),
            spent_new=amount.filter("new").sum().round(4),
            new_arrivals=pl.col("product").filter("new").n_unique().cast(pl.Int64),
        )
        .select(
            "n",
            "new_arrivals",
            new_arrival_share=pl.when(pl.col("spent") > 0)
            .then(pl.col("spent_new") / pl.col("spent"))
            .round(4),
        )
    )


def _first_sold(parameters: Parameters) -> pl.DataFrame:
    known = parameters.of(FAMILY)["first_sold"]
    return pl.DataFrame(
        {"product": list(known), "first_sold": list(known.values())},
        schema={"product": pl.String, "first_sold": pl.Int32},
    )
