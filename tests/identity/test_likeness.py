"""Which given names and birth dates plainly belong to two people."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.identity.clusters.likeness import (
    apart_dates,
    are_apart,
    are_unlike,
    plain_name,
    unlike_names,
)


def unlike(left, right):
    one, other = (pl.Series([name], dtype=pl.String) for name in (left, right))
    answer = unlike_names(one, other).item()
    assert unlike_names(other, one).item() == answer, "the order of a pair must not matter"
    return answer


@pytest.mark.parametrize(("left", "right"), [
    ("Anna", "ANNA"),
    ("Zoë", "Zoe"),
    ("José", "Jose\u0301"),
    ("Bob", "Robert"),
    ("Bob", "Rob"),
    ("Liz", "Elizabeth"),
    ("R.", "Robert"),
    ("Jean-Pierre", "Jean"),
    ("Mary Ann", "Ann"),
    ("Dr. Anna", "Anna"),
    ("Jonathan", "Jnoathan"),
    ("Anna", "Knna"),
    ("Иван", "Иван"),
    ("Иван", "Ivan"),
    ("Anna", None),
    (None, None),
    ("Mrs", "Ben"),
    ("??", "Ben"),
])  # fmt: skip
def test_these_may_be_one_person(left, right):
    assert not unlike(left, right)


@pytest.mark.parametrize(("left", "right"), [
    ("Anna", "Ben"),
    ("Bob", "Richard"),
    ("R.", "Anna"),
    ("Anna Smith", "Ben Smith"),
    ("Thomas", "Susan"),
    ("Иван", "Мария"),
    ("小明", "小红"),
])  # fmt: skip
def test_these_plainly_are_two_people(left, right):
    assert unlike(left, right)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            *[st.sampled_from(["Anna", "Ann", "Bob", "B.", "Иван", "", None, "Li Wei", "Ana"])] * 2
        )
    )
)
def test_a_column_of_pairs_gives_what_each_pair_gives(pairs):
    left, right = (pl.Series([pair[side] for pair in pairs], dtype=pl.String) for side in (0, 1))
    plain = [(plain_name(a), plain_name(b)) for a, b in pairs]
    assert unlike_names(left, right).to_list() == [
        bool(a and b) and are_unlike(a, b) for a, b in plain
    ]


@pytest.mark.parametrize(("left", "right"), [
    (date(1980, 3, 4), date(1980, 3, 4)),
    (date(1980, 3, 4), date(1980, 4, 3)),
    (date(1980, 3, 4), date(1980, 3, 14)),
    (date(1980, 1, 1), date(1980, 7, 19)),
])  # fmt: skip
def test_these_may_be_one_birthday(left, right):
    assert not are_apart(left, right)
    assert not are_apart(right, left)


@pytest.mark.parametrize(("left", "right"), [
    (date(1951, 3, 8), date(1984, 11, 2)),
    (date(1980, 3, 4), date(1981, 3, 14)),
    (date(1980, 1, 1), date(1975, 7, 19)),
])  # fmt: skip
def test_these_are_two_birthdays(left, right):
    assert are_apart(left, right)
    assert are_apart(right, left)


def test_a_missing_birthday_is_apart_from_none():
    some = pl.Series([date(1951, 3, 8), None, date(1951, 3, 8)])
    other = pl.Series([None, None, date(1984, 11, 2)], dtype=pl.Date)
    assert apart_dates(some, other).to_list() == [False, False, True]
