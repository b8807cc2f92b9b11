"""How likely two records are one company: word by word, by place, domain, year and size."""

import hashlib
import math
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import polars as pl
import yaml
from rapidfuzz import process
from rapidfuzz.distance import OSA

from cdp.identity.companies.naming import plain_city, plain_company_name

PAIR = ("left", "right")
LETTERS_OF_A_SLIP = 5
SHORTENED = 3  # letters at least
NEAR = 1.5  # times as many employees
FAR = 5.0
MOST_INITIALS = 5


@cache
def shares() -> Mapping[str, Any]:
    """The declared shares of `likeness.yaml`."""
    text = resources.files("cdp.identity.companies").joinpath("likeness.yaml").read_text("utf-8")
    return yaml.safe_load(text)


@cache
def version() -> str:
    """The id under which links by these shares are kept."""
    digest = hashlib.sha256(repr(shares()).encode()).hexdigest()[:12]
    return f"companies-{digest}"


def comparable(companies: pl.DataFrame) -> pl.DataFrame:
    """The records that can be compared, numbered: `node`, and each fact in the form in which it meets.

    Args:
        companies: record_uid, channel, name, city, location, country, postcode, domain, founded, employees.
    """
    known = companies.filter(pl.col("name").is_not_null()).sort("record_uid")
    place = pl.coalesce("city", "location")
    return (
        known.select(
            "record_uid",
            "channel",
            _plain(pl.col("name"), plain_company_name).alias("name"),
            _plain(place, plain_city).alias("city"),
            pl.col("country").str.to_lowercase().str.strip_chars(),
            pl.col("postcode").str.to_lowercase().str.replace_all(r"\W", ""),
            "domain",
            pl.col("domain").str.extract(r"([^.]+)\.(?:com?\.|org\.|net\.)?[^.]+$").alias("label"),
            "founded",
            "employees",
        )
        .with_columns(pl.when(pl.col("name", "city") != "").then(pl.col("name", "city")))
        .drop_nulls("name")
        .with_row_index("node")
        .cast({"node": pl.Int64})
    )


def candidate_pairs(nodes: pl.DataFrame, chosen: pl.Series | None) -> pl.DataFrame:
    """The pairs (left < right, as nodes) with a rare word, a name's ends in a city, or a domain in common.

    `chosen`: the nodes of which a pair has at least one; None: any.
    """
    squeezed = pl.col("name").str.replace_all(" ", "", literal=True)
    words = nodes.select("node", key=pl.col("name").str.split(" ")).explode("key")
    generic = shares()["generic"]
    keys = [
        nodes.select("node", key=pl.lit("n:") + pl.col("name")),
        words.filter(~pl.col("key").is_in(generic)).select(
            "node", key=pl.lit("w:") + pl.col("key")
        ),
        nodes.select("node", key=pl.lit("d:") + pl.col("label")),
        nodes.select("node", key=pl.format("h:{}:{}", squeezed.str.slice(0, 4), "city")),
        nodes.select("node", key=pl.format("t:{}:{}", squeezed.str.tail(4), "city")),
        nodes.select("node", key=pl.format("i:{}:{}", _initials(), "city")),
    ]
    every = pl.concat(keys).drop_nulls().unique()
    few = every.filter(pl.len().over("key") <= shares()["blocking"]["most"])
    wanted = few if chosen is None else few.filter(pl.col("node").is_in(chosen.implode()))
    pairs = wanted.join(few, on="key", suffix="_other").filter(
        pl.col("node") != pl.col("node_other")
    )
    return (
        pairs.select(
            left=pl.min_horizontal("node", "node_other"),
            right=pl.max_horizontal("node", "node_other"),
        )
        .unique()
        .sort(PAIR)
    )


