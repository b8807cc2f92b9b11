"""Phone numbers, addresses and e-mail addresses that are well-formed, distinct and nobody's."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cdp.generate import words
from cdp.generate.chance import Chance, Whole

# Service codes (211, 311, ...) and 555 are no exchanges.
_EXCHANGES = tuple(str(n) for n in range(200, 1000) if n % 100 != 11 and n != 555)
_NUMBERS = len(words.AREA_CODES) * len(_EXCHANGES) * 10_000
_STRIDE = 736_338_719  # a prime, so that no two positions meet in one number


def phone_numbers(places: Whole) -> pl.Series:
    """A valid ten-digit US number for each position, different for different positions.

    The numbers have the form of numbers in service; the format leaves no reserved range of this
    size. They must never be dialled.
    """
    number = (places + 1_000_003) * _STRIDE % _NUMBERS
    line, rest = number % 10_000, number // 10_000
    area = pl.Series(words.AREA_CODES).gather(rest % len(words.AREA_CODES))
    exchange = pl.Series(_EXCHANGES).gather(rest // len(words.AREA_CODES))
    digits = pl.Series(line).cast(pl.String).str.zfill(4)
    return pl.select(pl.concat_str(area, exchange, digits)).to_series()


def addresses(count: int, chance: Chance) -> pl.DataFrame:
    """`count` addresses (street, city, region, postcode) in some 1,500 invented towns."""
    towns = _towns()
    # Few large towns, many small ones.
    town = (towns.height * chance.real(count) ** 2).astype(np.int64)
    street = pl.concat_str(
        pl.Series(chance.whole(count, 1, 2400)).cast(pl.String),
        chance.pick(tuple(words.names().family), count),
        chance.pick(words.STREET_KINDS, count),
        separator=" ",
    )
    return pl.select(street=street).hstack(towns[town])


def _towns() -> pl.DataFrame:
    chance = Chance(0, "towns")  # the same towns under every seed, as in the world
    names = [head + tail for head in words.CITY_HEADS for tail in words.CITY_TAILS]
    count = 1_500
    return pl.DataFrame(
        {
            "city": chance.pick(names, count),
            "region": chance.pick(words.REGIONS, count),
            "postcode": pl.Series(chance.sample(count, 90_000) + 10_000).cast(pl.String),
        }
    )


def mailboxes(people: pl.DataFrame, domains: Sequence[str], chance: Chance) -> pl.Series:
    """An e-mail address of its own for each of the `people`, made of the name in five habits."""
    count = people.height
    given, family = pl.col("given").str.to_lowercase(), pl.col("family").str.to_lowercase()
    year = pl.col("birth_date").dt.year().cast(pl.String)
    habit = pl.Series(chance.places(count, (0.34, 0.2, 0.16, 0.18, 0.12)))
    local = (
        pl.when(habit == 0)
        .then(given + "." + family)
        .when(habit == 1)
        .then(given + family + year.str.slice(2))
        .when(habit == 2)
        .then(given.str.slice(0, 1) + "." + family)
        .when(habit == 3)
        .then(given + "_" + year)
        .otherwise(family + "-" + given)
    )
    return people.select(
        numbered(local.str.replace_all("[^a-z0-9._-]", ""), pl.lit(chance.pick(domains, count)))
    ).to_series()


def numbered(local: pl.Expr, domain: pl.Expr) -> pl.Expr:
    """Addresses `local@domain` in which every repetition bears its number."""
    mine = pl.struct(local.alias("local"), domain.alias("domain"))
    turn = pl.int_range(pl.len()).over(mine)
    tail = pl.when(turn > 0).then("." + (turn + 1).cast(pl.String)).otherwise(pl.lit(""))
    return (local + tail + "@" + domain).alias("email")
