"""What the names of two companies say together: word by word, or as a whole."""

import math

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from cdp.identity.companies.shares import bits, shares

SIDES = ("left", "right")
LETTERS_OF_A_SLIP = 5
SHORTENED = 3  # letters at least


def name_steps(nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    """What the words of the two names say together: pair, field, level, weight."""
    rarity = _share_of_words(nodes)
    ones, others = (
        sides.select("pair", word=pl.col(f"name_{side}").str.split(" ")).explode("word").unique()
        for side in SIDES
    )
    met = _met(ones.join(others, on="pair", suffix="_other"), rarity)
    best = met.sort("weight", descending=True)
    taken = best.unique(["pair", "word"], keep="first", maintain_order=True).unique(
        ["pair", "word_other"], keep="first", maintain_order=True
    )
    lone = pl.concat(
        [
            ones.join(taken, on=["pair", "word"], how="anti"),
            others.join(taken.select("pair", word="word_other"), on=["pair", "word"], how="anti"),
        ]
    )
    initials = _spelt_out(sides)
    lone = lone.join(initials, on="pair", how="anti").with_columns(weight=_weight_of_missing())
    words = pl.concat([taken.select("pair", "weight"), lone.select("pair", "weight"), initials])
    most = shares()["words"]["most"]
    whole = pl.when("same").then(pl.lit(_weight_of_whole(nodes)))
    alone = _names_told_once(nodes)
    exact = sides.select(
        "pair",
        same=(pl.col("name_left") == pl.col("name_right"))
        & pl.col("name_left").is_in(alone.implode()),
    )
    return (
        words.group_by("pair")
        .agg(pl.col("weight").sum().clip(upper_bound=most))
        .join(exact, on="pair")
        .with_columns(
            field=pl.lit("name"),
            level=pl.when("same").then(pl.lit("equal")).otherwise(pl.lit("word by word")),
            weight=pl.max_horizontal("weight", whole),
        )
    )


def _names_told_once(nodes: pl.DataFrame) -> pl.Series:
    """The names that no channel gives to two of its records: nothing says that they are shared."""
    counted = nodes.group_by("channel", "name").agg(records=pl.len())
    return counted.filter(pl.col("records").max().over("name") == 1)["name"].unique()


def _weight_of_whole(nodes: pl.DataFrame) -> float:
    """What two equal names say, by how seldom two records of one channel have the same name.

    A channel seldom lists a company twice, so two of its records are strangers.
    """
    of_each = nodes.group_by("channel", "name").agg(records=pl.len())
    of_all = nodes.group_by("channel").agg(records=pl.len())
    equal, every = (
        float((each["records"] * (each["records"] - 1)).sum()) / 2 for each in (of_each, of_all)
    )
    said = shares()["words"]
    return min(math.log2(said["whole"]["m"] * max(every, 1) / (equal + 1)), said["most"])


def _met(words: pl.DataFrame, rarity: pl.DataFrame) -> pl.DataFrame:
    """The pairs of words that agree: pair, word, word_other, weight."""
    distinct = words.select("word", "word_other").unique()
    ones, others = distinct["word"].to_list(), distinct["word_other"].to_list()
    slips = process.cpdist(ones, others, scorer=OSA.distance, dtype=np.int64)
    longest = pl.max_horizontal(pl.col("word", "word_other").str.len_chars())
    shortest = pl.min_horizontal(pl.col("word", "word_other").str.len_chars())
    begins = pl.col("word").str.starts_with(pl.col("word_other")) | pl.col(
        "word_other"
    ).str.starts_with(pl.col("word"))
    said = shares()["words"]
    level = (
        pl.when(pl.col("word") == pl.col("word_other"))
        .then(pl.lit(said["equal"]["m"]))
        .when(begins & (shortest >= SHORTENED))
        .then(pl.lit(said["shortened"]["m"]))
        .when(
            (pl.col("slips") <= longest // LETTERS_OF_A_SLIP)
            & (shortest >= LETTERS_OF_A_SLIP - 1)
            & ~pl.any_horizontal(pl.col("word", "word_other").str.contains(r"\d"))
        )
        .then(pl.lit(said["misspelt"]["m"]))
    )
    judged = distinct.with_columns(slips=pl.Series(slips)).with_columns(m=level).drop_nulls("m")
    share = rarity.rename({"word": "word_other", "share": "share_other"})
    return (
        words.join(judged.drop("slips"), on=["word", "word_other"])
        .join(rarity, on="word")
        .join(share, on="word_other")
        .with_columns(weight=(pl.col("m") / pl.max_horizontal("share", "share_other")).log(2))
        .filter(pl.col("weight") > 0)
        .select("pair", "word", "word_other", "weight")
    )


def _spelt_out(sides: pl.DataFrame) -> pl.DataFrame:
    """The pairs of which one name is the initials of the other: pair, weight."""
    joined = []
    for one, other in (SIDES, SIDES[::-1]):
        initials = pl.col(f"name_{other}").str.replace_all(r"(\w)\w*\s*", "$1")
        joined.append(
            sides.filter((pl.col(f"name_{one}") == initials) & (initials.str.len_chars() > 2))
        )
    # Of three letters there are some 17,000.
    weight = math.log2(shares()["words"]["initials"]["m"] * 26**3)
    return pl.concat(joined).select("pair", weight=pl.lit(weight)).unique("pair")


def _share_of_words(nodes: pl.DataFrame) -> pl.DataFrame:
    """Of how many names each word is part, as a share."""
    names = nodes.select("name").unique()
    words = names.select("name", word=pl.col("name").str.split(" ")).explode("word").unique()
    return words.group_by("word").agg(share=pl.len() / (names.height + shares()["unseen"]["names"]))


def _weight_of_missing() -> pl.Expr:
    said = shares()["words"]
    generic = pl.col("word").is_in(shares()["generic"])
    return (
        pl.when(generic)
        .then(pl.lit(bits(said["missing_generic"])))
        .otherwise(pl.lit(bits(said["missing"])))
    )