def scored(nodes: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` with `weight` (log2 of the odds of being one company), `probability` and `evidence`.

    Evidence is a JSON array of field, level, weight, as for people. Fellegi and Sunter (1969) with
    declared shares; the prior is the share of all pairs whose names are equal.
    """
    told = pairs.with_row_index("pair")
    sides = told
    for side in PAIR:
        facts = nodes.drop("record_uid").rename(
            {name: f"{name}_{side}" for name in nodes.columns if name not in ("node", "record_uid")}
        )
        sides = sides.join(facts, left_on=side, right_on="node", how="left", maintain_order="left")
    steps = [_words(nodes, sides), *(field(nodes, sides) for field in FIELDS)]
    prior = pl.DataFrame({"pair": told["pair"]}).with_columns(
        field=pl.lit("prior"),
        level=pl.lit("before any field is looked at"),
        weight=pl.lit(math.log2(_prior(nodes))),
    )
    evidence = pl.concat([prior, *(step.select(prior.columns) for step in steps)])
    step = pl.struct("field", "level", pl.col("weight").round(4)).struct.json_encode()
    judged = evidence.group_by("pair", maintain_order=True).agg(
        pl.col("weight").sum(), evidence=pl.format("[{}]", step.str.join(","))
    )
    found = told.join(judged, on="pair", how="left", maintain_order="left").drop("pair")
    return found.with_columns(probability=1 / (1 + pl.lit(2.0).pow(-pl.col("weight"))))


def _words(nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    """What the words of the two names say together: pair, field, level, weight."""
    rarity = _share_of_words(nodes)
    ones, others = (
        sides.select("pair", word=pl.col(f"name_{side}").str.split(" ")).explode("word").unique()
        for side in PAIR
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
    for one, other in (PAIR, PAIR[::-1]):
        initials = pl.col(f"name_{other}").str.replace_all(r"(\w)\w*\s*", "$1")
        joined.append(
            sides.filter((pl.col(f"name_{one}") == initials) & (initials.str.len_chars() > 2))
        )
    # Of three letters there are some 17,000.
    weight = math.log2(shares()["words"]["initials"]["m"] * 26**3)
    return pl.concat(joined).select("pair", weight=pl.lit(weight)).unique("pair")


def _prior(nodes: pl.DataFrame) -> float:
    """The odds that two records are one company: how many pairs have the same name."""
    of_each = nodes.group_by("name").agg(records=pl.len())["records"]
    equal = float((of_each * (of_each - 1)).sum()) / 2
    every = max(nodes.height * (nodes.height - 1) / 2, 1)
    # Of a handful of records too little is known to expect that a pair of them is one company.
    return min(max(equal, 1) / every, 1 / shares()["unseen"]["records"])


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
        .then(pl.lit(_log(said["missing_generic"])))
        .otherwise(pl.lit(_log(said["missing"])))
    )


def _rare(nodes: pl.DataFrame, sides: pl.DataFrame, field: str) -> pl.Expr:
    """The weight of an equal value: the rarer among the records that state the field, the more."""
    # Names, not records: a company on many lists makes neither its city nor its words frequent.
    stated = nodes.select("name", field).drop_nulls().unique()
    names = stated["name"].n_unique() + shares()["unseen"]["values"]
    share = stated.group_by(field).agg(share=pl.len() / names)
    found = sides.select(pl.col(f"{field}_left").alias(field)).join(
        share, on=field, how="left", maintain_order="left"
    )
    # In a small store every value is frequent; that two are equal is no evidence against them.
    return pl.lit((shares()[field]["equal"]["m"] / found["share"]).log(2).clip(0))


def _said(sides: pl.DataFrame, field: str, level: pl.Expr, **weights: pl.Expr) -> pl.DataFrame:
    """The steps of one field, where both records state it and a level is reached."""
    weight = pl.coalesce(
        pl.when(pl.col("level") == name).then(weight) for name, weight in weights.items()
    )
    judged = sides.with_columns(level=level).with_columns(weight=weight)
    stated = judged.filter(
        pl.col(f"{field}_left").is_not_null() & pl.col(f"{field}_right").is_not_null()
    )
    return stated.drop_nulls("weight").select(
        "pair",
        field=pl.lit(field),
        level=pl.col("level").str.replace_all("_", " "),
        weight="weight",
    )


def _place(nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    is_one = pl.col("city_left") == pl.col("city_right")
    level = pl.when(is_one).then(pl.lit("equal")).otherwise(pl.lit("different"))
    return _said(
        sides, "city", level, equal=_rare(nodes, sides, "city"), different=_declared("city")
    )


def _country(_nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    differs = pl.col("country_left") != pl.col("country_right")
    # Names and codes of one country are not told apart from two countries.
    codes = pl.all_horizontal(pl.col("country_left", "country_right").str.len_chars() == 2)
    level = pl.when(differs & codes).then(pl.lit("different"))
    return _said(sides, "country", level, different=_declared("country"))


def _postcode(nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    is_one = pl.col("postcode_left") == pl.col("postcode_right")
    level = pl.when(is_one).then(pl.lit("equal")).otherwise(pl.lit("different"))
    rare = _rare(nodes, sides, "postcode")
    return _said(sides, "postcode", level, equal=rare, different=_declared("postcode"))


def _domain(nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    level = (
        pl.when(pl.col("domain_left") == pl.col("domain_right"))
        .then(pl.lit("equal"))
        .when(pl.col("label_left") == pl.col("label_right"))
        .then(pl.lit("other_country"))
        .otherwise(pl.lit("different"))
    )
    rare = _rare(nodes, sides, "domain")
    said = shares()["domain"]
    less = math.log2(said["other_country"]["m"] / said["equal"]["m"])
    return _said(
        sides,
        "domain",
        level,
        equal=rare,
        other_country=(rare + less).clip(0),
        different=_declared("domain"),
    )


def _founded(nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    apart = (pl.col("founded_left") - pl.col("founded_right")).abs()
    level = (
        pl.when(apart == 0)
        .then(pl.lit("equal"))
        .when(apart == 1)
        .then(pl.lit("near"))
        .otherwise(pl.lit("different"))
    )
    weights = {name: _declared("founded", name) for name in ("near", "different")}
    return _said(sides, "founded", level, equal=_rare(nodes, sides, "founded"), **weights)


def _employees(_nodes: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    most = pl.max_horizontal("employees_left", "employees_right")
    ratio = most / pl.max_horizontal(pl.min_horizontal("employees_left", "employees_right"), 1)
    level = (
        pl.when(ratio == 1)
        .then(pl.lit("equal"))
        .when(ratio <= NEAR)
        .then(pl.lit("near"))
        .when(ratio > FAR)
        .then(pl.lit("different"))
    )
    weights = {name: _declared("employees", name) for name in ("equal", "near", "different")}
    return _said(sides, "employees", level, **weights)


FIELDS = (_place, _country, _postcode, _domain, _founded, _employees)


def _declared(field: str, level: str = "different") -> pl.Expr:
    return pl.lit(_log(shares()[field][level]))


def _log(said: Mapping[str, float]) -> float:
    return math.log2(said["m"] / said["u"])


def _plain(column: pl.Expr, form: Callable[[str], str]) -> pl.Expr:
    """`form` of each value of a column."""
    return column.map_elements(form, return_dtype=pl.String, skip_nulls=True)


def _initials() -> pl.Expr:
    """The first letters of a name's words; a name of one short word as it is."""
    initials = pl.col("name").str.replace_all(r"(\w)\w*\s*", "$1")
    is_short = ~pl.col("name").str.contains(" ") & (pl.col("name").str.len_chars() <= MOST_INITIALS)
    chosen = pl.when(is_short).then(pl.col("name")).otherwise(initials)
    return pl.when(chosen.str.len_chars() > 2).then(chosen)
