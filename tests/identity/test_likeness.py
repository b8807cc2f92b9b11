"""Which names and birth dates plainly belong to two people."""
# ruff: noqa: RUF001 - letters that look alike are meant

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.identity.clusters.likeness import (
    are_apart,
    are_unlike,
    plain_name,
    unlike_plain_names,
)


def unlike(left, right):
    one, other = plain_name(left), plain_name(right)
    answer = bool(one and other) and are_unlike(one, other)
    assert answer == (bool(one and other) and are_unlike(other, one)), "the order must not matter"
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
    ("Αννα", "Anna"),
    ("小明", "Ben"),
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
    ("Иван", "Maria"),
    ("小明", "小红"),
])  # fmt: skip
def test_these_plainly_are_two_people(left, right):
    assert unlike(left, right)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.sampled_from(["anna", "ann", "bob", "b", "иван", "li wei", "ana"])] * 2),
        min_size=1,
    )
)
def test_a_column_of_pairs_gives_what_each_pair_gives(pairs):
    left, right = (pl.Series([pair[side] for pair in pairs], dtype=pl.String) for side in (0, 1))
    assert unlike_plain_names(left, right).to_list() == [are_unlike(*pair) for pair in pairs]


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
