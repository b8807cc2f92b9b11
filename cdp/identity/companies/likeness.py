"""How likely two records are one company: word by word, by place, domain, year and size."""

import math
from collections.abc import Callable

import polars as pl

from cdp.identity.companies.naming import plain_city, plain_company_name
from cdp.identity.companies.shares import bits, shares
from cdp.identity.companies.words import name_steps

PAIR = ("left", "right")
NEAR = 1.5  # times as many employees
FAR = 5.0
MOST_INITIALS = 5


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
    steps = [name_steps(nodes, sides), *(field(nodes, sides) for field in FIELDS)]
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


def _prior(nodes: pl.DataFrame) -> float:
    """The odds that two records are one company: how many pairs have the same name."""
    of_each = nodes.group_by("name").agg(records=pl.len())["records"]
    equal = float((of_each * (of_each - 1)).sum()) / 2
    every = max(nodes.height * (nodes.height - 1) / 2, 1)
    # Of a handful of records too little is known to expect that a pair of them is one company.
    return min(max(equal, 1) / every, 1 / shares()["unseen"]["records"])


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
    return pl.lit(bits(shares()[field][level]))


def _plain(column: pl.Expr, form: Callable[[str], str]) -> pl.Expr:
    """`form` of each value of a column."""
    return column.map_elements(form, return_dtype=pl.String, skip_nulls=True)


def _initials() -> pl.Expr:
    """The first letters of a name's words; a name of one short word as it is."""
    initials = pl.col("name").str.replace_all(r"(\w)\w*\s*", "$1")
    is_short = ~pl.col("name").str.contains(" ") & (pl.col("name").str.len_chars() <= MOST_INITIALS)
    chosen = pl.when(is_short).then(pl.col("name")).otherwise(initials)
    return pl.when(chosen.str.len_chars() > 2).then(chosen)
