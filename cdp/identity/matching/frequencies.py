"""How frequent each value is: agreement on a frequent name says less than on a rare one."""

import hashlib
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import polars as pl

from cdp.identity.matching.levels import Comparison
from cdp.identity.matching.model import Frequencies

MOST = 5_000  # listed values per feature
LEAST = 3  # records of a listed value
PROVIDER = 0.005  # share of the addresses from which a domain is a provider's, not somebody's own


def frequency_columns(comparisons: Iterable[Comparison]) -> list[str]:
    """The features of which the frequency of the value counts."""
    return sorted(
        {level.frequency for each in comparisons for level in each.levels if level.frequency}
    )


def frequencies(features: pl.DataFrame, column: str) -> Frequencies:
    """The share of the records of each frequent value, and that of a rare one."""
    said = features[column].drop_nulls()
    counts = said.value_counts(name="count")
    often = counts.filter(pl.col("count") >= LEAST)
    listed = often.sort("count", column, descending=[True, False]).head(MOST)
    # Of the pairs that agree on an unlisted value, more agree on one of several records.
    every, common = (each["count"].to_numpy().astype(np.float64) for each in (counts, listed))
    squares = (every**2).sum() - (common**2).sum()
    mean = float(squares / max(1.0, every.sum() - common.sum()))
    total = max(1, len(said))
    return Frequencies(
        common={
            _hashed(value): count / total
            for value, count in listed.select(column, "count").iter_rows()
        },
        rare=max(mean, 2.0) / total,
    )


def with_frequencies(nodes: pl.DataFrame, known: Mapping[str, Frequencies]) -> pl.DataFrame:
    """`nodes` with `tf_<column>`: the frequency of the value of each column of `known`."""
    return nodes.with_columns(
        _frequency(nodes[column], each).alias(f"tf_{column}") for column, each in known.items()
    )


def providers(features: pl.DataFrame) -> tuple[str, ...]:
    """The domains, hashed, that many addresses are at."""
    domains = features["domain"].drop_nulls()
    counts = domains.value_counts(name="count")
    many = counts.filter(pl.col("count") > PROVIDER * len(domains))
    return tuple(sorted(_hashed(domain) for domain in many["domain"]))


def with_own_domains(nodes: pl.DataFrame, known: Collection[str]) -> pl.DataFrame:
    """`nodes` whose `domain` is null where it is that of a provider of `known`."""
    distinct = nodes["domain"].drop_nulls().unique()
    shared = distinct.filter(
        pl.Series([_hashed(domain) in known for domain in distinct], dtype=pl.Boolean)
    )
    own = pl.when(~pl.col("domain").is_in(shared.implode())).then("domain")
    return nodes.with_columns(domain=own)


def _frequency(values: pl.Series, known: Frequencies) -> pl.Series:
    repeated = values.drop_nulls()
    repeated = repeated.filter(repeated.is_duplicated()).unique()
    listed = {value: share for value in repeated if (share := known.common.get(_hashed(value)))}
    share = values.replace_strict(listed, default=known.rare, return_dtype=pl.Float64)
    return share.set(values.is_null(), None)


def _hashed(value: str) -> str:
    return hashlib.blake2b(value.encode(), digest_size=8).hexdigest()
