"""What people write in reviews, posts, messages and comments, put together from phrases."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cdp.generate.chance import Chance, Whole

# Indexed by how the writer feels: bad, mixed, good. {} is the category of the goods.
_OPENINGS = (
    ("Very disappointed with the {}.", "The {} was a waste of money.", "Never again this {}."),
    ("The {} is all right.", "The {} does what it says.", "Mixed feelings about the {}."),
    ("I love this {}!", "Great {}, exactly what I wanted.", "Best {} I have had in years."),
)
_ASPECTS = (
    (
        "The quality is poor and it fell apart after a week.",
        "Far too expensive for what it is.",
        "Delivery took two weeks and the box was damaged.",
        "The staff were rude when I complained.",
        "It was not fresh at all.",
        "It runs small and the fit is terrible.",
    ),
    (
        "The quality is fine, the price is a bit high.",
        "Delivery was on time, the packaging could be better.",
        "The fit is okay, the colour differs from the picture.",
        "Service was friendly but slow.",
    ),
    (
        "The quality is excellent and it lasts.",
        "Good value for the price.",
        "Delivery was fast and well packed.",
        "The staff were friendly and helpful.",
        "Always fresh.",
        "It fits perfectly and looks wonderful.",
    ),
)
_CLOSINGS = (
    ("I want my money back.", "I will shop elsewhere.", "Do not buy."),
    ("We will see.", "I might buy it again.", ""),
    ("Highly recommended.", "Will buy again.", "Five stars from the whole family."),
)
_CAUSES = (
    "Signed up for the charity run for the Heart Fund this spring #charityrun",
    "Ten miles done, training for the run against cancer #charityrun #running",
    "Volunteering at the food bank on Saturday, come along #foodbank",
    "Beach clean-up with the kids today #cleanocean",
    "Fostering a second dog from the shelter #adoptdontshop",
)
_SMALL_TALK = (
    "Sunday morning, coffee and a long walk.",
    "New job starts on Monday, so excited!",
    "Rain again. Who ordered this?",
    "Counting the days until our holiday by the sea #beach",
    "Game night with friends.",
)
_REQUESTS = (
    "Where is my order? The {} should have come last week.",
    "I would like to return the {}, how do I do that?",
    "My {} arrived broken. Please send a new one.",
    "I was charged twice for the {}.",
    "Please change my address, we have moved.",
    "How many points are on my loyalty card?",
    "Thank you for the quick help with the {}!",
)


def _worded(
    choices: Sequence[Sequence[str]], mood: Whole, category: pl.Series, chance: Chance
) -> pl.Series:
    """A phrase for each mood (0 bad, 1 mixed, 2 good) with the category put in."""
    sizes = np.array([len(phrases) for phrases in choices])
    first = np.cumsum(sizes) - sizes
    place = first[mood] + (chance.real(len(mood)) * sizes[mood]).astype(np.int64)
    phrases = pl.Series([phrase for group in choices for phrase in group]).gather(place)
    return _filled(phrases, category)


def _filled(phrases: pl.Series, category: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"phrase": phrases, "category": category.str.to_lowercase()})
    return frame.select(
        pl.col("phrase").str.replace("{}", pl.col("category").fill_null("item"), literal=True)
    ).to_series()


def opinions(mood: Whole, category: pl.Series, chance: Chance) -> pl.Series:
    """Reviews of goods of these categories, of three sentences."""
    parts = [_worded(part, mood, category, chance) for part in (_OPENINGS, _ASPECTS, _CLOSINGS)]
    return pl.select(pl.concat_str(*parts, separator=" ").str.strip_chars()).to_series()


def headlines(mood: Whole, category: pl.Series, chance: Chance) -> pl.Series:
    """Titles of reviews: the opening without the rest."""
    return _worded(_OPENINGS, mood, category, chance).str.strip_chars_end(".!")


def posts(mood: Whole, category: pl.Series, chance: Chance) -> pl.Series:
    """Social posts: half about goods, an eighth about a cause, the rest about life."""
    count = len(mood)
    kind = pl.Series(chance.places(count, (0.5, 0.125, 0.375)))
    goods = _worded(_OPENINGS, mood, category, chance)
    other = chance.pick(_CAUSES, count).zip_with(kind == 1, chance.pick(_SMALL_TALK, count))
    return goods.zip_with(kind == 0, other)


def requests(category: pl.Series, chance: Chance) -> pl.Series:
    """Messages to customer service."""
    return _filled(chance.pick(_REQUESTS, len(category)), category)
