"""Channels run on their declared schedule, and when files arrive that the ledger does not know."""

import os

import dagster as dg

from cdp.ingest import ingest
from cdp.store.database import Database
from pipelines.channel_triggers import channel_schedule, channel_sensor
from pipelines.components.channel import channel_definitions
from pipelines.definitions import store_definitions
from pipelines.resources import Store
from tests.pipelines.conftest import Run, Till

ANN = "1,Ann,ann@example.com,r1,2024-01-01 10:00:00,12.50"
BOB = "2,Bob,bob@example.com,r2,2024-01-02 11:00:00,3.00"


def look(till: Till, store: Store, cursor: str | None = None) -> dg.SensorResult:
    sensor = channel_sensor(till.spec)
    assert sensor is not None
    context = dg.build_sensor_context(cursor=cursor, resources={"store": store})
    result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def test_a_new_file_starts_a_run_and_is_asked_for_once(till: Till, store: Store) -> None:
    till.deliver("2024-01-01.csv", ANN)
    first = look(till, store)
    assert len(first.run_requests or []) == 1
    again = look(till, store, first.cursor)
    assert not again.run_requests
    assert "already" in str(again.skip_reason)


def test_a_file_that_arrives_with_an_old_time_is_seen(
    till: Till, store: Store, database: Database
) -> None:
    till.deliver("2024-01-02.csv", BOB)
    first = look(till, store)
    ingest(database, till.spec)
    assert not look(till, store, first.cursor).run_requests
    late = till.deliver("2024-01-01.csv", ANN)
    os.utime(late, (0, 0))
    assert len(look(till, store, first.cursor).run_requests or []) == 1


def test_a_landed_file_starts_no_run_even_without_a_cursor(
    till: Till, store: Store, database: Database
) -> None:
    till.deliver("2024-01-01.csv", ANN)
    ingest(database, till.spec)
    assert "every file has landed" in str(look(till, store).skip_reason)


def test_a_file_still_being_written_under_a_hidden_name_is_not_seen(
    till: Till, store: Store
) -> None:
    till.deliver(".2024-01-01.csv.part", ANN)
    assert not look(till, store).run_requests


def test_a_file_sent_again_with_corrections_starts_a_run(
    till: Till, store: Store, database: Database
) -> None:
    till.deliver("2024-01-01.csv", ANN)
    ingest(database, till.spec)
    till.deliver("2024-01-01.csv", ANN, BOB)
    assert len(look(till, store).run_requests or []) == 1


def test_a_channel_has_the_triggers_it_declares(till: Till) -> None:
    till.declare(sensor=False, schedule="0 5 * * *")
    assert channel_sensor(till.spec) is None
    schedule = channel_schedule(till.spec)
    assert schedule is not None
    assert schedule.cron_schedule == "0 5 * * *"
    assert schedule.execution_timezone == "UTC"
    till.declare()
    assert channel_schedule(till.spec) is None


def test_a_schedule_runs_the_channel_and_then_the_profiles(till: Till) -> None:
    till.declare(sensor=False, schedule="0 5 * * *")
    definitions = store_definitions(channel_definitions(till.spec))
    job = definitions.resolve_job_def("__anonymous_asset_job_till_schedule")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == {
        "source_record/till",
        "profile",
    }


def failed_run(result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance) -> object:
    definition = store_definitions(dg.Definitions()).resolve_sensor_def("fold_after_failure")
    context = dg.build_run_status_sensor_context(
        sensor_name="fold_after_failure",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    )
    return definition(context.for_run_failure())


def test_one_broken_channel_does_not_keep_the_others_from_the_profiles(
    till: Till, run: Run, instance: dg.DagsterInstance
) -> None:
    till.deliver("2024-01-01.csv", "1", header="customer\n")
    assert isinstance(failed_run(run(), instance), dg.RunRequest)


def test_a_blocking_check_waits_for_a_person(
    till: Till, run: Run, instance: dg.DagsterInstance
) -> None:
    till.deliver("2024-01-01.csv", "1,Ann,ann@example.com,r1,yesterday,1.00")
    assert isinstance(failed_run(run(), instance), dg.SkipReason)
