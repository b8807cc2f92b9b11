"""The words that drove a judgement: of each text or aspect the terms that moved it most."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from cdp.derive.sentiment.tokens import Real, Whole

MOST = 3
CANDIDATES = 8  # are compared for words that they share
NEUTRAL = 0.1  # of what is nearer to zero words of either direction are told


@dataclass(frozen=True)
class Pulls:
    """How far single terms move what they stand in: `unit` (a text or a clause), `term`, `pull`."""

    unit: Whole
    term: Whole  # its place in `terms`
    pull: Real
    terms: pl.Series


def drivers(pulls: Pulls, polarity: Real) -> pl.Series:
    """The words of each unit, strongest first, as lists; `polarity`: of each unit.

    Only terms that pull the way of their unit count, and of terms that share a word the stronger:
    `too tight` rather than `tight`.
    """
    strongest = _strongest(pulls, polarity)
    words = strongest.with_columns(said=pulls.terms.gather(strongest["term"])).with_columns(
        word=pl.col("said").str.split(" ")
    )
    each = words.explode("word").with_columns(
        leads=pl.col("size") == pl.col("size").max().over("unit", "word")
    )
    told = (
        each.group_by("unit", "term", maintain_order=True)
        .agg(pl.col("leads").all(), pl.col("said").first())
        .filter("leads")
        .group_by("unit", maintain_order=True)
        .agg(words=pl.col("said").head(MOST))
    )
    units = pl.DataFrame({"unit": np.arange(len(polarity))})
    return units.join(told, on="unit", how="left", maintain_order="left")["words"].fill_null([])


def _strongest(pulls: Pulls, polarity: Real) -> pl.DataFrame:
    """unit, term and size of the strongest terms of each unit, strongest first."""
    side = polarity[pulls.unit]
    kept = (pulls.pull * side > 0) | (np.abs(side) < NEUTRAL)
    size = max(len(pulls.terms), 1)
    key, place = np.unique(pulls.unit[kept] * size + pulls.term[kept], return_inverse=True)
    strength = np.abs(np.bincount(place, pulls.pull[kept], len(key)))
    unit = key // size
    order = np.lexsort((key, -strength, unit))
    unit = unit[order]
    begins = np.r_[True, unit[1:] != unit[:-1]] if len(unit) else np.zeros(0, bool)
    rank = np.arange(len(unit)) - np.flatnonzero(begins)[np.cumsum(begins) - 1]
    top = order[rank < CANDIDATES]
    return pl.DataFrame({"unit": key[top] // size, "term": key[top] % size, "size": strength[top]})
