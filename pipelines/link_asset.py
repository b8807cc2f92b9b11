"""The asset `probable_link`: records that share no identifier but plainly are one person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.failures import RETRIES, final_errors
from pipelines.progress import Progress
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.identity.link import LinkReport

PROBABLE_LINK = dg.AssetKey("probable_link")
MOST_PROPOSED = 0.75  # beyond it the model tells too little to decide by itself
LARGEST_LINKED = 100  # records that one person may well have in all channels together


class Linking(dg.Config):
    """How much is compared."""

    full: bool = False
    retrain: bool = False


def link_asset(channels: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The probable links of the records that `channels` brought."""

    @dg.asset(
        key=PROBABLE_LINK,
        description="Pairs of records that a model, learnt from the store's own records, holds to be "
        "one person: joined where it is sure, proposed to a steward where it is not.",
        group_name="identity",
        deps=channels,
        kinds={"postgres", "duckdb"},
        tags={"pii": "true"},
        retry_policy=RETRIES,
        pool="store",
        check_specs=[
            dg.AssetCheckSpec(
                "proposed_share",
                asset=PROBABLE_LINK,
                description=f"Of what was found at most {MOST_PROPOSED:.0%} waits for a steward.",
            ),
            dg.AssetCheckSpec(
                "largest_cluster",
                asset=PROBABLE_LINK,
                description=f"Links hold no more than {LARGEST_LINKED} records together.",
            ),
        ],
    )
    def probable_link(
        context: dg.AssetExecutionContext, config: Linking, store: Store
    ) -> dg.MaterializeResult:
        # Here, so that definitions load fast: these bring Splink and the database driver.
        from cdp.identity.link import link_records  # noqa: PLC0415

        progress = Progress(context.log, "probable_link")
        with final_errors(), store.database() as database:
            report = link_records(
                database, full=config.full, retrain=config.retrain, progress=progress
            )
        return dg.MaterializeResult(
            metadata=_metadata(report),
            check_results=[proposed_share(report), largest_cluster(report)],
        )

    return probable_link


def _metadata(report: "LinkReport") -> dict[str, Any]:
    return {
        "dagster/row_count": report.merging,
        "merging": report.merging,
        "proposed": report.proposed,
        "records": report.records,
        "records_compared": report.compared,
        "pairs_compared": report.pairs,
        "links_added": report.came,
        "links_withdrawn": report.went,
        "merges": report.resolved.merges,
        "splits": report.resolved.splits,
        "largest_cluster": report.largest,
        "model": report.model or "none yet",
        "trained": report.trained,
        "full": report.full,
        "review": dg.MetadataValue.md("`cdp identity review`"),
        "seconds": dict(report.seconds),
    }


def proposed_share(report: "LinkReport") -> dg.AssetCheckResult:
    """Whether the model decides most pairs by itself."""
    links = report.merging + report.proposed
    share = report.proposed / links if links else 0.0
    return dg.AssetCheckResult(
        check_name="proposed_share",
        passed=share <= MOST_PROPOSED,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{report.proposed} pairs wait for a steward, {report.merging} joined; decide "
        "some by `cdp identity review`, then train anew (`cdp identity link --retrain`)",
        metadata={"proposed_share": share},
    )


def largest_cluster(report: "LinkReport") -> dg.AssetCheckResult:
    """Whether links hold unlikely many records together."""
    return dg.AssetCheckResult(
        check_name="largest_cluster",
        passed=report.largest <= LARGEST_LINKED,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"links hold at most {report.largest} records together; more than "
        f"{LARGEST_LINKED} are unlikely: look at it by `cdp identity explain`, and raise "
        "`matching.merge` in the policy if they are different people",
    )
