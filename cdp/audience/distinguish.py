"""What tells one group of people from another: their traits ranked by effect size."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import sqrt
from random import Random
from typing import Any

import polars as pl
from sqlalchemy import Connection

from cdp.audience.crossing import Chunks, numbers
from cdp.audience.intervals import d_interval, delta_interval, share_difference
from cdp.model.crossed import Difference
from cdp.store.audience import crossings

SAMPLED = 5_000  # people of each group: their shares are right to 1.4 points
LEAST_KNOWN = 10  # people of each group whose trait is known, below it nothing is said
MOST_VALUES = 200  # a trait with more is a name or an address, not a category
SECONDS_IN_DAY = 86_400

Types = Mapping[str, str]  # of the registry's traits, by name


def sampled(people: Chunks, most: int) -> list[int]:
    """The numbers of at most `most` of them, by chance but every time the same."""
    every = list(numbers(people))
    return every if len(every) <= most else sorted(Random(1).sample(every, most))  # noqa: S311


def differences(
    tx: Connection, a: Sequence[int], b: Sequence[int], types: Types, now: datetime
) -> list[Difference]:
    """Every trait of the people numbered `a` and `b` by its effect, the strongest first.

    `types`: numbers, dates and instants (as days before `now`) are compared by rank; all others as
    categories. Traits of which little is known are left out; of nobody nothing differs.
    """
    if not a or not b:
        return []
    values = crossings.trait_values(tx, a, b)
    known = _known(values)
    told = known.filter((pl.col("n_a") >= LEAST_KNOWN) & (pl.col("n_b") >= LEAST_KNOWN))
    values = values.join(told.select("trait"), on="trait", how="semi").with_columns(
        type=pl.col("trait").replace_strict(types, default=pl.col("type"), return_dtype=pl.String)
    )
    found = [
        *_of_numbers(_as_numbers(values, now)),
        *_of_categories(values, told),
        *_of_knowing(known, len(a), len(b)),
    ]
    return sorted(found, key=lambda each: (-abs(each.effect), each.trait, each.kind))


def _known(values: pl.DataFrame) -> pl.DataFrame:
    """trait, n_a, n_b: of how many people of each group it is known."""
    return (
        values.unique(["trait", "number"])
        .group_by("trait")
        .agg(n_a=(pl.col("in_a") == 1).sum(), n_b=(pl.col("in_a") == 0).sum())
    )


def _as_numbers(values: pl.DataFrame, now: datetime) -> pl.DataFrame:
    plain = values.filter(pl.col("type").is_in(["number", "integer", "money"])).with_columns(
        number=pl.col("value").cast(pl.Float64, strict=False)
    )
    moments = values.filter(pl.col("type").is_in(["instant", "date"])).with_columns(
        number=(now.timestamp() - _seconds("value")) / SECONDS_IN_DAY
    )
    return pl.concat([plain, moments]).drop_nulls("number")


def _seconds(column: str) -> pl.Expr:
    """Of a date or of an instant in UTC, as they are kept; since 1970."""
    whole = pl.col(column).str.head(10).str.to_date("%Y-%m-%d", strict=False).dt.epoch("s")
    clock = pl.col(column).str.slice(11, 8).str.to_time("%H:%M:%S", strict=False)
    return whole + (clock.cast(pl.Int64) // 1_000_000_000).fill_null(0)


def _of_numbers(values: pl.DataFrame) -> Iterator[Difference]:
    in_a, in_b = pl.col("in_a") == 1, pl.col("in_a") == 0
    number = pl.col("number")
    summed = (
        values.with_columns(rank=number.rank("average").over("trait"))
        .group_by("trait")
        .agg(
            n_a=in_a.sum(),
            n_b=in_b.sum(),
            a=number.filter(in_a).mean(),
            b=number.filter(in_b).mean(),
            spread_a=number.filter(in_a).var(),
            spread_b=number.filter(in_b).var(),
            ranks=pl.col("rank").filter(in_a).sum(),
        )
        .filter((pl.col("n_a") >= LEAST_KNOWN) & (pl.col("n_b") >= LEAST_KNOWN))
    )
    for row in summed.iter_rows(named=True):
        yield _number(row)


def _number(row: dict[str, Any]) -> Difference:
    n_a, n_b, a, b = row["n_a"], row["n_b"], row["a"], row["b"]
    # Mann and Whitney's U over all pairs is the share of pairs in which a is above b.
    delta = 2 * (row["ranks"] - n_a * (n_a + 1) / 2) / (n_a * n_b) - 1
    pooled = sqrt(((n_a - 1) * row["spread_a"] + (n_b - 1) * row["spread_b"]) / (n_a + n_b - 2))
    d = (a - b) / pooled if pooled else None
    return Difference(
        trait=row["trait"],
        kind="number",
        effect=delta,
        interval=delta_interval(delta, n_a, n_b),
        a=a,
        b=b,
        n_a=n_a,
        n_b=n_b,
        cohens_d=d,
        d_interval=None if d is None else d_interval(d, n_a, n_b),
    )


def _of_categories(values: pl.DataFrame, known: pl.DataFrame) -> Iterator[Difference]:
    counted = (
        values.filter(~pl.col("type").is_in(["number", "integer", "money", "instant", "date"]))
        .group_by("trait", "value")
        .agg(hits_a=(pl.col("in_a") == 1).sum(), hits_b=(pl.col("in_a") == 0).sum())
        .filter(pl.len().over("trait") <= MOST_VALUES)
        .join(known, on="trait")
        .with_columns(effect=pl.col("hits_a") / pl.col("n_a") - pl.col("hits_b") / pl.col("n_b"))
        .sort(pl.col("effect").abs(), "value", descending=[True, False])
    )
    for (trait,), part in counted.group_by("trait", maintain_order=True):
        yield _category(str(trait), part.row(0, named=True), part)


def _category(trait: str, top: dict[str, Any], part: pl.DataFrame) -> Difference:
    n_a, n_b = top["n_a"], top["n_b"]
    return Difference(
        trait=trait,
        kind="category",
        value=top["value"],
        effect=top["effect"],
        interval=share_difference(top["hits_a"], n_a, top["hits_b"], n_b),
        a=top["hits_a"] / n_a,
        b=top["hits_b"] / n_b,
        n_a=n_a,
        n_b=n_b,
        cramers_v=_cramers_v(part),
    )


def _cramers_v(part: pl.DataFrame) -> float | None:
    """Of groups by values, bias-corrected (Bergsma 2013); None of lists, whose values overlap."""
    hits = part.select("hits_a", "hits_b")
    sum_a, sum_b = int(hits["hits_a"].sum()), int(hits["hits_b"].sum())
    if (sum_a, sum_b) != (part["n_a"][0], part["n_b"][0]):
        return None
    n, k = sum_a + sum_b, part.height
    whole = hits["hits_a"] + hits["hits_b"]
    chi2 = sum(
        float((((hits[name] - whole * share / n) ** 2) / (whole * share / n)).sum())
        for name, share in (("hits_a", sum_a), ("hits_b", sum_b))
    )
    corrected = max(0.0, chi2 / n - (k - 1) / (n - 1))
    columns, rows = k - (k - 1) ** 2 / (n - 1), 2 - 1 / (n - 1)
    least = min(columns, rows) - 1
    return sqrt(corrected / least) if least > 0 else 0.0


def _of_knowing(known: pl.DataFrame, people_a: int, people_b: int) -> Iterator[Difference]:
    for trait, n_a, n_b in known.iter_rows():
        interval = share_difference(n_a, people_a, n_b, people_b)
        if interval.clear:
            share_a, share_b = n_a / people_a, n_b / people_b
            yield Difference(
                trait=trait,
                kind="known",
                effect=share_a - share_b,
                interval=interval,
                a=share_a,
                b=share_b,
                n_a=n_a,
                n_b=n_b,
            )
