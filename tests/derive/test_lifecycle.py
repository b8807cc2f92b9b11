"""The lifecycle moves with orders and with time alone, and remembers every stage."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from cdp.settings import settings
from tests.derive.market import NOW, Market, bought, day

DAYS = timedelta(days=1)


@pytest.fixture(autouse=True)
def thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "policy.yaml"
    stages = {"at_risk_days": 60, "churned_days": 120}
    file.write_text(
        yaml.safe_dump(
            {"derive": {"lifecycle": stages, "rfm": {"recency_days": [999, 998, 997, 996]}}}
        )
    )
    monkeypatch.setenv("CDP_POLICY", str(file))
    settings.cache_clear()
    yield
    settings.cache_clear()


def stages(market: Market, who: str) -> list[tuple[str, str]]:
    return [
        (each["stage"], each["entered_at"][:10]) for each in market.of(who)["lifecycle_history"]
    ]


def test_each_stage_is_entered_on_its_day(market: Market):
    market.deliver(
        [row for days in (400, 380, 310, 100, 90) for row in bought("ann", day(days), 10.0)]
        + bought("bo", day(5), 10.0)
    )
    market.conclude()
    assert stages(market, "bo") == [("new", "2026-05-27")]
    assert stages(market, "ann") == [
        ("new", "2025-04-27"), ("active", "2025-05-17"), ("at risk", "2025-07-16"),
        ("active", "2025-07-26"), ("at risk", "2025-09-24"), ("churned", "2025-11-23"),
        ("won back", "2026-02-21"), ("active", "2026-03-03"), ("at risk", "2026-05-02"),
    ]  # fmt: skip
    ann = market.of("ann")
    assert (ann["lifecycle"], ann["lifecycle_since"][:10]) == ("at risk", "2026-05-02")
    assert (ann["churned_at"][:10], ann["order_before_churn_at"][:10]) == (
        "2025-11-23",
        "2025-07-26",
    )


def test_time_alone_moves_people_on_exactly_when_it_is_due(market: Market):
    market.deliver(bought("ann", day(10), 10.0))
    market.conclude()
    assert market.conclude(NOW + 49 * DAYS).derived == 0
    assert market.of("ann")["lifecycle"] == "new"
    assert market.conclude(NOW + 50 * DAYS).derived == 1
    assert market.of("ann")["lifecycle"] == "at risk"
    assert market.conclude(NOW + 109 * DAYS).derived == 0
    assert market.conclude(NOW + 110 * DAYS).derived == 1
    assert market.of("ann")["lifecycle"] == "churned"
    market.deliver(bought("ann", NOW + 120 * DAYS, 10.0))
    market.conclude(NOW + 121 * DAYS)
    assert market.of("ann")["lifecycle"] == "won back"


def test_orders_leave_the_window_of_a_year_by_themselves(market: Market):
    market.deliver(bought("ann", day(360), 10.0) + bought("ann", day(1), 5.0))
    market.conclude()
    assert (market.of("ann")["orders_365d"], market.of("ann")["spent_365d"]) == (2, 15.0)
    assert market.conclude(NOW + 5 * DAYS).derived == 1
    assert (market.of("ann")["orders_365d"], market.of("ann")["spent_365d"]) == (1, 5.0)
    assert market.of("ann")["orders"] == 2
