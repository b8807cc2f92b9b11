"""Channels and habits: where a person buys, when they are about, and on which device."""

import re
from datetime import datetime
from functools import cache

import polars as pl

from cdp.derive.declare import declared
from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters

FAMILY = "channels"
TRAITS = declared(
    FAMILY,
    ("order", "visit", "email_opened", "email_clicked"),
    ("preferred_channel", "category", None, "the channel most orders came by",
     "the channel of most orders; of equals the first by name"),
    ("store_share", "number", "share 0..1", "how many of the orders were made in a store",
     ("orders in a store / orders; in a store: the order names a store or till, or the channel's name "
     "holds a word of derive.store.channels")),
    ("online_share", "number", "share 0..1", "how many of the orders were made online", "1 - store_share"),
    ("place", "category", None, "store, online or both", "by store_share: from 0.8, up to 0.2, between"),
    ("daypart", "category", None, "when the person is mostly about: night, morning, afternoon or evening",
     ("six hours each from midnight, in derive.timezone, of most orders, visits and opened mails; times "
     "of exactly midnight are dates without an hour and do not count")),
    ("weekday", "category", None, "the day of the week on which the person is mostly about",
     "of most orders, visits and opened mails, in derive.timezone"),
    ("device", "category", None, "the device of most visits", "of most visits that tell one"),
)  # fmt: skip
DAYPARTS = ("night", "morning", "afternoon", "evening")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOSTLY = 0.8


def _usual(name: str) -> pl.Expr:
    """The most frequent value; of equals the first."""
    return pl.col(name).drop_nulls().mode().min()


USUAL = (_usual("daypart"), _usual("weekday"), _usual("device"))
WORDED = tuple(
    pl.col(name).replace_strict(dict(enumerate(words)), return_dtype=pl.String)
    for name, words in (("daypart", DAYPARTS), ("weekday", WEEKDAYS))
)
CHANNEL = _usual("channel").alias("preferred_channel")
ONLINE = (1 - pl.col("store_share")).round(4).alias("online_share")
PLACE = (
    pl.when(pl.col("store_share") >= MOSTLY)
    .then(pl.lit("store"))
    .when(pl.col("online_share") >= MOSTLY)
    .then(pl.lit("online"))
    .otherwise(pl.lit("both"))
    .alias("place")
)


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits above."""
    del parameters, now
    found = facts.profiles.select("n")
    if not facts.orders.is_empty():
        found = found.join(_places(facts), on="n", how="left")
    about = facts.of("order", "visit", "email_opened", "email_clicked")
    if not about.is_empty():
        usual = about.select(*_habits(facts.policy.timezone)).group_by("n").agg(*USUAL)
        found = found.join(usual.with_columns(*WORDED), on="n", how="left")
    return found if found.width > 1 else found.clear()


@cache
def _habits(timezone: str) -> tuple[pl.Expr, ...]:
    """Columns n, device, weekday (0: Monday) and daypart (null where no hour is told)."""
    local = _on_the_clock(timezone)
    daypart = pl.when(local.dt.time() != pl.time(0)).then(local.dt.hour() // 6)
    return (
        pl.col("n"),
        pl.col("device").cast(pl.String),
        (local.dt.weekday() - 1).alias("weekday"),
        daypart.alias("daypart"),
    )


def _on_the_clock(timezone: str) -> pl.Expr:
    """The time as clocks there show it; a date without an hour, midnight in UTC, is that day anywhere."""
    at = pl.col("at")
    told = pl.when(at.dt.time() == pl.time(0)).then(at.dt.replace_time_zone(None))
    return told.otherwise(at.dt.convert_time_zone(timezone).dt.replace_time_zone(None))


def _places(facts: Facts) -> pl.DataFrame:
    store = re.compile("|".join(facts.policy.store.channels), re.IGNORECASE)
    orders = facts.orders.with_columns(pl.col("channel").cast(pl.String))
    stores = [name for name in orders["channel"].unique().drop_nulls() if store.search(name)]
    in_store = pl.col("in_store") | pl.col("channel").is_in(stores)
    share = orders.group_by("n").agg(in_store.mean().round(4).alias("store_share"), CHANNEL)
    return share.with_columns(ONLINE).with_columns(PLACE)
