"""Old runs are deleted with their events; recent ones stay."""

import dagster as dg

from pipelines.jobs import delete_old_runs
from tests.pipelines.conftest import Run


def deleted(instance: dg.DagsterInstance, days: int) -> int:
    config = {"ops": {"delete_runs": {"config": {"days": days}}}}
    return delete_old_runs.execute_in_process(config, instance).output_for_node("delete_runs")


def test_a_run_is_kept_for_its_days_and_then_deleted(
    run: Run, instance: dg.DagsterInstance
) -> None:
    done = run()
    assert deleted(instance, days=30) == 0
    assert instance.get_run_by_id(done.run_id) is not None
    assert deleted(instance, days=0) == 2
    assert instance.get_run_by_id(done.run_id) is None
