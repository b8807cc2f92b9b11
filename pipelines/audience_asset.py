"""The asset of a declared audience: who may be addressed, exported into a file on its schedule."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, field_validator

from cdp.channel.cron import checked_schedule
from cdp.model.audience import AudienceDeclaration
from cdp.settings import settings
from pipelines.conclusion_asset import CONCLUSION
from pipelines.failures import RETRIES, final_errors
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.model.audience import Export

AUDIENCE = "audience"  # the first part of each key
AUDIENCES = "audiences"  # the group


class ScheduledAudience(AudienceDeclaration):
    """An audience that is exported into a file, by a schedule or when it is asked for."""

    path: str = Field(
        description="a .csv, .jsonl or .parquet file; {data} is the folder of the data, {date} the day (UTC)"
    )
    schedule: str | None = Field(default=None, description="when to export: cron, in UTC")

    @field_validator("schedule")
    @classmethod
    def _cron(cls, said: str | None) -> str | None:
        return said if said is None else checked_schedule(said)

    def file(self, day: datetime) -> Path:
        """The file of a day."""
        return Path(self.path.format(data=settings().data, date=day.strftime("%Y-%m-%d")))

    def declaration(self) -> AudienceDeclaration:
        """The audience itself."""
        return AudienceDeclaration.model_validate(self.model_dump(exclude={"path", "schedule"}))


def audience_asset(said: ScheduledAudience) -> dg.AssetsDefinition:
    """The asset `audience/<name>`: each run exports who may be addressed at that moment."""
    key = dg.AssetKey([AUDIENCE, said.name])

    @dg.asset(
        key=key,
        description=said.description
        or f"Who may be addressed for {said.purpose} by {said.medium}.",
        group_name=AUDIENCES,
        deps=[CONCLUSION],
        kinds={"postgres", Path(said.path).suffix.removeprefix(".")},
        tags={"pii": "true", "purpose": said.purpose, "medium": said.medium},
        retry_policy=RETRIES,
        pool="store",
        check_specs=[
            dg.AssetCheckSpec(
                "somebody_is_addressed", asset=key, description="The list is not empty."
            )
        ],
    )
    def audience(store: Store) -> dg.MaterializeResult:
        # Here, so that definitions load fast: these bring Polars and the database driver.
        from cdp.audiences import Audiences  # noqa: PLC0415
        from cdp.conclude import conclude  # noqa: PLC0415

        file = said.file(datetime.now(UTC))
        with final_errors(), store.database() as database:
            conclude(database)  # whom the time has moved since the last run
            audiences = Audiences(database=database)
            audiences.declare(said.declaration(), by="pipelines")
            done = audiences.export(said.name, file, by="pipelines")
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": done.people,
                "file": dg.MetadataValue.path(str(file)),
                "export_id": str(done.export_id),
                "held_out": done.held_out,
                "left_out": dict(done.left_out),
                "sha256": done.sha256,
            },
            check_results=[somebody_is_addressed(done)],
        )

    return audience


def audience_schedule(said: ScheduledAudience) -> dg.ScheduleDefinition | None:
    """The declared schedule, in UTC."""
    if said.schedule is None:
        return None
    return dg.ScheduleDefinition(
        name=f"audience_{said.name}_schedule",
        cron_schedule=said.schedule,
        execution_timezone="UTC",
        target=dg.AssetSelection.assets(dg.AssetKey([AUDIENCE, said.name])),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Exports the audience {said.name}, as its declaration says.",
    )


def somebody_is_addressed(done: "Export") -> dg.AssetCheckResult:
    """Whether the list is not empty."""
    left_out = ", ".join(f"{people} {reason}" for reason, people in done.left_out.items())
    return dg.AssetCheckResult(
        check_name="somebody_is_addressed",
        passed=done.people > 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{done.people} people; held out: {done.held_out}; left out: {left_out or 'nobody'}",
    )
