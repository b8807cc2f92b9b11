"""The checks of a channel: broken contracts block, drift warns, the usual passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cdp.store.figures import ChannelFigures, Rows
from pipelines import verdicts

NOW = datetime(2024, 3, 7, 12, tzinfo=UTC)
USUAL = ChannelFigures(
    records=1000,
    largest=3,
    new_records=100,
    joined=30,
    new_identifiers=200,
    new=Rows(read=100, accepted=99, quarantined=1),
    in_quarantine=1,
    earlier=Rows(read=1000, accepted=990, quarantined=10),
    landed_at=NOW - timedelta(hours=1),
    newest_event=NOW - timedelta(hours=8),
)


def test_the_usual_passes_every_check() -> None:
    results = [
        verdicts.contract(USUAL, []),
        verdicts.reject_rate(USUAL),
        verdicts.match_rate(USUAL, [0.3, 0.31, 0.29]),
        verdicts.identifiers_per_record(USUAL, [2.0, 2.1, 1.9]),
        verdicts.largest_cluster(USUAL, [3.0, 3.0, 3.0]),
        verdicts.freshness(USUAL, "0 5 * * *", NOW, has_events=True),
    ]
    assert [result.check_name for result in results] == list(verdicts.CHECKS)
    assert all(result.passed for result in results)


def test_only_broken_contracts_block() -> None:
    specs = verdicts.check_specs(dg.AssetKey("till"))
    assert {spec.name for spec in specs if spec.blocking} == {"contract"}


def test_a_failed_delivery_breaks_the_contract() -> None:
    result = verdicts.contract(USUAL, ["monday.csv: column 'mail' is gone"])
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.ERROR
    assert "monday.csv" in str(result.description)


def test_a_row_that_is_neither_accepted_nor_in_quarantine_breaks_the_contract() -> None:
    assert not verdicts.contract(replace(USUAL, in_quarantine=0), []).passed
    lost = replace(USUAL, new=Rows(read=100, accepted=98, quarantined=1))
    assert not verdicts.contract(lost, []).passed


@pytest.mark.parametrize(("quarantined", "passed"), [(10, True), (11, False)])
def test_more_than_a_tenth_of_bad_rows_breaks_the_contract(quarantined: int, passed: bool) -> None:
    rows = Rows(read=100, accepted=100 - quarantined, quarantined=quarantined)
    figures = replace(USUAL, new=rows, in_quarantine=quarantined)
    assert verdicts.contract(figures, []).passed is passed


def test_a_run_without_news_passes() -> None:
    idle = replace(USUAL, new=Rows(), in_quarantine=0, new_records=0, joined=0, new_identifiers=0)
    assert verdicts.contract(idle, []).passed
    assert verdicts.match_rate(idle, [0.9, 0.9, 0.9]).passed
    assert verdicts.identifiers_per_record(idle, [2.0, 2.0, 2.0]).passed


@pytest.mark.parametrize(
    "result",
    [
        verdicts.reject_rate(replace(USUAL, new=Rows(read=100, accepted=95, quarantined=5))),
        verdicts.match_rate(USUAL, [0.9, 0.9, 0.9]),
        verdicts.identifiers_per_record(USUAL, [5.0, 5.0, 5.0]),
        verdicts.largest_cluster(replace(USUAL, largest=51), []),
        verdicts.freshness(
            replace(USUAL, landed_at=NOW - timedelta(days=3)), "0 5 * * *", NOW, has_events=False
        ),
        verdicts.freshness(
            replace(USUAL, newest_event=NOW - timedelta(days=9)), "0 5 * * *", NOW, has_events=True
        ),
    ],
    ids=lambda result: str(result.check_name),
)
def test_drift_warns_and_does_not_block(result: dg.AssetCheckResult) -> None:
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert result.description


def test_two_former_runs_are_no_history() -> None:
    assert verdicts.match_rate(USUAL, [0.9, 0.9]).passed


def test_a_weekday_schedule_is_not_late_on_monday() -> None:
    monday = datetime(2024, 3, 11, 4, tzinfo=UTC)
    friday = replace(USUAL, landed_at=datetime(2024, 3, 8, 5, 1, tzinfo=UTC))
    assert verdicts.freshness(friday, "0 5 * * 1-5", monday, has_events=False).passed


def test_without_a_schedule_nothing_is_late() -> None:
    never = replace(USUAL, landed_at=None, newest_event=None)
    assert verdicts.freshness(never, None, NOW, has_events=True).passed
