"""Complements: what goes with a person's purchases, from what other buyers of the same also bought."""

from datetime import datetime
from typing import Any

import polars as pl
from polars.dataframe.group_by import GroupBy

from cdp.derive.declare import declared
from cdp.derive.document import RAW
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters
from cdp.derive.policy import Complements

FAMILY = "complements"
MOST = 8
MOST_NAMES = 3_000  # the most bought of them; rarer ones have no support
MOST_OF_ONE = 200  # of a person, so that a reseller does not weigh like a crowd
LIFT = (
    "lift(a, b) = buyers of both x all buyers / (buyers of a x buyers of b), where at least "
    "derive.complements.support buyers bought both and the lift is at least derive.complements.lift"
)
TRAITS = declared(
    FAMILY,
    ("line", "fitted co-purchases"),
    ("suggested_categories", "list", None, "categories that go with what was bought, less those bought",
     f"by the greatest lift over the bought categories, at most {MOST}; {LIFT}"),
    ("suggested_products", "list", None, "products that go with what was bought, less those bought",
     f"by the greatest lift over the bought products, at most {MOST}; {LIFT}"),
    ("suggestions", "list", None, "the suggested categories with the reason for each",
     "[{category, because, lift}]: the bought category of the greatest lift"),
)  # fmt: skip

CATEGORIES = (pl.col("b").alias("suggested_categories"), pl.col("told"))
SUGGESTIONS = (
    pl.col("n", "suggested_categories"),
    (pl.lit("[") + pl.col("told").list.join(",") + pl.lit("]")).alias(f"{RAW}suggestions"),
)
PRODUCTS = pl.col("b").alias("suggested_products")


def fit(facts: Facts, policy: Complements) -> dict[str, Any]:
    """For products and categories: [bought, goes with it, lift], and the number of buyers."""
    lines = facts.lines
    return {
        "buyers": facts.orders["n"].n_unique(),
        "category": _pairs(lines, "category", policy),
        "product": _pairs(lines, "product", policy),
    }


def _pairs(lines: pl.DataFrame, name: str, policy: Complements) -> list[list[Any]]:
    bought = lines.filter(pl.col(name).is_not_null()).select("n", name=pl.col(name).cast(pl.String))
    bought = bought.unique()
    counts = bought.group_by("name").agg(buyers=pl.len())
    counts = counts.filter(pl.col("buyers") >= policy.support)
    counts = counts.sort("buyers", "name", descending=[True, False]).head(MOST_NAMES)
    if counts.height < 2:
        return []
    kept = bought.join(counts.with_row_index("place"), on="name")
    kept = kept.filter(pl.col("place").rank("ordinal").over("n") <= MOST_OF_ONE)
    return _lifted(kept, counts, bought["n"].n_unique(), policy)


def _lifted(
    kept: pl.DataFrame, counts: pl.DataFrame, buyers: int, policy: Complements
) -> list[list[Any]]:
    import numpy as np  # noqa: PLC0415  scipy is slow to load
    from scipy.sparse import coo_array  # noqa: PLC0415  scipy is slow to load

    person = kept["n"].rank("dense").to_numpy() - 1
    cells = (np.ones(kept.height, np.float32), (person, kept["place"].to_numpy()))
    held = coo_array(cells, shape=(int(person.max()) + 1, counts.height)).tocsr()
    both = (held.T @ held).tocoo()
    pairs = pl.DataFrame({"a": both.row, "b": both.col, "both": both.data}).filter(
        (pl.col("a") != pl.col("b")) & (pl.col("both") >= policy.support)
    )
    of = counts["buyers"]
    lift = pl.col("both") * buyers / (of.gather(pairs["a"]) * of.gather(pairs["b"]))
    names = counts["name"]
    found = pairs.with_columns(
        lift=lift.cast(pl.Float64).round(3),
        a=names.gather(pairs["a"]),
        b=names.gather(pairs["b"]),
    ).filter(pl.col("lift") >= policy.lift)
    ranked = found.sort("a", "lift", "b", descending=[False, True, False])
    return [
        list(row) for row in _first(ranked, "a", policy.of_each).select("a", "b", "lift").rows()
    ]


def _first(ranked: pl.DataFrame, by: str, most: int) -> pl.DataFrame:
    return ranked.group_by(by, maintain_order=True).head(most)


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above."""
    del now
    found = facts.profiles.select("n")
    if facts.lines.is_empty():
        return found.clear()
    categories = _suggested(facts, parameters, "category")
    if categories is not None:
        found = found.join(categories.agg(*CATEGORIES).select(*SUGGESTIONS), on="n", how="left")
    products = _suggested(facts, parameters, "product")
    if products is not None:
        suggested = products.agg(PRODUCTS)
        found = found.join(suggested, on="n", how="left")
    return found if found.width > 1 else found.clear()


def _suggested(facts: Facts, parameters: Parameters, name: str) -> GroupBy | None:
    """Per person b (not bought) and told (with a, bought, of the greatest lift to b); best first."""
    names, pairs = parameters.once(f"{FAMILY}.{name}", lambda known: _coded(known.of(FAMILY)[name]))
    if pairs.is_empty():
        return None
    named = facts.lines.filter(pl.col(name).is_not_null())
    bought = named.select("n", pl.col(name).cast(pl.String).alias("name"))
    bought = bought.join(names, on="name").select("n", "code").unique()
    offered = bought.join(pairs, left_on="code", right_on="a")
    new = offered.join(bought, left_on=["n", "b"], right_on=["n", "code"], how="anti")
    if new.is_empty():
        return None
    # Pairs are numbered from the best on: the least numbers are the greatest lifts. Names are only
    # looked up for the few that are told.
    by_offer = new.group_by("n", "b").agg(pl.col("pair").min())
    best = by_offer.group_by("n").agg(pl.col("pair").bottom_k(MOST)).explode("pair")
    words = parameters.once(f"{FAMILY}.{name}.words", lambda _: _words(names, pairs))
    return best.join(words, on="pair").sort("n", "pair").group_by("n", maintain_order=True)


def _coded(found: list[list[Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames names: name and code; pairs: a and b as codes, lift, pair (its place by lift)."""
    schema = {"a": pl.String, "b": pl.String, "lift": pl.Float64}
    pairs = pl.DataFrame(found, schema=schema, orient="row")
    names = pl.concat([pairs["a"], pairs["b"]]).unique().sort().to_frame("name")
    names = names.with_row_index("code")
    ranked = pairs.sort("lift", "b", "a", descending=[True, False, False]).with_row_index("pair")
    for side in ("a", "b"):
        ranked = ranked.join(names, left_on=side, right_on="name").drop(side).rename({"code": side})
    return names, ranked.sort("pair")


def _words(names: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Columns pair, b as a name, and told: what is suggested and why, as JSON text."""
    word = names["name"]
    told = pl.struct(category="b", because="a", lift="lift").struct.json_encode()
    named = pairs.select("pair", "lift", a=word.gather(pairs["a"]), b=word.gather(pairs["b"]))
    return named.select("pair", "b", told=told)
