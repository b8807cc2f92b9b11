"""A yearly survey on shopping and values, as an office program exports it (Latin-1, decimal comma)."""

from pathlib import Path

import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance
from cdp.generate.files import with_bad_rows, write_semicolons
from cdp.generate.world import World, Written, daytime, known, moments, truth_of

# Agreement from 1 (not at all) to 5 (fully).
VALUES = ("sustainability", "price", "brand", "health", "fashion", "convenience", "local_food")
_COMMENTS = (
    "More organic food, please.",
    "Prices have gone up too much.",
    "The café corner is très bien!",
    "Muy amable, but the parking lot is too small - señalización, por favor.",
    "I miss sustainable choice in clothes.",
    None,
    None,
)


def write(world: World, folder: Path) -> Written:
    """`answers.csv` in `folder`."""
    chance = world.chance("survey")
    entries = world.entries("survey", chance)
    view = world.seen("survey", entries, chance)
    answers = _answers(view, chance)
    rows, bad = with_bad_rows(answers, world.bad_rows, "answered_on", "31.02.2017", chance)
    write_semicolons(rows, folder / "answers.csv")
    return Written(truth_of(answers["respondent_id"], view["person_id"]), answers.height, bad)


def _answers(view: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    count = view.height
    agreement = (0.08, 0.17, 0.3, 0.27, 0.18)
    return view.select(
        respondent_id=pl.lit("Q") + ids.entered(73),
        answered_on=moments(daytime(count, 365, chance)).dt.to_string("%d.%m.%Y"),
        given_name="given_name",
        email="email",
        loyalty_card=pl.when(pl.col("role") == "head").then(
            known(ids.loyalty_card(), "store_sales", 0.5, count, chance)
        ),
        age=pl.when(pl.Series(chance.flags(count, 0.9))).then("age"),
        education="education",
        postcode="postcode",
        weekly_spend=pl.Series((85 * chance.spread(count, 0.5)).round(2)),
        satisfaction=pl.Series(chance.places(count, (1, 1, 2, 3, 4, 6, 9, 14, 16, 10, 8))),
        **{f"value_{name}": pl.Series(1 + chance.places(count, agreement)) for name in VALUES},
        comment=chance.pick(_COMMENTS, count),
        synthetic=pl.lit(value=True),
    )
