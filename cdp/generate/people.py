"""The people there truly are: households with their members, addresses and contact points."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl

from cdp.generate import words
from cdp.generate.chance import Chance, scattered
from cdp.generate.contacts import addresses, mailboxes, numbered, phone_numbers

REFERENCE_DAY = dt.date(2017, 7, 1)  # ages are those of this day
ADULT = 18


def random_homes(people: int, chance: Chance) -> pl.DataFrame:
    """Households whose members are exactly `people` in number.

    Columns: household_id, head_age (years), couple, married, teens (14 and older), children (all),
    income (USD a year), home_ownership.
    """
    couple = chance.flags(people, 0.5)
    head_age = 19 + (chance.real(people) ** 1.2 * 62).astype(np.int64)
    old_enough = (head_age >= 38) & (head_age <= 62)
    teens = np.where(old_enough, chance.places(people, (0.55, 0.3, 0.15)), 0)
    homes = pl.DataFrame(
        {
            "household_id": np.arange(1, people + 1),
            "head_age": head_age,
            "couple": couple,
            "married": couple & chance.flags(people, 0.75),
            "teens": teens,
            "children": np.where(head_age < 62, teens + chance.places(people, (0.6, 0.3, 0.1)), 0),
            "income": (52_000 * chance.spread(people, 0.5)).round(-2).astype(np.int64),
            "home_ownership": chance.pick(("Homeowner", "Renter"), people, (0.64, 0.36)),
        }
    )
    members = 1 + pl.col("couple").cast(pl.Int64) + pl.col("teens")
    before = members.cum_sum() - members
    # The last household gives up the members for whom there is no room.
    homes = homes.with_columns(room=people - before).filter(pl.col("room") > 0)
    return homes.with_columns(
        couple=pl.col("couple") & (pl.col("room") > 1),
        married=pl.col("married") & (pl.col("room") > 1),
        teens=pl.min_horizontal(
            "teens", (pl.col("room") - 1 - pl.col("couple").cast(pl.Int64)).clip(0)
        ),
    ).drop("room")


def people_of(homes: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """One row per member of the `homes`, in household order, numbered from 0 as person_id."""
    settled = _settled(homes, chance)
    members = (
        settled.with_columns(role=pl.lit("head"), place=pl.lit(0)),
        settled.filter("couple").with_columns(role=pl.lit("partner"), place=pl.lit(1)),
        settled.filter(pl.col("teens") > 0).with_columns(role=pl.lit("teen"), place=pl.lit(2)),
        settled.filter(pl.col("teens") > 1).with_columns(role=pl.lit("teen"), place=pl.lit(3)),
    )
    people = pl.concat(members).sort("household_id", "place").with_row_index("person_id")
    people = people.with_columns(pl.col("person_id").cast(pl.Int64))
    people = _situated(_named(people, chance), chance)
    return _employed(_reachable(people, chance), companies, chance).drop(
        "place", "head_gender", "head_given", "home_name", "head_age", "couple", "teens", "married"
    )


def _settled(homes: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Each household with its head's name, a landline, and a present and perhaps an old address."""
    count, names = homes.height, words.names()
    moved = pl.Series(chance.flags(count, 0.2))
    old = addresses(count, chance).select(
        pl.when(moved).then(pl.all()).name.prefix("old_")  # null: always lived here
    )
    gender = chance.pick(("female", "male"), count, (0.55, 0.45))
    return (
        homes.hstack(addresses(count, chance))
        .hstack(old)
        .with_columns(
            head_gender=gender,
            head_given=_by_gender(gender, chance),
            home_name=_drawn(names.family, count, chance),
            landline=phone_numbers(np.arange(count) * 2 + 1),
        )
    )


def _drawn(names: Mapping[str, float], count: int, chance: Chance) -> pl.Series:
    return chance.pick(tuple(names), count, tuple(names.values()))


def _by_gender(gender: pl.Series, chance: Chance) -> pl.Series:
    names, count = words.names(), len(gender)
    female, male = _drawn(names.female, count, chance), _drawn(names.male, count, chance)
    return female.zip_with(gender == "female", male)


