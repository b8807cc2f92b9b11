"""Training a model on the features of records: candidates, random pairs, frequencies, shares."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from cdp.errors import NothingToLearn
from cdp.identity.matching.blocking import candidate_pairs
from cdp.identity.matching.comparisons import comparisons
from cdp.identity.matching.engine import levels
from cdp.identity.matching.frequencies import frequencies, frequency_columns, providers
from cdp.identity.matching.model import Model, Options
from cdp.identity.matching.scoring import agreed_frequencies, comparable, numbered
from cdp.identity.matching.training import estimate

FEWEST = 2  # records to learn from


def train(features: pl.DataFrame, trained_at: datetime, options: Options | None = None) -> Model:
    """A model learnt from the records themselves, without any label.

    Raises:
        NothingToLearn: fewer than two records, no field that can be compared, or no two records
            with anything in common.
    """
    options = options or Options()
    nodes = numbered(features)
    return learnt(nodes, candidate_pairs(nodes, options.blocking), trained_at, options).model


@dataclass(frozen=True)
class Learnt:
    """A model, and what it was learnt from, to be weighed by it.

    nodes: see `comparable`; agreeing: the `levels` of all candidate pairs.
    """

    model: Model
    nodes: pl.DataFrame
    agreeing: pl.DataFrame


def learnt(
    features: pl.DataFrame, pairs: pl.DataFrame, trained_at: datetime, options: Options
) -> Learnt:
    """What `train` does where the candidate `pairs` (left, right) of numbered records are at hand."""
    model = _begun(features, pairs, trained_at, options)
    nodes = comparable(model, features)
    agreeing = levels(nodes, pairs, model)
    drawn, ends = _random_pairs(nodes.height, options), ["left", "right"]
    known = pairs.join(drawn, on=ends, how="semi")  # not all pairs, which are millions
    strangers = drawn.join(known, on=ends, how="anti", maintain_order="left")
    chosen = _thinned(agreeing, options)
    told = (
        agreed_frequencies(model.comparisons, nodes, some)
        for some in (chosen, levels(nodes, strangers, model))
    )
    trained = estimate(
        model.comparisons,
        *told,
        total=nodes.height * (nodes.height - 1) // 2,
        scale=pairs.height / chosen.height,
    )
    found = {
        "prior": trained.prior,
        "household": trained.household,
        "comparisons": tuple(trained.comparisons),
    }
    return Learnt(model.model_copy(update=found), nodes, agreeing)


def _begun(
    features: pl.DataFrame, pairs: pl.DataFrame, trained_at: datetime, options: Options
) -> Model:
    """The model from which training begins. Raises NothingToLearn."""
    filled = [c for c in features.columns if features[c].null_count() < features.height]
    fields = comparisons(filled)
    if features.height < FEWEST or not fields:
        raise NothingToLearn(
            f"{features.height} records with {len(fields)} comparable fields teach nothing;"
            " give at least two records with a name, a birth date or a contact point"
        )
    if pairs.is_empty():
        raise NothingToLearn(
            f"no two of the {features.height} records have enough in common to learn from"
        )
    return Model(
        trained_at=trained_at,
        records=features.height,
        prior=1 / features.height,
        household=1 / features.height,
        comparisons=tuple(fields),
        frequencies={column: frequencies(features, column) for column in frequency_columns(fields)},
        providers=providers(features),
        options=options,
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
