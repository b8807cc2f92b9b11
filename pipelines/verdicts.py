"""What the checks of a channel conclude from its figures: broken contracts block, drift warns."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING

import dagster as dg

# Dagster has its reading of cron expressions for itself; its version is pinned.
from dagster._utils.schedules import reverse_cron_string_iterator

if TYPE_CHECKING:
    from cdp.store.figures import ChannelFigures

REJECT_LIMIT = 0.10  # share of rows above which the source is broken rather than untidy
REJECT_DRIFT = 0.01  # of the rows, beyond twice the usual share
MATCH_DRIFT = 0.20  # of the new records, up or down
IDENTIFIER_DRIFT = 0.5  # of the usual number, up or down
LARGEST_CLUSTER = 50  # records of one channel that one person may well have
CLUSTER_GROWTH = 2  # times the usual size
ENOUGH_RUNS = 3  # former runs that make something usual

CHECKS = {
    "contract": "Every delivery keeps the declaration, every row is accepted or in quarantine, "
    f"and at most {REJECT_LIMIT:.0%} of the rows are in quarantine.",
    "reject_rate": "The share of quarantined rows is what it was in earlier deliveries.",
    "match_rate": "The share of new records that join a known person is what it was.",
    "identifiers_per_record": "New records bring as many identifiers as they did.",
    "largest_cluster": "No person has an unlikely number of this channel's records.",
    "freshness": "The source delivers as its schedule says, and the news are new.",
}
BLOCKING = ("contract",)


def check_specs(asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of a channel's asset."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=meaning, blocking=name in BLOCKING)
        for name, meaning in CHECKS.items()
    ]


def contract(figures: "ChannelFigures", failures: Sequence[str]) -> dg.AssetCheckResult:
    """Whether the deliveries kept the declared contract."""
    new = figures.new
    broken = list(failures)
    if new.read != new.accepted + new.quarantined or new.quarantined != figures.in_quarantine:
        broken.append(
            f"{new.read} rows were read, but {new.accepted} accepted and {new.quarantined} "
            f"rejected, of which {figures.in_quarantine} lie in quarantine; rows were lost"
        )
    if new.reject_rate > REJECT_LIMIT:
        broken.append(
            f"{new.reject_rate:.1%} of {new.read} rows are in quarantine, more than "
            f"{REJECT_LIMIT:.0%}; see what they have in common, and have the source mended"
        )
    return dg.AssetCheckResult(
        check_name="contract",
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR,
        description="\n".join(broken)
        or f"{new.read} rows, {new.quarantined} of them in quarantine",
        metadata={
            "rows_read": new.read,
            "rows_quarantined": new.quarantined,
            "reject_rate": new.reject_rate,
        },
    )


def reject_rate(figures: "ChannelFigures") -> dg.AssetCheckResult:
    """Whether clearly more rows are rejected than in the ledger's earlier deliveries."""
    now, usual = figures.new.reject_rate, figures.earlier.reject_rate
    known = figures.earlier.read > 0
    return _warning(
        "reject_rate",
        passed=not known or now <= 2 * usual + REJECT_DRIFT,
        words=f"{now:.2%} of the rows are in quarantine, {_usually(f'{usual:.2%}', known)}",
        reject_rate=now,
        usual=usual,
    )


def match_rate(figures: "ChannelFigures", history: Sequence[float]) -> dg.AssetCheckResult:
    """Whether new records join known people as often as they did."""
    now, usual = figures.match_rate, _median(history)
    judged = figures.new_records > 0 and usual is not None
    return _warning(
        "match_rate",
        passed=not judged or abs(now - (usual or 0)) <= MATCH_DRIFT,
        words=f"{now:.1%} of {figures.new_records} new records joined a known person, "
        + _usually(f"{usual or 0:.1%}", usual is not None),
        match_rate=now,
    )


def identifiers_per_record(
    figures: "ChannelFigures", history: Sequence[float]
) -> dg.AssetCheckResult:
    """Whether new records bring as many identifiers as they did."""
    now, usual = figures.identifiers_per_record, _median(history)
    judged = figures.new_records > 0 and usual is not None
    return _warning(
        "identifiers_per_record",
        passed=not judged or abs(now - (usual or 0)) <= IDENTIFIER_DRIFT * (usual or 0),
        words=f"{now:.2f} identifiers per new record, {_usually(f'{usual or 0:.2f}', usual is not None)}",
        identifiers_per_record=now,
    )


def largest_cluster(figures: "ChannelFigures", history: Sequence[float]) -> dg.AssetCheckResult:
    """Whether one person suddenly has, or has unlikely many, of the channel's records."""
    usual = _median(history)
    likely = max(LARGEST_CLUSTER, CLUSTER_GROWTH * (usual or 0))
    return _warning(
        "largest_cluster",
        passed=figures.largest <= likely,
        words=f"one person has {figures.largest} of the channel's records; up to {likely:g} are "
        "likely. A value that many people share may link them: block it in the policy (CDP_POLICY)",
        largest_cluster=figures.largest,
    )


def freshness(
    figures: "ChannelFigures", schedule: str | None, now: datetime, *, has_events: bool
) -> dg.AssetCheckResult:
    """Whether no more than one scheduled delivery is missing, and the newest event is about as new."""
    metadata = {
        name: dg.MetadataValue.timestamp(moment)
        for name, moment in (
            ("landed_at", figures.landed_at),
            ("newest_event", figures.newest_event),
        )
        if moment
    }
    if schedule is None:
        return _warning("freshness", passed=True, words="no schedule is declared", **metadata)
    ticks = reverse_cron_string_iterator(now.timestamp(), schedule, "UTC")
    _, landed_limit, event_limit = islice(ticks, 3)
    late = []
    if figures.landed_at is None or figures.landed_at < landed_limit:
        late.append(f"nothing was delivered since {landed_limit:%Y-%m-%d %H:%M} UTC")
    if has_events and (figures.newest_event is None or figures.newest_event < event_limit):
        late.append(f"no event is newer than {event_limit:%Y-%m-%d %H:%M} UTC")
    return _warning(
        "freshness",
        passed=not late,
        words="; ".join(late) or f"delivered in time for the schedule {schedule}",
        **metadata,
    )


def _warning(name: str, *, passed: bool, words: str, **metadata: object) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=words,
        metadata=metadata,  # pyright: ignore[reportArgumentType]  numbers and metadata values
    )


def _median(history: Sequence[float]) -> float | None:
    return median(history) if len(history) >= ENOUGH_RUNS else None


def _usually(figure: str, known: bool) -> str:
    return f"usually {figure}" if known else "with no history to compare"
