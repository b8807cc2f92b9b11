"""Accounts: a company's sector, size and place in common words, its people and what they look at."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

import polars as pl
import yaml

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters
from cdp.derive.sectors import section_names, sector
from cdp.store.account import figures as account_figures

FAMILY = "account"
INTENT = timedelta(days=30)
MOST_TOPICS = 10
# Size classes by employees: Recommendation 2003/361/EC of the European Commission.
SIZES = {"micro": 9, "small": 49, "medium": 249}  # employees at most; above that large
TRAITS = declared(
    FAMILY,
    ("sector", "industry", "employees", "address", "view"),
    ("account.section", "category", "ISIC Rev. 4", "section of the company's line of business",
     "the letter of the section of what `industry`, else `sector`, states (cdp/derive/sectors.yaml)"),
    ("account.sector", "category", None, "name of the section", "the section's name in ISIC Rev. 4"),
    ("account.isic", "category", "ISIC Rev. 4", "section and class as fine as it is known, C1102",
     "as account.section"),
    ("account.line", "category", None, "the line of business in a word: wine, software, ...",
     "as account.section; the stated text stays in `sector` and `industry`"),
    ("account.size", "category", None, "micro, small, medium or large",
     "employees up to 9, 49, 249, more (Recommendation 2003/361/EC)"),
    ("account.country", "category", "ISO 3166-1", "the country's code",
     "address.country, else the last part of location, by cdp/derive/countries.yaml"),
    ("account.people", "integer", "persons", "people known who belong to the company",
     "persons linked to it who have not left"),
    ("account.deciders", "integer", "persons", "of these, directors and higher",
     "persons of level director, vp or c_level"),
    ("account.functions", "list", None, "the functions in which somebody is known",
     "functions of the linked persons: finance, human_resources, ..."),
    ("account.subsidiaries", "integer", "companies", "companies that belong to this one",
     "accounts linked to it"),
    ("account.last_activity_at", "instant", "UTC", "when somebody of the company last did something",
     "max(at of its people's events)"),
    ("account.days_since_activity", "age", "days", "days since then", "now - account.last_activity_at",
     "account.last_activity_at"),
    ("account.visits_30d", "integer", "views", "what its people looked at lately",
     "visits of the last 30 days"),
    ("account.intent", "object", "views by topic", "what its people look at lately, by topic",
     f"views of the last 30 days by department or category, the {MOST_TOPICS} with most"),
    ("account.topic", "category", None, "the topic they look at most", "the first of account.intent"),
)  # fmt: skip


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n, the traits above of companies, and when the oldest view leaves the window of 30 days."""
    del parameters
    companies = facts.profiles.filter(pl.col("subject") == "account")
    if companies.is_empty() or facts.tx is None:
        return facts.profiles.select("n").clear()
    known = _stated(companies)
    for part in (
        account_figures.people(facts.tx),
        _activity(facts),
        _intent(facts, now),
    ):
        known = known.join(part, on="n", how="left", maintain_order="left")
    return known.with_columns(
        pl.col("account.people", "account.deciders", "account.subsidiaries").fill_null(0)
    )


def _stated(companies: pl.DataFrame) -> pl.DataFrame:
    document = pl.lit("{") + pl.col("stated") + pl.lit("}")
    said = companies.select(
        "n",
        industry=_said(document, "industry"),
        sector=_said(document, "sector"),
        employees=_said(document, "employees").cast(pl.Float64, strict=False),
        country=pl.coalesce(
            _said(document, "address.country"),
            _said(document, "location").str.split(";").list.first().str.split(",").list.last(),
        ),
    )
    placed = [sector(*pair) for pair in said.select("industry", "sector").iter_rows()]
    names = section_names()
    return said.select(
        "n",
        pl.Series("account.section", [each and each.section for each in placed], pl.String),
        pl.Series("account.sector", [each and names[each.section] for each in placed], pl.String),
        pl.Series("account.isic", [each and each.code for each in placed], pl.String),
        pl.Series("account.line", [each and each.line for each in placed], pl.String),
        _size(pl.col("employees")).alias("account.size"),
        pl.col("country")
        .map_elements(country, return_dtype=pl.String, skip_nulls=True)
        .alias("account.country"),
    )


def _size(employees: pl.Expr) -> pl.Expr:
    size = pl.when(employees <= 0).then(None)
    for name, most in SIZES.items():
        size = size.when(employees <= most).then(pl.lit(name))
    return size.when(employees.is_not_null()).then(pl.lit("large"))


def country(said: str) -> str:
    """The code of a country: FR of `France`, `FRA` or `fr`; as stated where it is not known."""
    return _countries().get(_plain(said), said.strip())


def _plain(said: str) -> str:
    accents = unicodedata.normalize("NFKD", said.casefold())
    letters = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f\u0654\u0655]", "", accents))
    return " ".join(re.sub(r"[\W_]+", " ", letters).split())


@cache
def _countries() -> Mapping[str, str]:
    text = resources.files("cdp.derive").joinpath("countries.yaml").read_text("utf-8")
    known = yaml.safe_load(text)
    return {name: code for code, names in known.items() for name in (code.lower(), *names)}


def _said(document: pl.Expr, trait: str) -> pl.Expr:
    return document.str.json_path_match(f"$['{trait}']")


def _activity(facts: Facts) -> pl.DataFrame:
    return facts.events.group_by("n").agg(pl.col("at").max().alias("account.last_activity_at"))


def _intent(facts: Facts, now: datetime) -> pl.DataFrame:
    """Recent views by topic; `due_at` is when the oldest of them is no longer recent."""
    at = pl.col("at")
    recent = facts.of("visit").filter((at > now - INTENT) & (at <= now))
    counted = recent.group_by("n").agg(
        pl.len().cast(pl.Int64).alias("account.visits_30d"), due_at=at.min() + INTENT
    )
    topic = pl.coalesce(pl.col("department", "category").cast(pl.String))
    topics = (
        recent.with_columns(topic=topic)
        .drop_nulls("topic")
        .group_by("n", "topic")
        .agg(views=pl.len())
        .sort(["n", "views", "topic"], descending=[False, True, False])
        .group_by("n", maintain_order=True)
        .head(MOST_TOPICS)
    )
    entry = pl.struct(value=pl.col("topic")).struct.json_encode().str.slice(len('{"value":'))
    told = topics.group_by("n", maintain_order=True).agg(
        (
            pl.lit("{")
            + pl.format("{}:{}", entry.str.strip_suffix("}"), "views").str.join(",")
            + pl.lit("}")
        ).alias("json:account.intent"),
        pl.col("topic").first().alias("account.topic"),
    )
    return counted.join(told, on="n", how="left", maintain_order="left")
