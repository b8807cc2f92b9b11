"""Predictions are those of the published models, and say where there is not enough data."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cdp.derive import bgnbd, gamma_gamma
from tests.derive.market import Market, bought, day


def cdnow(name: str) -> pl.DataFrame:
    """The CDNOW sample that Fader and Hardie published, as the wheel `lifetimes` carries it."""
    # Found, not imported: only its data is used.
    found = find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    return pl.read_csv(Path(found.origin).parent / "datasets" / name)


def columns(frame: pl.DataFrame, *names: str) -> list[np.ndarray]:
    return [frame[name].cast(pl.Float64).to_numpy() for name in names]


@pytest.fixture(scope="module")
def fitted() -> tuple[bgnbd.BgNbd, float]:
    return bgnbd.fitted(*columns(cdnow("cdnow_customers_summary.csv"), "frequency", "recency", "T"))


def test_bg_nbd_finds_the_published_parameters_of_cdnow(fitted: tuple[bgnbd.BgNbd, float]):
    model, likelihood = fitted
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx(
        (0.243, 4.414, 0.793, 2.426), abs=1e-3
    )
    assert likelihood == pytest.approx(-9582.43, abs=0.01)


def test_a_customer_of_the_paper_is_expected_to_buy_as_published(fitted: tuple[bgnbd.BgNbd, float]):
    """Fader, Hardie and Lee: x = 2, t_x = 30.43, T = 38.86 will buy 1.226 times in 39 weeks."""
    one = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert bgnbd.expected(fitted[0], *one, 39.0)[0] == pytest.approx(1.226, abs=1e-3)


def test_gamma_gamma_finds_the_published_parameters_of_cdnow():
    """Fader and Hardie (2013): p = 6.25, q = 3.74, gamma = 15.44 over 946 repeat customers."""
    repeaters = cdnow("cdnow_customers_summary_with_transactions.csv").filter(pl.col("x") > 0)
    model = gamma_gamma.fitted(*columns(repeaters, "x", "zbar"))
    assert repeaters.height == 946
    assert (model.p, model.q, model.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_customers_who_never_leave_are_expected_to_go_on_as_before():
    chance = np.random.default_rng(1)
    age = chance.uniform(20, 60, 2_000)
    times = chance.poisson(chance.gamma(2.0, 0.05, 2_000) * age).astype(float)
    recency = np.where(times > 0, age * times / (times + 1), 0.0)
    model, _ = bgnbd.fitted(times, recency, age)
    expected = bgnbd.expected(model, times, recency, age, 52.0)
    assert expected.sum() == pytest.approx((times / age * 52).sum(), rel=0.1)


def test_without_enough_repeat_buyers_nothing_is_predicted_and_that_is_said(market: Market):
    market.deliver([row for n in range(20) for row in bought(f"c{n}", day(n), 10.0)])
    market.conclude()
    assert market.of("c3")["prediction"] == "not enough data"
    assert "expected_orders" not in market.of("c3")


def test_who_buys_often_and_of_late_is_expected_to_buy_more(market: Market):
    chance = np.random.default_rng(2)
    rows = []
    for n in range(150):
        gap = float(chance.uniform(10, 90))
        until = 0.0 if n % 3 else 250.0  # every third has stopped
        at = 360.0
        while at > until:
            rows += bought(f"c{n}", day(at), float(chance.uniform(5, 50)))
            at -= float(chance.exponential(gap)) + 1
    rows += [row for days in range(5, 300, 20) for row in bought("loyal", day(days), 40.0)]
    rows += [row for days in range(305, 360, 20) for row in bought("gone", day(days), 40.0)]
    market.deliver(rows)
    market.conclude()
    loyal, gone = market.of("loyal"), market.of("gone")
    assert loyal["alive_probability"] > 0.9
    assert gone["alive_probability"] < 0.3
    assert loyal["expected_orders_low"] <= loyal["expected_orders"] <= loyal["expected_orders_high"]
    assert loyal["expected_orders"] > 5 * gone["expected_orders"]
    assert loyal["expected_value"] == pytest.approx(
        loyal["expected_orders"] * loyal["expected_order_value"], abs=0.01
    )
    report = market.profiles.explain_computed("customer:loyal", "expected_orders").parameters[
        "calibration"
    ]
    assert isinstance(report, dict)
    assert report["predicted"] == pytest.approx(report["actual"], rel=0.5)
