"""What stewards decided moves the model as far as they are many and agree."""

import polars as pl
import pytest

from cdp.identity.steward.calibration import MOST, shift


def decided(*pairs: tuple[float, bool]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"weight": pl.Float64, "same": pl.Boolean}, orient="row")


def test_without_decisions_nothing_moves():
    assert shift(decided()) == 0


def test_one_decision_moves_the_model_a_little():
    assert -1 < shift(decided((4.0, False))) < 0 < shift(decided((-4.0, True))) < 1


def test_decisions_that_the_model_foresaw_leave_it_as_it_is():
    as_foreseen = decided((2.0, True), (2.0, True), (2.0, True), (2.0, True), (2.0, False))
    assert shift(as_foreseen) == pytest.approx(0, abs=0.05)


def test_many_decisions_have_the_last_word():
    # By the model four in five are one person (odds of two bits); by the stewards one in five.
    many = decided(*[(2.0, n % 5 == 0) for n in range(2_000)])
    assert shift(many) == pytest.approx(-4, abs=0.1)


def test_the_model_moves_no_further_than_it_could_be_wrong():
    assert abs(shift(decided(*[(30.0, False)] * 5_000))) <= MOST
