"""Everything Dagster runs: what is declared under `defs/`, the profiles and the jobs over both."""

from pathlib import Path

import dagster as dg

from cdp.channel.load import load_channels
from pipelines import jobs
from pipelines.audience_asset import AUDIENCE
from pipelines.conclusion_asset import CONCLUSION, conclusion_asset
from pipelines.link_asset import PROBABLE_LINK, link_asset
from pipelines.persona_asset import persona_asset
from pipelines.profile_asset import PROFILE, profile_asset
from pipelines.resources import Store
from pipelines.sentiment_asset import TEXT_SCORE, sentiment_asset

CHANNELS = Path(__file__).parent / "defs" / "channels"


def store_definitions(channels: dg.Definitions) -> dg.Definitions:
    """The declared `channels` (and audiences) with all that stands on them."""
    declared = (asset for asset in channels.assets or () if isinstance(asset, dg.AssetsDefinition))
    # Declared audiences stand beside the channels; they are made of what stands on these.
    keys = sorted(key for asset in declared for key in asset.keys if key.path[0] != AUDIENCE)
    whole = dg.Definitions(
        assets=[
            link_asset(keys),
            profile_asset([*keys, PROBABLE_LINK]),
            sentiment_asset([PROFILE]),
            conclusion_asset([PROFILE, TEXT_SCORE]),
            persona_asset([CONCLUSION]),
        ],
        jobs=[
            jobs.customer_profiles,
            jobs.conclude,
            jobs.fit_conclusions,
            jobs.link_fully,
            jobs.fold_profiles,
            jobs.delete_old_runs,
        ],
        schedules=[
            jobs.customer_profiles_daily,
            jobs.conclude_hourly,
            jobs.fit_conclusions_nightly,
            jobs.link_fully_nightly,
            jobs.delete_old_runs_daily,
        ],
        sensors=[jobs.fold_after_failure],
        resources={"store": Store()},
        # The steps share one store and wait for each other: a process for each only costs its start.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(channels, whole)


@dg.definitions
def definitions() -> dg.Definitions:
    """What `pipelines/defs` declares, and the whole.

    Raises ChannelDeclarationError naming file, line, key and what would be right.
    """
    load_channels(
        CHANNELS
    )  # first, since it says what would be right; Dagster says only what is wrong
    return store_definitions(dg.load_from_defs_folder(path_within_project=Path(__file__)))
