"""Browsing: visits, views and carts, and what a person looked at and bought nowhere."""

from datetime import datetime

import polars as pl
from polars.dataframe.group_by import GroupBy

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters

FAMILY = "browsing"
MOST = 12
TRAITS = declared(
    FAMILY,
    ("visit", "view", "cart", "line"),
    ("visits", "integer", "visits", "how often the person came to a site or app",
     "distinct sessions; where nobody tells sessions, distinct days with a visit"),
    ("last_visit_at", "instant", "UTC", "when the person last came", "max(at of visits)"),
    ("days_since_visit", "age", "days", "days since the last visit", "now - last_visit_at", "last_visit_at"),
    ("product_views", "integer", "views", "how many products were looked at", "number of views"),
    ("last_view_at", "instant", "UTC", "when a product was last looked at", "max(at of views)"),
    ("open_cart_at", "instant", "UTC", "when something was put into a cart that nothing came of",
     "the last addition to a cart that is later than the last order"),
    ("open_interests", "list", None, "products looked at and bought in no channel, newest view first",
     f"products of views and carts less products of order lines, at most {MOST}"),
    ("open_interest_categories", "list", None,
     "categories looked at and bought in no channel, newest view first",
     f"categories of views and carts less categories of order lines, at most {MOST}"),
    ("open_interest_at", "instant", "UTC", "when one of the open interests was last looked at",
     "max(at of views and carts of products that were not bought)"),
)  # fmt: skip

VIEW, CART = pl.col("is_view"), pl.col("is_cart")
CAME = (
    pl.when(pl.col("session").count() > 0)
    .then(pl.col("session").drop_nulls().n_unique())
    .otherwise(pl.col("at").dt.truncate("1d").n_unique())
    .cast(pl.Int64)
    .alias("visits"),
    pl.col("at").max().alias("last_visit_at"),
    VIEW.sum().cast(pl.Int64).alias("product_views"),
    pl.col("at").filter(VIEW).max().alias("last_view_at"),
    pl.col("at").filter(CART).max().alias("open_cart_at"),
)
OPEN_PRODUCTS = (
    pl.col("product").head(MOST).alias("open_interests"),
    pl.col("at").max().alias("open_interest_at"),
)
OPEN_CATEGORIES = pl.col("category").head(MOST).alias("open_interest_categories")
STILL_OPEN = pl.when(
    pl.col("last_order_at").is_null() | (pl.col("open_cart_at") > pl.col("last_order_at"))
).then("open_cart_at")


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above."""
    del parameters, now
    visits = facts.of("visit", "view", "cart")
    if visits.is_empty():
        return facts.profiles.select("n").clear()
    visits = visits.with_columns(is_view=facts.plays("view"), is_cart=facts.plays("cart"))
    found = visits.group_by("n").agg(*CAME)
    looked = visits.filter(VIEW | CART)
    products = _open(looked, facts.lines, "product").agg(*OPEN_PRODUCTS)
    categories = _open(looked, facts.lines, "category").agg(OPEN_CATEGORIES)
    found = found.join(products, on="n", how="left").join(categories, on="n", how="left")
    if facts.orders.is_empty():
        return found
    ordered = facts.bought.select("n", "last_order_at")
    return found.join(ordered, on="n", how="left").with_columns(STILL_OPEN).drop("last_order_at")


def _open(looked: pl.DataFrame, lines: pl.DataFrame, name: str) -> GroupBy:
    """Per person the values of `name` that were looked at and not bought, newest first."""
    seen = looked.filter(pl.col(name).is_not_null()).group_by("n", name).agg(pl.col("at").max())
    if not lines.is_empty():
        seen = seen.join(lines.select("n", name), on=["n", name], how="anti")
    ranked = seen.with_columns(pl.col(name).cast(pl.String)).sort(
        "n", "at", name, descending=[False, True, False]
    )
    return ranked.group_by("n", maintain_order=True)
