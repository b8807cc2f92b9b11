"""The asset of a channel: its source records, landed and resolved, with what the run counted."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from cdp.channel.delivery import partition_of
from cdp.channel.sources import Files
from cdp.channel.spec import ChannelSpec
from pipelines import verdicts
from pipelines.failures import RETRIES, final_errors, final_failure
from pipelines.progress import Progress
from pipelines.resources import Store

if TYPE_CHECKING:
    from cdp.ingest import IngestReport
    from cdp.store.figures import ChannelFigures

POOL = "store"
HISTORY_RUNS = 20
# Figures whose usual value is that of the channel's former runs.
REMEMBERED = ("match_rate", "identifiers_per_record", "largest_cluster")


def asset_key(channel: str) -> dg.AssetKey:
    """The part of the table `source_record` that a channel fills."""
    return dg.AssetKey(["source_record", channel])


@contextmanager
def _beta_accepted() -> Iterator[None]:
    """No warning for each channel that back-fill policies are in beta: Dagster's version is pinned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


@_beta_accepted()
def channel_asset(spec: ChannelSpec, retry_policy: dg.RetryPolicy = RETRIES) -> dg.AssetsDefinition:
    """The asset `source_record/<channel>`: each run lands all that the ledger does not know yet.

    A run for partitions lands those days only. Deliveries that break the contract fail the asset
    after the good ones have landed.
    """
    key = asset_key(spec.channel)

    @dg.asset(
        key=key,
        description=spec.description,
        group_name="channels",
        kinds={"postgres", _source_kind(spec)},
        owners=[spec.owner] if spec.owner else None,
        tags={
            "channel": spec.channel,
            "pii": "true",
            "synthetic": str(spec.synthetic).lower(),
            "subject": spec.subject,
        },
        partitions_def=_partitions(spec),
        backfill_policy=dg.BackfillPolicy.single_run(),
        freshness_policy=_freshness_policy(spec),
        retry_policy=retry_policy,
        pool=POOL,
        check_specs=verdicts.check_specs(key),
    )
    def source_record(
        context: dg.AssetExecutionContext, store: Store
    ) -> Iterator[dg.MaterializeResult]:
        # Here, so that definitions load fast: these bring SciPy and the database driver.
        from cdp.ingest import ingest  # noqa: PLC0415
        from cdp.store.figures import channel_figures  # noqa: PLC0415

        started = datetime.now(UTC)
        asked = _asked_partitions(context)
        progress = Progress(context.log, spec.channel)
        with final_errors(), store.database() as database:
            report = ingest(database, spec, partitions=asked, progress=progress)
            figures = channel_figures(database, spec.channel, started)
        if asked is None:
            _note_partitions(context, spec, progress.deliveries)
        metadata = _metadata(report, figures)
        history = _history(context, key)
        yield dg.MaterializeResult(
            metadata=metadata, check_results=_judged(spec, report, figures, history)
        )
        if report.failures:
            raise final_failure(*report.failures)

    return source_record


def _source_kind(spec: ChannelSpec) -> str:
    if not isinstance(spec.source, Files):
        return spec.source.kind
    if spec.source.format:
        return spec.source.format
    suffixes = [suffix.lstrip(".") for suffix in Path(spec.source.path).suffixes]
    return next((word for word in suffixes if word in ("csv", "tsv", "jsonl", "parquet")), "files")


def _partitions(spec: ChannelSpec) -> dg.DailyPartitionsDefinition | None:
    if not isinstance(spec.source, Files) or spec.source.partition is None:
        return None
    # Today's file may be there before the day is over.
    return dg.DailyPartitionsDefinition(spec.source.partition.start, end_offset=1)


def _freshness_policy(spec: ChannelSpec) -> dg.FreshnessPolicy | None:
    if spec.schedule is None:
        return None
    from dagster._utils.schedules import get_smallest_cron_interval  # noqa: PLC0415

    return dg.FreshnessPolicy.cron(spec.schedule, get_smallest_cron_interval(spec.schedule))


def _asked_partitions(context: dg.AssetExecutionContext) -> list[str] | None:
    """The days this run is for; None: whatever is new, of any day."""
    if context.has_partition_key or context.has_partition_key_range:
        return list(context.partition_keys)
    return None


def _note_partitions(
    context: dg.AssetExecutionContext, spec: ChannelSpec, landed: Mapping[str, int]
) -> None:
    """Say which days a run without partitions landed, so that the UI does not show them as missing."""
    if not isinstance(spec.source, Files) or spec.source.partition is None:
        return
    rows: dict[str, int] = {}
    for name, count in landed.items():
        day = partition_of(spec.source, Path(name))
        if day is not None:
            rows[day] = rows.get(day, 0) + count
    for day, count in sorted(rows.items()):
        context.log_event(
            dg.AssetMaterialization(
                context.asset_key, partition=day, metadata={"dagster/partition_row_count": count}
            )
        )


def _metadata(report: "IngestReport", figures: "ChannelFigures") -> dict[str, Any]:
    landed, resolved = report.landed, report.resolved
    metadata: dict[str, Any] = {
        "dagster/row_count": figures.records,
        "deliveries": report.deliveries,
        "deliveries_passed_over": report.passed_over,
        "rows_read": landed.read,
        "rows_accepted": landed.accepted,
        "rows_quarantined": landed.quarantined,
        "record_versions": landed.versions,
        "events": landed.events,
        "events_revised": landed.revised_events,
        "identifiers": report.identifiers,
        "identifiers_refused": report.refused_identifiers,
        "merges": resolved.merges,
        "splits": resolved.splits,
        "blocks": resolved.blocks,
        "cuts": resolved.cuts,
        "seconds": {stage: round(spent, 3) for stage, spent in report.seconds.items()},
        "quarantine": dg.MetadataValue.md(f"`cdp quarantine list --channel {report.channel}`"),
        "largest_cluster": figures.largest,
    }
    if figures.new_records:
        metadata["match_rate"] = figures.match_rate
        metadata["identifiers_per_record"] = figures.identifiers_per_record
    if report.failures:
        said = "\n".join(f"- {error}" for error in report.failures)
        metadata["failures"] = dg.MetadataValue.md(said)
    return metadata


def _history(context: dg.AssetExecutionContext, key: dg.AssetKey) -> dict[str, list[float]]:
    """The remembered figures of the asset's former runs, newest first."""
    former = context.instance.fetch_materializations(key, limit=HISTORY_RUNS).records
    said = [record.asset_materialization for record in former]
    return {
        name: [float(one.metadata[name].value) for one in said if one and name in one.metadata]  # pyright: ignore[reportArgumentType]
        for name in REMEMBERED
    }


def _judged(
    spec: ChannelSpec,
    report: "IngestReport",
    figures: "ChannelFigures",
    history: Mapping[str, list[float]],
) -> list[dg.AssetCheckResult]:
    failures = [str(error) for error in report.failures]
    return [
        verdicts.contract(figures, failures),
        verdicts.reject_rate(figures),
        verdicts.match_rate(figures, history["match_rate"]),
        verdicts.identifiers_per_record(figures, history["identifiers_per_record"]),
        verdicts.largest_cluster(figures, history["largest_cluster"]),
        verdicts.freshness(figures, spec.schedule, datetime.now(UTC), has_events=bool(spec.events)),
    ]
