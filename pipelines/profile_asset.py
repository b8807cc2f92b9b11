"""The asset `profile`: every person's records folded into one profile."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.failures import RETRIES, final_errors
from pipelines.progress import Progress
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.store.figures import ProfileFigures

PROFILE = dg.AssetKey("profile")
LARGEST_PROFILE = 200  # records that one person may well have in all channels together


def profile_asset(changing: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The profiles, folded anew where one of `changing` changed what is theirs."""

    @dg.asset(
        key=PROFILE,
        description="One profile per person: the fold of all source records that are theirs.",
        group_name="profiles",
        deps=changing,
        kinds={"postgres"},
        tags={"pii": "true"},
        retry_policy=RETRIES,
        pool="store",
        check_specs=[
            dg.AssetCheckSpec(
                "every_record_is_folded",
                asset=PROFILE,
                description="Each source record is in exactly one profile.",
                blocking=True,
            ),
            dg.AssetCheckSpec(
                "largest_cluster",
                asset=PROFILE,
                description=f"No profile has more than {LARGEST_PROFILE} records.",
            ),
        ],
    )
    def profile(context: dg.AssetExecutionContext, store: Store) -> dg.MaterializeResult:
        # Here, so that definitions load fast: these bring the database driver.
        from cdp.profile.fold import fold_stale_profiles  # noqa: PLC0415
        from cdp.store.figures import profile_figures  # noqa: PLC0415

        progress = Progress(context.log, "profile")
        with final_errors(), store.database() as database:
            started = time.perf_counter()
            changed = fold_stale_profiles(database, lambda folded: progress("profile", folded))
            seconds = time.perf_counter() - started
            figures = profile_figures(database)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": figures.profiles,
                "profiles_changed": changed,
                "source_records": figures.source_records,
                "largest_cluster": figures.largest,
                "seconds": {"fold": round(seconds, 3)},
            },
            check_results=[every_record_is_folded(figures), largest_cluster(figures)],
        )

    return profile


def every_record_is_folded(figures: "ProfileFigures") -> dg.AssetCheckResult:
    """Whether no record is missing from the profiles; what still waits is another run's business."""
    return dg.AssetCheckResult(
        check_name="every_record_is_folded",
        passed=figures.stale > 0 or figures.folded_records == figures.source_records,
        description=f"{figures.folded_records} of {figures.source_records} source records are in "
        f"{figures.profiles} profiles; {figures.stale} profiles wait to be folded",
    )


def largest_cluster(figures: "ProfileFigures") -> dg.AssetCheckResult:
    """Whether no profile swallows unlikely many records."""
    return dg.AssetCheckResult(
        check_name="largest_cluster",
        passed=figures.largest <= LARGEST_PROFILE,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"the largest profile has {figures.largest} records; more than "
        f"{LARGEST_PROFILE} are unlikely. A value that many people share may link them: block it in the "
        "policy (CDP_POLICY)",
    )