def _named(people: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Gender, given name, family name and, of women who took their husband's, the birth name."""
    count, head = people.height, pl.col("role") == "head"
    opposite = (
        pl.when(pl.col("head_gender") == "female").then(pl.lit("male")).otherwise(pl.lit("female"))
    )
    people = people.with_columns(
        gender=pl.when(head)
        .then("head_gender")
        .when(pl.col("role") == "partner")
        .then(opposite)
        .otherwise(chance.pick(("female", "male"), count))
    )
    other_name = _drawn(words.names().family, count, chance)
    kept = pl.Series(chance.flags(count, 0.22))
    took = pl.col("married") & (pl.col("role") != "teen") & (pl.col("gender") == "female")
    kept_own = (pl.col("role") == "partner") & (kept | pl.col("married").not_())
    # A junior bears the name of the head: same name, same home, another person.
    junior = (
        pl.Series(chance.flags(count, 0.02))
        & (pl.col("place") == 2)
        & (pl.col("gender") == pl.col("head_gender"))
    )
    return people.with_columns(
        given=pl.when(head | junior)
        .then("head_given")
        .otherwise(_by_gender(people["gender"], chance)),
        family=pl.when(kept_own).then(pl.lit(other_name)).otherwise("home_name"),
        birth_family=pl.when(took & kept_own.not_()).then(pl.lit(other_name)),
    )


def _situated(people: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Birth date, marital status, education, occupation, language and how active a customer."""
    count = people.height
    partner_age = (pl.col("head_age") + pl.Series(chance.whole(count, -6, 7))).clip(ADULT, 95)
    age = (
        pl.when(pl.col("role") == "head")
        .then("head_age")
        .when(pl.col("role") == "partner")
        .then(partner_age)
        .otherwise(14 + pl.Series(chance.whole(count, 0, 6)))
    )
    days = (age * 365.25).cast(pl.Int64) + pl.Series(chance.whole(count, 0, 365))
    people = people.with_columns(age=age, birth_date=pl.lit(REFERENCE_DAY) - pl.duration(days=days))
    adult = pl.col("role") != "teen"
    married = pl.when(adult & pl.col("married")).then(pl.lit("Married"))
    return people.with_columns(
        marital_status=married.when(adult & pl.col("couple"))
        .then(pl.lit("Together"))
        .when(adult.not_())
        .then(pl.lit("Single"))
        .otherwise(chance.pick(("Single", "Divorced", "Widowed"), count, (0.75, 0.19, 0.06))),
        children=pl.when(adult).then("children").otherwise(0),
        education=pl.when(adult).then(chance.pick(words.EDUCATION, count, words.EDUCATION_WEIGHTS)),
        occupation=pl.when(adult).then(chance.pick(words.names().jobs, count)),
        language=chance.pick(("en", "es"), count, (0.88, 0.12)),
        activity=chance.spread(count, 0.8),
    )


def _reachable(people: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Own mobile number, first and second e-mail address, and the family's shared mailbox."""
    return people.with_columns(
        mobile=phone_numbers(np.arange(people.height) * 2),
        email=mailboxes(people, words.HOME_DOMAINS, chance),
        second_email=mailboxes(people, words.SECOND_DOMAINS, chance),
        family_email=pl.format(
            "the.{}.{}@{}",
            pl.col("home_name").str.to_lowercase(),
            scattered(pl.col("household_id"), 7),
            pl.lit(words.FAMILY_DOMAIN),
        ),
    )


def _employed(people: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Employer (company_domain), job title and work e-mail of a third of the adults."""
    count = people.height
    works = pl.Series(chance.flags(count, 0.35)) & (pl.col("role") != "teen")
    employer = companies["domain"].gather(chance.places(count, companies["employees"].to_numpy()))
    people = people.with_columns(
        company_domain=pl.when(works).then(employer),
        job_title=pl.when(works).then(chance.pick(words.JOB_TITLES, count)),
    )
    local = pl.col("given").str.to_lowercase() + "." + pl.col("family").str.to_lowercase()
    return people.with_columns(work_email=numbered(local, pl.col("company_domain")))


def companies_of(count: int, chance: Chance) -> pl.DataFrame:
    """`count` companies: domain, name, sector, employees, revenue (USD), founded, city, region."""
    heads, tails = words.COMPANY_HEADS, words.COMPANY_TAILS
    number = pl.Series(np.arange(count))
    # Every pair of words once before any is used again with a number.
    pair = number * 1_009 % (len(heads) * len(tails))
    lap = number // (len(heads) * len(tails))
    frame = pl.DataFrame(
        {
            "head": pl.Series(heads).gather(pair // len(tails)),
            "tail": pl.Series(tails).gather(pair % len(tails)),
            "lap": lap,
        }
    )
    suffix = pl.when(pl.col("lap") > 0).then(pl.col("lap").cast(pl.String)).otherwise(pl.lit(""))
    employees = (40 * chance.spread(count, 1.6)).astype(np.int64) + 2
    named = frame.select(
        domain=pl.format("{}-{}{}.{}", "head", "tail", suffix, pl.lit(words.COMPANY_DOMAIN)),
        name=pl.format(
            "{} {}{}", pl.col("head").str.to_titlecase(), pl.col("tail").str.to_titlecase(), suffix
        ),
    )
    return named.with_columns(
        sector=chance.pick(words.SECTORS, count),
        employees=employees,
        revenue=(employees * 180_000 * chance.spread(count, 0.4)).round(-3).astype(np.int64),
        founded=chance.whole(count, 1900, 2017),
    ).hstack(addresses(count, chance))
