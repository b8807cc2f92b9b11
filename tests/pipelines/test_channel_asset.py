"""A channel's asset lands what is new, says what it counted, and fails when a contract is broken."""

import dagster as dg

from cdp.profiles import CustomerProfiles
from cdp.store.database import Database
from pipelines.channel_asset import channel_asset
from pipelines.failures import RETRIES
from pipelines.resources import Store
from tests.pipelines.conftest import Run, Till

ANN = "1,Ann,ann@example.com,r1,2024-01-01 10:00:00,12.50"
BOB = "2,Bob,bob@example.com,r2,2024-01-02 11:00:00,3.00"
KEY = dg.AssetKey(["source_record", "till"])


def metadata_of(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    said = [
        one.metadata
        for one in result.get_asset_materialization_events()
        for one in [one.materialization]
        if one.asset_key == KEY and one.partition is None
    ]
    return {name: value.value for name, value in said[-1].items()}


def verdicts_of(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    checks = result.get_asset_check_evaluations()
    return {check.check_name: check.passed for check in checks if check.asset_key == KEY}


def test_files_become_profiles_and_the_asset_says_what_it_counted(
    till: Till, run: Run, database: Database
) -> None:
    till.deliver("2024-01-01.csv", ANN)
    till.deliver("2024-01-02.csv", BOB, "1,Ann,ann@example.com,r3,2024-01-02 12:00:00,1.00")
    result = run()
    assert result.success
    said = metadata_of(result)
    assert (said["rows_read"], said["rows_accepted"], said["rows_quarantined"]) == (3, 3, 0)
    assert (said["dagster/row_count"], said["events"], said["deliveries"]) == (2, 3, 2)
    assert "cdp quarantine list --channel till" in str(said["quarantine"])
    profiles = CustomerProfiles(database=database)
    assert [one.traits["name"] for one in profiles.find(email="ann@example.com")] == [
        {"given": "Ann"}
    ]


def test_every_check_gives_a_result_in_every_run(till: Till, run: Run) -> None:
    till.deliver("2024-01-01.csv", ANN)
    first, second = verdicts_of(run()), verdicts_of(run())
    assert first == second
    assert set(first) == {
        "contract",
        "freshness",
        "identifiers_per_record",
        "largest_cluster",
        "match_rate",
        "reject_rate",
    }
    assert all(first.values())


def test_the_same_file_twice_changes_nothing(till: Till, run: Run, database: Database) -> None:
    till.deliver("2024-01-01.csv", ANN)
    run()
    before = CustomerProfiles(database=database).status()
    said = metadata_of(run())
    assert (said["rows_read"], said["deliveries"], said["deliveries_passed_over"]) == (0, 0, 1)
    assert CustomerProfiles(database=database).status() == before


def test_a_broken_delivery_fails_the_asset_after_the_good_ones_have_landed(
    till: Till, run: Run, database: Database
) -> None:
    till.deliver("2024-01-01.csv", ANN)
    till.deliver("2024-01-02.csv", "2,Bob,r2", header="customer,name,receipt\n")
    result = run()
    assert not result.success
    failure = result.failure_data_for_node("source_record__till")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "2024-01-02.csv" in str(failure.user_failure_data.description)
    assert not verdicts_of(result)["contract"]
    assert metadata_of(result)["rows_accepted"] == 1
    kinds = [event.event_type for event in result.all_events]
    assert dg.DagsterEventType.STEP_UP_FOR_RETRY not in kinds
    assert CustomerProfiles(database=database).status().source_records == 1


def test_too_many_bad_rows_block_the_profiles(till: Till, run: Run, database: Database) -> None:
    good = [f"{n},Ann,ann{n}@example.com,r{n},2024-01-01 10:00:00,1.00" for n in range(8)]
    till.deliver("2024-01-01.csv", *good, "9,Eve,eve@example.com,r9,yesterday,1.00")
    result = run()
    assert not result.success
    assert not verdicts_of(result)["contract"]
    assert not result.is_node_success("profile")
    assert CustomerProfiles(database=database).status().profiles == 0


def test_a_store_that_is_away_is_tried_again(till: Till, instance: dg.DagsterInstance) -> None:
    till.deliver("2024-01-01.csv", ANN)
    nowhere = Store(url="postgresql+psycopg://nobody@/nothing?host=/nonexistent&connect_timeout=1")
    asset = channel_asset(till.spec, dg.RetryPolicy(max_retries=1, delay=0))
    result = dg.materialize(
        [asset], instance=instance, resources={"store": nowhere}, raise_on_error=False
    )
    kinds = [event.event_type for event in result.all_events]
    assert kinds.count(dg.DagsterEventType.STEP_UP_FOR_RETRY) == 1
    assert not result.success


def test_attempts_back_off_with_jitter_and_all_assets_share_one_pool(till: Till) -> None:
    asset = channel_asset(till.spec)
    assert asset.op.retry_policy == RETRIES
    assert (RETRIES.backoff, RETRIES.jitter) == (dg.Backoff.EXPONENTIAL, dg.Jitter.PLUS_MINUS)
    assert asset.op.pool == "store"


def test_the_declaration_names_owner_tags_and_kinds(till: Till) -> None:
    spec = next(iter(channel_asset(till.spec).specs))
    assert spec.owners == ["team:stores"]
    assert spec.kinds == {"postgres", "csv"}
    assert {name: spec.tags[name] for name in ("channel", "pii", "synthetic")} == {
        "channel": "till",
        "pii": "true",
        "synthetic": "false",
    }
    assert spec.description == "Receipts of one till."
