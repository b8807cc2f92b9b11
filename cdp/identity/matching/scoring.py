"""Scoring: candidate pairs, Splink's weights on them and the evidence field by field."""

import math
from collections.abc import Callable, Sequence
from operator import attrgetter

import numpy as np
import polars as pl
import polars.selectors as cs

from cdp.identity.matching.blocking import candidate_pairs
from cdp.identity.matching.engine import PIECE, levels, rows_of
from cdp.identity.matching.frequencies import with_frequencies, with_own_domains
from cdp.identity.matching.levels import Comparison, Level
from cdp.identity.matching.model import Model

HOUSEHOLD = "household"
EVIDENCE = pl.List(pl.Struct({"field": pl.String, "level": pl.String, "weight": pl.Float64}))


def score(
    model: Model,
    features: pl.DataFrame,
    new: Sequence[object] | pl.Series | None = None,
    least: float | None = None,
) -> pl.DataFrame:
    """The pairs of records that may be of one person, with the evidence.

    Args:
        model: trained.
        features: of all records; see `features`.
        new: record_uids of which a pair must hold at least one; None for all pairs. The cost
            follows their number but for reading `features` once.
        least: probability below which pairs are left out; None: that from which the model proposes.

    Returns:
        left, right (record_uids, left < right), weight (log2 of the odds that they are one person),
        probability, evidence (a list of field, level, weight that sums up to `weight`).
    """
    nodes = numbered(features)
    chosen = None
    if new is not None:
        uids = pl.Series("record_uid", list(new), dtype=nodes.schema["record_uid"])
        chosen = nodes.filter(pl.col("record_uid").is_in(uids.implode()))["node"]
    pairs = candidate_pairs(nodes, model.options.blocking, chosen)
    likely = model.options.propose if least is None else least
    return told(model, nodes, score_pairs(model, nodes, pairs, likely))


def numbered(features: pl.DataFrame) -> pl.DataFrame:
    """`features` by record_uid, each with its number `node`: the order of the rows never matters."""
    return features.sort("record_uid").with_row_index("node")


def score_pairs(
    model: Model, nodes: pl.DataFrame, pairs: pl.DataFrame, least: float = 0.0
) -> pl.DataFrame:
    """What the model says of `pairs` (left, right: nodes); see `weighed`."""
    ends = pl.concat([pairs["left"], pairs["right"]]).unique()
    here = comparable(model, nodes.filter(pl.col("node").is_in(ends.implode())))
    return weighed(model, here, levels(here, pairs, model), least)


def comparable(model: Model, nodes: pl.DataFrame) -> pl.DataFrame:
    """Of numbered features what the model compares, and the frequencies of the values."""
    read = [c for c in nodes.columns if c == "node" or c in model.columns]
    own = with_own_domains(nodes.select(read), model.providers)
    return with_frequencies(own, model.frequencies)


def weighed(
    model: Model, nodes: pl.DataFrame, agreeing: pl.DataFrame, least: float = 0.0
) -> pl.DataFrame:
    """Splink's weights of the levels at which pairs agree, corrected for housemates.

    Args:
        model: trained.
        nodes: `comparable` ones, at least those of the pairs.
        agreeing: `levels` of the pairs.
        least: pairs of which the probability is lower are left out.

    Returns:
        left, right (nodes), weight, probability, household (its part of the weight), and per field
        gamma_<field> (level) and mw_<field> (its part: log2 of m over u, or over the frequency of
        the value agreed on).
    """
    parts = [pl.col(f"mw_{each.name}") for each in model.comparisons]
    found = [
        agreed_frequencies(model.comparisons, nodes, piece)
        .with_columns(_weight(each).alias(f"mw_{each.name}") for each in model.comparisons)
        .drop(cs.starts_with("tf_"))
        .with_columns(household=_household(model))
        .with_columns(weight=_prior(model) + pl.sum_horizontal(parts) + pl.col("household"))
        .with_columns(probability=1 / (1 + (-pl.col("weight") * pl.lit(2.0).log()).exp()))
        .filter(pl.col("probability") >= least)
        for piece in list(agreeing.iter_slices(PIECE)) or [agreeing]
    ]
    return pl.concat(found)


