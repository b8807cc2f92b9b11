"""From which probability pairs are joined where the configuration does not say it."""

import polars as pl
import pytest

from cdp.identity.matching.threshold import HIGHEST, LOWEST, merge_threshold


def threshold(*probabilities):
    return merge_threshold(
        pl.DataFrame({"probability": probabilities}, schema={"probability": pl.Float64})
    )


def test_where_nearly_all_pairs_are_sure_unsure_ones_may_join():
    assert threshold(*[0.999] * 98, 0.7, 0.62, 0.3) == pytest.approx(0.62)


def test_so_many_unsure_pairs_may_join_as_the_expected_precision_bears():
    assert threshold(*[0.9999] * 100, *[0.7 - n / 1000 for n in range(30)]) > 0.69


@pytest.mark.parametrize("probabilities", [(), (0.5,), (0.9,) * 10])
def test_without_sure_pairs_only_likely_ones_join(probabilities):
    assert threshold(*probabilities) == HIGHEST


def test_what_is_hardly_likelier_than_not_never_joins():
    assert threshold(*[0.9999] * 1000, LOWEST - 0.01) > LOWEST
