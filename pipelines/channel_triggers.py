"""When a channel runs by itself: on its declared schedule, or when files arrive."""

import json
from typing import TYPE_CHECKING

import dagster as dg

from cdp.channel.delivery import FileDelivery, deliveries
from cdp.channel.spec import ChannelSpec
from cdp.errors import DeliveryUnreadable
from cdp.settings import settings
from pipelines.channel_asset import asset_key
from pipelines.profile_asset import PROFILE
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.store.database import Database

SECONDS_BETWEEN_LOOKS = 30


def channel_schedule(spec: ChannelSpec) -> dg.ScheduleDefinition | None:
    """The declared schedule, in UTC: the channel, then the profiles it changed."""
    if spec.schedule is None:
        return None
    return dg.ScheduleDefinition(
        name=f"{spec.channel}_schedule",
        cron_schedule=spec.schedule,
        execution_timezone="UTC",
        target=_target(spec),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Reads what is new in {spec.channel}, as its declaration says.",
    )


def channel_sensor(spec: ChannelSpec) -> dg.SensorDefinition | None:
    """A watch over the channel's files, where the declaration says `sensor: true`.

    The ledger alone decides what is new, so a file with an old time is seen too. The cursor holds
    the files that a run was last asked for, so that a file which fails does not start run after
    run. Files should be written under a hidden name (`.part`) and then renamed.
    """
    if not spec.sensor:
        return None

    @dg.sensor(
        name=f"{spec.channel}_files",
        target=_target(spec),
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Reads new files of {spec.channel} as they arrive.",
    )
    def files(context: dg.SensorEvaluationContext, store: Store) -> dg.SensorResult:
        try:
            with store.database() as database:
                waiting = waiting_files(database, spec)
        except DeliveryUnreadable as error:
            return dg.SensorResult(skip_reason=str(error))
        cursor = json.dumps(waiting)
        if not waiting:
            return dg.SensorResult(skip_reason="every file has landed", cursor=cursor)
        if cursor == context.cursor:
            return dg.SensorResult(
                skip_reason=f"a run was asked for the {len(waiting)} waiting files already; if it "
                "failed, mend what its log names and start it again"
            )
        return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=cursor)

    return files


def waiting_files(database: "Database", spec: ChannelSpec) -> list[tuple[str, int, str]]:
    """Name, bytes and time (ISO, UTC) of each file that is there and not in the ledger."""
    from cdp.store.landing import ledger  # noqa: PLC0415  definitions load without a driver

    with database.transaction() as tx:
        landed = ledger.landed_files(tx, spec.channel)
    found = (each for each in deliveries(spec, settings()) if isinstance(each, FileDelivery))
    return [
        (each.name, each.size, each.mtime.isoformat())
        for each in found
        if not landed.looks_known(each.name, each.size, each.mtime)
    ]


def _target(spec: ChannelSpec) -> dg.AssetSelection:
    return dg.AssetSelection.assets(asset_key(spec.channel), PROFILE)
