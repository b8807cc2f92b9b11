"""Scoring: candidate pairs, Splink's weights on them and the evidence field by field."""

from collections.abc import Sequence

import polars as pl

from cdp.identity.matching.blocking import candidate_pairs
from cdp.identity.matching.engine import compare
from cdp.identity.matching.frequencies import with_frequencies, with_own_domains
from cdp.identity.matching.levels import Comparison
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
    scored = score_pairs(model, nodes, pairs)
    kept = scored.filter(
        pl.col("probability") >= (model.options.propose if least is None else least)
    )
    return told(model, nodes, kept)


def numbered(features: pl.DataFrame) -> pl.DataFrame:
    """`features` by record_uid, each with its number `node`: the order of the rows never matters."""
    return features.sort("record_uid").with_row_index("node")


def score_pairs(model: Model, nodes: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Splink's weights of `pairs` (of nodes), corrected for housemates.

    Returns:
        left, right (nodes), weight, probability, household (its part of the weight), and
        gamma_<field>, mw_<field>, mw_tf_adj_<field> of Splink.
    """
    ends = pl.concat([pairs["left"], pairs["right"]]).unique()
    told = nodes.filter(pl.col("node").is_in(ends.implode()))
    told = with_own_domains(told, model.providers)
    scored = compare(with_frequencies(told, model.frequencies), pairs, model)
    household = _household(model)
    return (
        scored.rename({"node_l": "left", "node_r": "right"})
        .with_columns(household=household)
        .with_columns(weight=pl.col("match_weight") + pl.col("household"))
        .with_columns(probability=1 / (1 + (-pl.col("weight") * pl.lit(2.0).log()).exp()))
        .drop("match_weight", "match_probability")
        .sort("left", "right")
    )


def _household(model: Model) -> pl.Expr:
    """By how much the weight falls since the two may be housemates rather than strangers."""
    strangers = 1 - model.prior - model.household
    odds = pl.lit(model.household / strangers).log(2)
    for each in model.comparisons:
        if each.shared or each.alike:
            odds = odds + _instead(each)
    return -(1 + (odds * pl.lit(2.0).log()).exp()).log(2)


def _instead(comparison: Comparison) -> pl.Expr:
    """log2(h/u) of the level, from Splink's weight log2(m/u) with its frequency in it."""
    gamma, levels = pl.col(f"gamma_{comparison.name}"), comparison.levels
    rather = {len(levels) - 1 - i: each.h / each.m for i, each in enumerate(levels)}
    ratio = gamma.replace_strict(rather, default=1.0, return_dtype=pl.Float64).log(2)
    return ratio + _weight(comparison)


def _weight(comparison: Comparison) -> pl.Expr:
    weight = pl.col(f"mw_{comparison.name}")
    if any(level.frequency for level in comparison.levels):
        weight = weight + pl.col(f"mw_tf_adj_{comparison.name}")
    return weight


def told(model: Model, nodes: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    """Scored pairs by record_uid, with the evidence in words."""
    uid = nodes["record_uid"]
    names = pl.DataFrame({"node": nodes["node"], "uid": uid})
    evidence = [
        pl.struct(
            field=pl.lit("prior"),
            level=pl.lit("before any field is looked at"),
            weight=pl.lit(_prior(model)),
        ),
        *(_field(each) for each in model.comparisons),
        pl.struct(
            field=pl.lit(HOUSEHOLD),
            level=pl.lit("they may be housemates"),
            weight=pl.col("household"),
        ),
    ]
    return (
        scored.join(names.rename({"node": "left", "uid": "left_uid"}), on="left")
        .join(names.rename({"node": "right", "uid": "right_uid"}), on="right")
        .sort("left", "right")
        .select(
            left="left_uid",
            right="right_uid",
            weight="weight",
            probability="probability",
            evidence=pl.concat_list(evidence)
            .list.eval(pl.element().filter(pl.element().struct.field("level").is_not_null()))
            .cast(EVIDENCE),
        )
    )


def _prior(model: Model) -> float:
    import math  # noqa: PLC0415

    return math.log2(model.prior / (1 - model.prior))


def _field(comparison: Comparison) -> pl.Expr:
    count = len(comparison.levels)
    words = {count - 1 - i: each.label for i, each in enumerate(comparison.levels)}
    return pl.struct(
        field=pl.lit(comparison.name),
        level=pl.col(f"gamma_{comparison.name}").replace_strict(
            words, default=None, return_dtype=pl.String
        ),
        weight=_weight(comparison),
    )
