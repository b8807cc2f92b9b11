"""Affinities: which departments, categories and brands a person buys, and which are looked at."""

from datetime import datetime
from functools import cache

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.document import RAW, json_text
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters

FAMILY = "affinity"
MOST = 12  # names of one person; what is beyond hardly weighs
BOUGHT = "amount of its lines / amount of all lines that name one; pieces where nothing has a price"
TRAITS = declared(
    FAMILY,
    ("line", "view"),
    ("top_department", "category", None, "the department most is spent in", "the first of department_shares"),
    ("department_shares", "object", "share 0..1", "share of the spending by department",
     f"{BOUGHT}; the {MOST} largest"),
    ("departments", "integer", "departments", "how many departments the person bought from",
     "number of distinct departments of lines"),
    ("top_category", "category", None, "the category most is spent in", "the first of category_shares"),
    ("category_shares", "object", "share 0..1", "share of the spending by category",
     f"{BOUGHT}; the {MOST} largest"),
    ("categories", "integer", "categories", "how many categories the person bought from",
     "number of distinct categories of lines"),
    ("top_brand", "category", None, "the brand most is spent on", "the first of brand_shares"),
    ("brand_shares", "object", "share 0..1", "share of the spending by brand",
     f"{BOUGHT}; the {MOST} largest"),
    ("top_viewed_category", "category", None, "the category looked at most", "the first of viewed_shares"),
    ("viewed_shares", "object", "share 0..1", "share of product views by category",
     f"views of the category / views that name one; the {MOST} largest"),
)  # fmt: skip
BY = (("department", "departments"), ("category", "categories"), ("brand", None))


WEIGHT, NAME = pl.col("weight"), pl.col("name")
# The line's amount; its pieces for people none of whose lines has a price.
WEIGHED = (
    pl.when(pl.col("amount").sum().over("n") > 0)
    .then(pl.col("amount").fill_null(0.0).clip(lower_bound=0))
    .otherwise(pl.col("quantity").fill_null(1.0))
    .alias("weight")
)
SHARE = (WEIGHT / WEIGHT.sum().over("n")).round(4).cast(pl.String)
ENTRY = (json_text("name") + ":" + SHARE).alias("entry")
OF_ONE = (
    NAME.first().alias("top"),
    pl.col("entry").head(MOST),
    pl.len().cast(pl.Int64).alias("count"),
)
# Joined afterwards: group by group that takes five times as long.
SHARES = pl.lit("{") + pl.col("entry").list.join(",") + pl.lit("}")


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above."""
    del parameters, now
    told = []
    if not facts.lines.is_empty():
        lines = facts.lines.with_columns(WEIGHED)
        told = [
            shares_of(lines, name, f"top_{name}", f"{name}_shares", count) for name, count in BY
        ]
    views = facts.of("view")
    if not views.is_empty():
        weighed = views.with_columns(weight=pl.lit(1.0))
        told.append(shares_of(weighed, "category", "top_viewed_category", "viewed_shares", None))
    found = facts.profiles.select("n")
    for shares in told:
        if shares is not None:
            found = found.join(shares, on="n", how="left")
    return found if found.width > 1 else found.clear()


def shares_of(
    rows: pl.DataFrame, name: str, top: str, shares: str, count: str | None
) -> pl.DataFrame | None:
    """Columns n, the heaviest `name` of each person, the shares of all and their number; None: none named."""
    named = rows.filter(pl.col(name).is_not_null())
    if named.is_empty():
        return None
    sums = named.group_by("n", pl.col(name).alias("name")).agg(WEIGHT.sum().round(4))
    sums = sums.filter(WEIGHT > 0).with_columns(NAME.cast(pl.String))
    ranked = sums.sort("n", "weight", "name", descending=[False, True, False])
    of_each = ranked.with_columns(ENTRY).group_by("n", maintain_order=True).agg(*OF_ONE)
    return of_each.select(*_told(top, shares, count))


@cache
def _told(top: str, shares: str, count: str | None) -> tuple[pl.Expr, ...]:
    told = (pl.col("n"), pl.col("top").alias(top), SHARES.alias(RAW + shares))
    return (*told, pl.col("count").alias(count)) if count else told
