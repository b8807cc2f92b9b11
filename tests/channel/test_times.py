"""Local times on days when the clocks are changed."""

import polars as pl
import pytest

from cdp.channel.cells import typed
from cdp.channel.columns import Column


def utc(cell: str, **options) -> str | None:
    """The cell as a time in UTC, or None where it is none."""
    read = typed(pl.Series([cell]), Column(type="datetime", **options))
    return read.dt.strftime("%Y-%m-%d %H:%M")[0]


@pytest.mark.parametrize(
    ("cell", "form"), [("10/15/2017", "%m/%d/%Y"), ("2017-10-15 00:00:00", "%Y-%m-%d %H:%M:%S")]
)
def test_where_clocks_skip_midnight_the_day_begins_at_one(cell: str, form: str):
    assert utc(cell, format=form, timezone="America/Sao_Paulo") == "2017-10-15 03:00"


def test_another_hour_that_the_clocks_skip_is_no_time():
    assert utc("2024-03-31 02:30:00", timezone="Europe/Berlin") is None
    assert utc("2024-03-31 03:30:00", timezone="Europe/Berlin") == "2024-03-31 01:30"


def test_of_an_hour_told_twice_the_earlier_is_meant():
    assert utc("2024-10-27 02:30:00", timezone="Europe/Berlin") == "2024-10-27 00:30"
