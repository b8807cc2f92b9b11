"""The jobs over the whole store: the daily run, the fold after a failed channel, the tidying up."""

from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg

from pipelines.audience_asset import AUDIENCES
from pipelines.conclusion_asset import CONCLUSION
from pipelines.link_asset import PROBABLE_LINK
from pipelines.profile_asset import PROFILE

KEEP_RUNS_DAYS = 30
RUNS_AT_ONCE = 100

# Every schedule of ours runs from the start.
schedule = partial(
    dg.ScheduleDefinition,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

customer_profiles = dg.define_asset_job(
    "customer_profiles",
    # Lists of people are made when their own schedules say so.
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(AUDIENCES),
    description="Lands what is new in every channel, links what is plainly one person, then folds "
    "the profiles that changed.",
)

conclude = dg.define_asset_job(
    "conclude",
    selection=dg.AssetSelection.assets(CONCLUSION),
    description="Concludes what waits, and what the time alone has moved.",
)

fit_conclusions = dg.define_asset_job(
    "fit_conclusions",
    selection=dg.AssetSelection.assets(CONCLUSION),
    config={"ops": {CONCLUSION.to_python_identifier(): {"config": {"fit": True}}}},
    description="Fits RFM bounds, lifecycle thresholds, co-purchases and predictions anew, then "
    "concludes everything by them.",
)

link_fully = dg.define_asset_job(
    "link_fully",
    selection=dg.AssetSelection.assets(PROBABLE_LINK, PROFILE, CONCLUSION),
    config={"ops": {PROBABLE_LINK.to_python_identifier(): {"config": {"full": True}}}},
    description="Compares every record with every other, then folds the profiles that changed.",
)

fold_profiles = dg.define_asset_job(
    "fold_profiles",
    selection=dg.AssetSelection.assets(PROFILE, CONCLUSION),
    description="Folds the profiles whose records changed.",
)

customer_profiles_daily = schedule(
    name="customer_profiles_daily",
    job=customer_profiles,
    cron_schedule="0 6 * * *",
    description="Also takes in what schedules and sensors of single channels have missed.",
)

conclude_hourly = schedule(
    name="conclude_hourly",
    job=conclude,
    cron_schedule="30 * * * *",
    description="People leave windows and stages by time alone, also where nothing is served.",
)

fit_conclusions_nightly = schedule(
    name="fit_conclusions_nightly",
    job=fit_conclusions,
    cron_schedule="0 4 * * *",
    description="What conclusions take from the whole base follows it from night to night.",
)

link_fully_nightly = schedule(
    name="link_fully_nightly",
    job=link_fully,
    cron_schedule="0 2 * * *",
    description="What the comparisons of single records came to, checked as a whole.",
)


@dg.run_failure_sensor(
    request_job=fold_profiles,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Folds what was landed when one channel broke its contract, or the linking failed.",
)
def fold_after_failure(context: dg.RunFailureSensorContext) -> dg.RunRequest | dg.SkipReason:
    """One broken source must not keep the news of all others from the profiles."""
    failures = context.get_step_failure_events()
    causes = {
        event.step_failure_data.error.cls_name
        for event in failures
        if event.step_failure_data.error
    }
    links_failed = any(event.step_key == PROBABLE_LINK.to_python_identifier() for event in failures)
    if "DagsterAssetCheckFailedError" in causes:
        return dg.SkipReason("a blocking check failed: look at it, then run fold_profiles")
    if context.dagster_run.job_name == fold_profiles.name:
        return dg.SkipReason("the fold itself failed")
    if "Failure" not in causes and not links_failed:
        return dg.SkipReason("no channel broke its contract, and the links were found")
    return dg.RunRequest(run_key=context.dagster_run.run_id)


class Retention(dg.Config):
    """How long runs are kept."""

    days: int = KEEP_RUNS_DAYS


@dg.op(description="Deletes finished runs and their events; the event log never shrinks by itself.")
def delete_runs(context: dg.OpExecutionContext, config: Retention) -> int:
    """The number of runs deleted."""
    finished = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
        ],
        created_before=datetime.now(UTC) - timedelta(days=config.days),
    )
    deleted = 0
    while runs := context.instance.get_runs(finished, limit=RUNS_AT_ONCE):
        for run in runs:
            context.instance.delete_run(run.run_id)
        deleted += len(runs)
    context.log.info("deleted %s runs older than %s days", deleted, config.days)
    return deleted


@dg.job(description=f"Deletes runs older than {KEEP_RUNS_DAYS} days.")
def delete_old_runs() -> None:
    """Keep Dagster's own storage from growing for ever."""
    delete_runs()


delete_old_runs_daily = schedule(
    name="delete_old_runs_daily",
    job=delete_old_runs,
    cron_schedule="30 3 * * *",
    description="Keeps Dagster's own storage from growing for ever.",
)
