"""What the model thinks of the pairs that stewards have decided."""

import polars as pl

from cdp.identity.matching import Model
from cdp.identity.matching.scoring import score_pairs
from cdp.identity.steward.calibration import shift

# Decisions on a pair that came up because of its weight. A merge is undone because it was wrong, and
# nobody undoes a right one: such decisions say nothing about how often the model is right.
UNBIASED = ("link", "cannot_link")


def scored_decisions(model: Model, nodes: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """The decided pairs with the weight of the model.

    Args:
        model: trained.
        nodes: numbered features of the records that were decided on, at least.
        decided: decision_id, verb, decided_at, same, left, right: every pair of records on the two
            sides of a decision (`cdp.store.identity.review.decided`).

    Returns:
        One row per decision: the same columns and `weight`, of its likest pair; decisions on
        records that cannot be compared are left out.
    """
    uids = nodes.select("record_uid", "node")
    known = decided.join(uids.rename({"record_uid": "left", "node": "l"}), on="left").join(
        uids.rename({"record_uid": "right", "node": "r"}), on="right"
    )
    # By number the smaller is the left one, as by uid.
    pairs = known.select(left="l", right="r").unique().sort("left", "right")
    scored = score_pairs(model, nodes, pairs).select("left", "right", "weight")
    weighed = known.join(scored.rename({"left": "l", "right": "r"}), on=["l", "r"]).drop("l", "r")
    likest = weighed.sort("weight", "left", "right", descending=[True, False, False])
    return likest.unique("decision_id", keep="first").sort("decided_at", "decision_id")


def calibrated(model: Model, nodes: pl.DataFrame, decided: pl.DataFrame) -> Model:
    """`model` with the prior under which it fits best what stewards decided; see `calibration`."""
    told = decided.filter(pl.col("verb").is_in(UNBIASED))
    if told.is_empty():
        return model
    by = shift(scored_decisions(model, nodes, told).select("weight", "same"))
    odds = model.prior / (1 - model.prior) * 2**by
    return model.model_copy(update={"prior": odds / (1 + odds)})
