"""Precision and recall, pairwise and B-cubed, beside their definitions."""

import random
from itertools import combinations

import polars as pl
import pytest

from cdp.errors import InvalidRequest
from cdp.identity.matching.evaluation import (
    evaluate_clusters,
    evaluate_labels,
    evaluate_pairs,
    label_of,
)
from cdp.identity.matching.evaluation_plot import plot


def naive(truth, found):
    """Pairwise and B-cubed precision and recall as they are defined."""
    together = [(truth[a] == truth[b], found[a] == found[b])
                for a, b in combinations(range(len(truth)), 2)]  # fmt: skip
    right = sum(both for both in together if all(both) for both in [True])
    said, meant = sum(f for _, f in together), sum(t for t, _ in together)
    precision = recall = 0.0
    for a in range(len(truth)):
        same_found = [b for b in range(len(truth)) if found[b] == found[a]]
        same_truth = [b for b in range(len(truth)) if truth[b] == truth[a]]
        both = len(set(same_found) & set(same_truth))
        precision += both / len(same_found) / len(truth)
        recall += both / len(same_truth) / len(truth)
    return (right / said if said else 1.0, right / meant if meant else 1.0, precision, recall)


@pytest.mark.parametrize("seed", range(5))
def test_the_measures_are_those_of_the_definitions(seed):
    chance = random.Random(seed)  # noqa: S311  nothing is kept secret by it
    truth = [chance.randrange(8) for _ in range(30)]
    found = [chance.randrange(8) for _ in range(30)]

    point = evaluate_clusters(pl.Series(truth), pl.Series(found), pl.Series([1.0] * 30)).overall

    assert point.bcubed is not None
    measured = (point.pairwise.precision, point.pairwise.recall,
                point.bcubed.precision, point.bcubed.recall)  # fmt: skip
    assert measured == pytest.approx(naive(truth, found), abs=1e-5)


def test_below_its_confidence_a_record_counts_as_alone():
    found = evaluate_clusters(
        pl.Series(["x", "x", "y"]), pl.Series([1, 1, 1]), pl.Series([0.99, 0.99, 0.6])
    )

    at = {point.threshold: point for point in found.curve}
    assert at[0.5].pairwise.precision == pytest.approx(1 / 3, abs=1e-5)
    assert at[0.9].pairwise.precision == 1.0
    assert at[0.9].pairwise.recall == 1.0


def test_scored_pairs_are_measured_as_pairs_and_their_components_as_clusters():
    pairs = pl.DataFrame({"left": ["a", "b"], "right": ["b", "c"], "probability": [0.9, 0.6]})
    records = pl.DataFrame({"record_key": ["a", "b", "c"], "truth": [1, 1, 2]})

    at = {point.threshold: point for point in evaluate_pairs(pairs, records).curve}

    assert at[0.5].pairwise.precision == 0.5
    assert at[0.8].pairwise.precision == 1.0
    assert (at[0.5].clusters, at[0.8].clusters) == (1, 2)


def test_labels_on_pairs_suffice_where_no_clusters_are_known():
    found = evaluate_labels(
        pl.Series([0.9, 0.7, 0.2, None]), label_of(pl.Series(["yes", "no", "yes", "true"]))
    )

    assert found.overall.pairwise.precision == 0.5
    assert found.overall.pairwise.recall == pytest.approx(1 / 3, abs=1e-5)
    assert found.overall.bcubed is None


def test_an_unknown_label_is_named():
    with pytest.raises(InvalidRequest, match="'maybe'"):
        label_of(pl.Series("label", ["yes", "maybe"]))


def test_the_curves_are_drawn_as_png_or_svg_and_nothing_else(tmp_path):
    found = evaluate_clusters(pl.Series([1, 1]), pl.Series([1, 1]), pl.Series([1.0, 1.0]))

    plot(found, tmp_path / "curve.svg")
    plot(found, tmp_path / "curve.png")

    assert "<svg" in (tmp_path / "curve.svg").read_text(encoding="utf-8")
    assert (tmp_path / "curve.png").read_bytes()[1:4] == b"PNG"
    with pytest.raises(InvalidRequest, match=r"\.pdf"):
        plot(found, tmp_path / "curve.pdf")
