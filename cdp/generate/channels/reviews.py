"""Product reviews with ratings, by reviewers who gave a name, some an e-mail address."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance
from cdp.generate.files import with_bad_rows, write_csv
from cdp.generate.texts import headlines, opinions
from cdp.generate.world import World, Written, daytime, full_name, known, moments, truth_of

RATING_WEIGHTS = (0.09, 0.07, 0.13, 0.26, 0.45)  # 1 to 5 stars
_MOODS = np.array([0, 0, 1, 2, 2])


def write(world: World, folder: Path) -> Written:
    """`reviews.csv` in `folder`."""
    chance = world.chance("reviews")
    entries = world.entries("reviews", chance)
    view = world.seen("reviews", entries, chance)
    reviewers = view.select(
        reviewer_id=pl.lit("R") + ids.entered(67),
        reviewer_name=full_name(),
        given_name="given_name",
        email="email",
        shop_user_id=known(ids.shop_user_id(), "web_shop", 0.6, view.height, chance),
    )
    reviews = _reviews(world, view, reviewers, chance)
    rows, bad = with_bad_rows(reviews, world.bad_rows, "rating", "five", chance)
    write_csv(rows, folder / "reviews.csv")
    return Written(truth_of(reviewers["reviewer_id"], view["person_id"]), reviews.height, bad)


def _reviews(
    world: World, view: pl.DataFrame, reviewers: pl.DataFrame, chance: Chance
) -> pl.DataFrame:
    per_reviewer = chance.shares(world.events["reviews"], view["activity"].to_numpy(), least=1)
    reviewer = np.repeat(np.arange(len(per_reviewer)), per_reviewer)
    count = len(reviewer)
    goods = world.catalogue.liked(view["person_id"].to_numpy()[reviewer], chance)
    products = world.catalogue.columns(goods, "product_id", "product_category")
    rating = chance.places(count, RATING_WEIGHTS)
    mood, category = _MOODS[rating], products["product_category"]
    silent = pl.Series(chance.flags(count, 0.15))  # stars only
    return reviewers[reviewer].with_columns(
        review_id=pl.lit("rv") + pl.Series(np.arange(count) + 1).cast(pl.String),
        product_id=products["product_id"],
        category=category,
        rating=pl.Series(rating + 1).cast(pl.String),
        title=pl.when(~silent).then(pl.lit(headlines(mood, category, chance))),
        text=pl.when(~silent).then(pl.lit(opinions(mood, category, chance))),
        created_at=moments(daytime(count, 365, chance)).dt.to_string("%Y-%m-%d %H:%M"),
        synthetic=pl.lit(value=True),
    )