def agreed_frequencies(
    comparisons: Sequence[Comparison], nodes: pl.DataFrame, agreeing: pl.DataFrame
) -> pl.DataFrame:
    """`agreeing` with tf_<field>: the frequency of the value agreed on, the larger of the two."""
    rows = rows_of(nodes)
    ends = [rows[agreeing[end].to_numpy()] for end in ("left", "right")]
    return agreeing.with_columns(
        _agreed(each, nodes, agreeing[f"gamma_{each.name}"].to_numpy(), ends)
        for each in comparisons
    )


def _agreed(
    comparison: Comparison, nodes: pl.DataFrame, gamma: np.ndarray, ends: Sequence[np.ndarray]
) -> pl.Series:
    agreed = np.full(len(gamma), np.nan)
    for number, level in enumerate(reversed(comparison.levels)):
        if level.frequency is not None:
            shares = nodes[f"tf_{level.frequency}"].to_numpy()
            here = np.flatnonzero(gamma == number)
            agreed[here] = np.fmax(*(shares[end[here]] for end in ends))
    return pl.Series(f"tf_{comparison.name}", agreed, nan_to_null=True)


def _of_level(comparison: Comparison, read: Callable[[Level], float]) -> pl.Expr:
    """What `read` finds in the level of each pair; 1 where the field is missing."""
    numbered = pl.Series([1.0, *(read(each) for each in reversed(comparison.levels))])
    return pl.lit(numbered).gather((pl.col(f"gamma_{comparison.name}") + 1).cast(pl.UInt32))


def _weight(comparison: Comparison) -> pl.Expr:
    """log2(m/u) of the level, with the frequency of the value agreed on in the place of u."""
    m, u = (_of_level(comparison, attrgetter(share)) for share in ("m", "u"))
    return (m / pl.coalesce(f"tf_{comparison.name}", u)).log(2)


def _household(model: Model) -> pl.Expr:
    """By how much the weight falls since the two may be housemates rather than strangers."""
    strangers = 1 - model.prior - model.household
    odds = pl.lit(model.household / strangers).log(2)
    for each in model.comparisons:
        if each.shared or each.alike:
            odds = odds + _instead(each)
    return -(1 + (odds * pl.lit(2.0).log()).exp()).log(2)


def _instead(comparison: Comparison) -> pl.Expr:
    """log2(h/u) of the level, from its weight log2(m/u) with its frequency in it."""
    ratio = _of_level(comparison, lambda level: level.h / level.m).log(2)
    return ratio + pl.col(f"mw_{comparison.name}")


def named(nodes: pl.DataFrame, scored: pl.DataFrame, *further: pl.Expr) -> pl.DataFrame:
    """Scored pairs by record_uid: left, right, weight, probability; and `further` columns."""
    uid = nodes["record_uid"]
    known = scored.sort("left", "right")
    ends = [pl.lit(uid.gather(known[end])).alias(end) for end in ("left", "right")]
    return known.select(*ends, "weight", "probability", *further)


def told(model: Model, nodes: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    """The same with the evidence in words."""
    evidence = [
        pl.struct(
            field=pl.lit("prior"),
            level=pl.lit("before any field is looked at"),
            weight=_prior(model),
        ),
        *(_field(each) for each in model.comparisons),
        pl.struct(
            field=pl.lit(HOUSEHOLD),
            level=pl.lit("they may be housemates"),
            weight=pl.col("household"),
        ),
    ]
    steps = pl.concat_list(evidence).list.eval(
        pl.element().filter(pl.element().struct.field("level").is_not_null())
    )
    return named(nodes, scored, steps.cast(EVIDENCE).alias("evidence"))


def _prior(model: Model) -> pl.Expr:
    return pl.lit(math.log2(model.prior / (1 - model.prior)))


def _field(comparison: Comparison) -> pl.Expr:
    count = len(comparison.levels)
    words = {count - 1 - i: each.label for i, each in enumerate(comparison.levels)}
    return pl.struct(
        field=pl.lit(comparison.name),
        level=pl.col(f"gamma_{comparison.name}").replace_strict(
            words, default=None, return_dtype=pl.String
        ),
        weight=pl.col(f"mw_{comparison.name}"),
    )
