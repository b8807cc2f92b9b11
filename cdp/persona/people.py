"""Individuals as personas read them: stored traits, and the age that a date of birth gives today."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

import polars as pl
from sqlalchemy import Connection

from cdp.store.persona import personas

# Traits that time alone changes are not stored: name, and the date that they are counted from.
AGES: Mapping[str, str] = MappingProxyType({"age_years": "birth_date"})


def people(tx: Connection, names: Sequence[str], now: datetime) -> pl.DataFrame:
    """`n`, `profile_id` and these traits (texts) of the persons of `assigning`, as of `now`."""
    ages = {name: AGES[name] for name in names if name in AGES}
    stored = sorted({*names, *ages.values()} - {*ages})
    read = personas.traits(tx, stored)
    counted = {name: years(pl.col(born), now) for name, born in ages.items()}
    return read.with_columns(**counted).select("n", "profile_id", *names)


def years(born: pl.Expr, now: datetime) -> pl.Expr:
    """Completed years since a date (ISO text), as text; none before it."""
    date, today = born.str.to_date(strict=False), now.astimezone(UTC).date()
    birthday = date.dt.month().cast(pl.Int32) * 100 + date.dt.day()  # as 1131
    to_come = birthday > today.month * 100 + today.day
    count = today.year - date.dt.year() - to_come.cast(pl.Int32)
    return pl.when(count >= 0).then(count).cast(pl.String)
