"""Reviews of women's clothing: each by a person of its own, whose age is told."""

import pytest

from tests.acceptance.shared import Store

CHANNELS = ("clothing_reviews",)


def test_23_486_reviewers_keep_their_mean_rating(store: Store):
    ratings = store.figures("clothing_reviews", "rating")
    assert store.status.profiles == ratings.scores == 23_486
    stars = [842, 1_565, 2_871, 5_077, 13_131]
    assert ratings.score == sum((star - 3) / 2 * n for star, n in enumerate(stars, 1))
    assert ratings.score / ratings.scores * 2 + 3 == pytest.approx(4.196, abs=5e-4)


def test_recommendations_and_texts_are_counted(store: Store):
    assert store.figures("clothing_reviews", "recommendation").events == 19_314
    assert store.figures("clothing_reviews", "review").events == 23_486 - 845


def test_no_row_is_refused(store: Store):
    assert store.channel("clothing_reviews").rows_quarantined == 0
