"""Training a model on the features of records: candidates, random pairs, frequencies, shares."""

from datetime import datetime

import numpy as np
import polars as pl

from cdp.errors import NothingToLearn
from cdp.identity.matching.blocking import candidate_pairs
from cdp.identity.matching.comparisons import comparisons
from cdp.identity.matching.engine import compare
from cdp.identity.matching.frequencies import (
    frequencies,
    frequency_columns,
    providers,
    with_frequencies,
    with_own_domains,
)
from cdp.identity.matching.levels import Comparison
from cdp.identity.matching.model import Model, Options
from cdp.identity.matching.scoring import numbered
from cdp.identity.matching.training import estimate

FEWEST = 2  # records to learn from


def train(features: pl.DataFrame, trained_at: datetime, options: Options | None = None) -> Model:
    """A model learnt from the records themselves, without any label.

    Raises:
        NothingToLearn: fewer than two records, no field that can be compared, or no two records
            with anything in common.
    """
    options = options or Options()
    filled = [c for c in features.columns if features[c].null_count() < features.height]
    compared = comparisons(filled)
    if features.height < FEWEST or not compared:
        raise NothingToLearn(
            f"{features.height} records with {len(compared)} comparable fields teach nothing;"
            " give at least two records with a name, a birth date or a contact point"
        )
    nodes = numbered(features)
    known = {column: frequencies(nodes, column) for column in frequency_columns(compared)}
    model = Model(
        trained_at=trained_at,
        records=nodes.height,
        prior=1 / nodes.height,
        household=1 / nodes.height,
        comparisons=tuple(compared),
        frequencies=known,
        providers=providers(nodes),
        options=options,
    )
    nodes = with_own_domains(with_frequencies(nodes, known), model.providers)
    pairs = candidate_pairs(nodes, options.blocking)
    if pairs.is_empty():
        raise NothingToLearn(
            f"no two of the {nodes.height} records have enough in common to learn from"
        )
    chosen = _thinned(pairs, options)
    strangers = _random_pairs(nodes.height, options).join(pairs, on=["left", "right"], how="anti")
    both = compare(nodes, pl.concat([chosen, strangers]), model)
    told = _with_agreed_frequency(both, nodes, compared)
    is_candidate = (
        told.select("left", "right")
        .join(
            chosen.with_columns(found=True), on=["left", "right"], how="left", maintain_order="left"
        )["found"]
        .fill_null(value=False)
    )
    trained = estimate(
        compared,
        told.filter(is_candidate),
        told.filter(~is_candidate),
        total=nodes.height * (nodes.height - 1) // 2,
        scale=pairs.height / max(1, chosen.height),
    )
    return model.model_copy(
        update={
            "prior": trained.prior,
            "household": trained.household,
            "comparisons": tuple(trained.comparisons),
        }
    )


def _thinned(pairs: pl.DataFrame, options: Options) -> pl.DataFrame:
    if pairs.height <= options.candidates:
        return pairs
    return pairs.sample(options.candidates, seed=options.seed).sort("left", "right")


def _random_pairs(count: int, options: Options) -> pl.DataFrame:
    chance = np.random.default_rng(options.seed)
    drawn = min(options.random_pairs, count * (count - 1))
    ends = chance.integers(0, count, size=(2, drawn), dtype=np.uint32)
    pairs = pl.DataFrame({"left": ends.min(axis=0), "right": ends.max(axis=0)})
    return pairs.filter(pl.col("left") < pl.col("right")).unique().sort("left", "right")


def _with_agreed_frequency(
    told: pl.DataFrame, nodes: pl.DataFrame, compared: list[Comparison]
) -> pl.DataFrame:
    """`tf_<comparison>`: the larger frequency of the two values where they agree on one."""
    return told.rename({"node_l": "left", "node_r": "right"}).with_columns(
        _agreed(each, told, nodes).alias(f"tf_{each.name}") for each in compared
    )


def _agreed(comparison: Comparison, told: pl.DataFrame, nodes: pl.DataFrame) -> pl.Expr:
    agreed: pl.Expr = pl.lit(None, pl.Float64)
    count = len(comparison.levels)
    for place, level in enumerate(comparison.levels):
        if level.frequency is not None:
            shares = nodes[f"tf_{level.frequency}"]
            larger = pl.max_horizontal(
                pl.lit(shares.gather(told["node_l"])), pl.lit(shares.gather(told["node_r"]))
            )
            at_level = pl.col(f"gamma_{comparison.name}") == count - 1 - place
            agreed = pl.when(at_level).then(larger).otherwise(agreed)
    return agreed
