"""What every channel's generator is given, and what it gives back."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from cdp.generate.catalogue import Catalogue
from cdp.generate.chance import Chance, Whole
from cdp.generate.view import HABITS, seen

START = dt.datetime(2017, 1, 1)  # noqa: DTZ001  (channels write local or UTC times as text)
YEAR_SECONDS = 365 * 86_400
WEB_DAYS = 30  # the clickstream covers the last days of the year only


@dataclass(frozen=True)
class World:
    """The true people and goods, and how much each channel is to hold of them."""

    seed: int
    people: pl.DataFrame  # as people_of describes, with a flag in_<channel> per channel
    companies: pl.DataFrame
    catalogue: Catalogue
    records: Mapping[str, int]
    events: Mapping[str, int]
    bad_rows: float  # share of broken rows added to files of text

    def chance(self, channel: str) -> Chance:
        """The channel's own stream of randomness."""
        return Chance(self.seed, channel)

    def entries(self, channel: str, chance: Chance) -> pl.DataFrame:
        """The channel's members, some of them entered twice, up to its number of records.

        `entry` is 0 for the first and 1 for the second entry of a person.
        """
        members = self.people.filter(pl.col(f"in_{channel}"))
        again = self.records[channel] - members.height
        if again <= 0:
            return members.with_columns(entry=pl.lit(0))
        twice = members[chance.sample(again, members.height)]
        return pl.concat(
            [members.with_columns(entry=pl.lit(0)), twice.with_columns(entry=pl.lit(1))]
        )

    def seen(self, channel: str, entries: pl.DataFrame, chance: Chance) -> pl.DataFrame:
        """The `entries` as the channel has them, beside what they truly are."""
        view = seen(entries, HABITS[channel], chance)
        return entries.drop(set(view.columns) & set(entries.columns)).hstack(view)


@dataclass(frozen=True)
class Written:
    """What a channel's generator wrote."""

    truth: pl.DataFrame  # record_key, person_id
    events: int
    bad_rows: int = 0


def truth_of(keys: pl.DataFrame | pl.Series, persons: pl.Series) -> pl.DataFrame:
    """The truth table of records with these keys that are these persons."""
    column = keys if isinstance(keys, pl.Series) else keys.to_series()
    return pl.DataFrame({"record_key": column.cast(pl.String), "person_id": persons})


def known(ids: pl.Expr, member: str, share: float, count: int, chance: Chance) -> pl.Expr:
    """`ids` of another channel where the person is in it and, by `share`, this channel knows it."""
    return pl.when(pl.col(f"in_{member}") & pl.Series(chance.flags(count, share))).then(ids)


def full_name() -> pl.Expr:
    """The seen given and family name in one, null where there is neither."""
    parts = pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True)
    return pl.when(parts != "").then(parts)


def moments(seconds: Whole) -> pl.Series:
    """Times that many seconds after the start of the year."""
    return pl.Series(np.datetime64(START, "us") + seconds.astype("timedelta64[s]"))


def daytime(count: int, days: int, chance: Chance) -> Whole:
    """Seconds from a year's start to `count` moments between 7:00 and 23:00 of its first `days`."""
    # The mean of two draws: most of it in the afternoon.
    hours = 7 + 8 * (chance.real(count) + chance.real(count))
    return chance.whole(count, 0, days) * 86_400 + (hours * 3_600).astype(np.int64)
