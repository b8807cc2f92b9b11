"""The asset `conclusion`: computed traits, segments and personas of the profiles that changed."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.failures import RETRIES, final_errors
from pipelines.progress import Progress
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.store.figures import ConclusionFigures

CONCLUSION = dg.AssetKey("conclusion")


class Concluding(dg.Config):
    """What is done besides: with `fit` the whole base's figures are fitted anew, the feed shortened."""

    fit: bool = False


def conclusion_asset(after: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """What is concluded of the profiles that `after` changed, and of those that time alone moves."""

    @dg.asset(
        key=CONCLUSION,
        description="Computed traits, account links, segments and personas of every profile that "
        "changed, and of those whose windows and stages the time has moved.",
        group_name="profiles",
        deps=after,
        kinds={"postgres", "polars"},
        tags={"pii": "true"},
        retry_policy=RETRIES,
        pool="store",
        check_specs=[
            dg.AssetCheckSpec(
                "every_profile_is_derived",
                asset=CONCLUSION,
                description="Each profile has its computed traits.",
            )
        ],
    )
    def conclusion(
        context: dg.AssetExecutionContext, config: Concluding, store: Store
    ) -> dg.MaterializeResult:
        # Here, so that definitions load fast: these bring Polars and the database driver.
        from datetime import UTC, datetime  # noqa: PLC0415

        from cdp.audience.membership import shorten_feed  # noqa: PLC0415
        from cdp.conclude import conclude  # noqa: PLC0415
        from cdp.derive.run import refit  # noqa: PLC0415
        from cdp.store.figures import conclusion_figures  # noqa: PLC0415

        progress = Progress(context.log, "conclusion")
        with final_errors(), store.database() as database:
            started = time.perf_counter()
            if config.fit:
                refit(database, datetime.now(UTC))
            report = conclude(database, progress)
            if config.fit:
                shorten_feed(database)
            seconds = time.perf_counter() - started
            figures = conclusion_figures(database)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": figures.derived,
                "profiles_derived": report.derived,
                "cells_entered": report.entered,
                "cells_left": report.left,
                "parameters": figures.parameters,
                "seconds": {"conclude": round(seconds, 3)},
            },
            check_results=[every_profile_is_derived(figures)],
        )

    return conclusion


def every_profile_is_derived(figures: "ConclusionFigures") -> dg.AssetCheckResult:
    """Whether no profile lacks its traits; what still waits is another run's business."""
    return dg.AssetCheckResult(
        check_name="every_profile_is_derived",
        passed=figures.waiting > 0 or figures.derived == figures.profiles,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{figures.derived} of {figures.profiles} profiles have computed traits, "
        f"{figures.waiting} wait; run `cdp derive rebuild` should some lack them",
    )
