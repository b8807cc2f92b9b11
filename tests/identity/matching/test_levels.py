"""Levels in SQL: their short cuts say what the plain condition says."""

from itertools import product

import duckdb
import polars as pl
import pytest

from cdp.identity.matching.levels import FUNCTIONS, overlap, slip


def holds(condition, left, right):
    """For each pair of the two columns whether the condition holds."""
    pairs = pl.DataFrame({"x_l": left, "x_r": right}).to_arrow()
    connection = duckdb.connect().register("pairs", pairs)
    found = connection.sql(f"SELECT {condition.format(**FUNCTIONS['duckdb'])} FROM pairs")
    return [row[0] for row in found.fetchall()]


@pytest.mark.parametrize("shortest", [4, 5, 7])
def test_one_slip_is_seen_wherever_it_is(shortest):
    words = ["".join(word) for n in range(3, 7) for word in product("ab", repeat=n)]
    words += [*(word + "ab" for word in words), "äbba", "abbaß"]
    left, right = zip(*product(words, words), strict=True)

    plain = f"levenshtein(x_l, x_r) <= 1 and least(length(x_l), length(x_r)) >= {shortest}"

    assert holds(slip("x", shortest), left, right) == holds(plain, left, right)


def test_two_lists_overlap_where_one_holds_several_values():
    left = [["a"], ["a", "b"], ["b"], ["a", "b"], ["a", "b"], None]
    right = [["b"], ["b"], ["a", "b"], ["b", "c"], ["c"], ["a", "b"]]

    assert holds(overlap("x"), left, right) == [False, True, True, True, False, None]
