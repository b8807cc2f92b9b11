"""Reading channels without an orchestrator: one after the other, then the fold."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.logs import log
from cdp.cli.options import ChannelsFolder, declared_channels

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdp.channel.spec import ChannelSpec
    from cdp.ingest import IngestReport
    from cdp.store.database import Database


def ingest(
    channel: Annotated[
        list[str] | None, typer.Argument(metavar="[CHANNEL]...", help="Default: all declared.")
    ] = None,
    folder: ChannelsFolder = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Read files anew that have landed, as after a mended declaration."
        ),
    ] = False,
) -> None:
    """Land and resolve what the channels have to deliver, fold and conclude what changed.

    What has landed before is passed over. A delivery that cannot be read is left out whole and
    named; the others land, and the exit code is 1.
    """
    from contextlib import closing

    from cdp.cli import output
    from cdp.conclude import conclude
    from cdp.profile.fold import fold_stale_profiles
    from cdp.store.database import Database
    from cdp.store.schema import require_current

    specs = declared_channels(folder, channel)
    aside = output.aside()
    with closing(Database()) as database:
        require_current(database)
        with aside.status("") as line:

            def tell(text: str) -> None:
                line.update(text)

            reports = [_ingested(database, spec, tell, again=again) for spec in specs]
            changed = fold_stale_profiles(
                database, lambda folded: tell(f"fold: {output.number(folded)} profiles")
            )
            conclude(
                database, lambda stage, count: tell(f"{stage}: {output.number(count)} profiles")
            )
    log("folded", profiles=changed)
    _print(reports, changed)
    failures = [(report.channel, failure) for report in reports for failure in report.failures]
    for name, failure in failures:
        aside.print(f"cdp: channel {name!r}: {failure}", soft_wrap=True)
    if failures:
        raise typer.Exit(1)


def _ingested(
    database: "Database", spec: "ChannelSpec", tell: "Callable[[str], None]", *, again: bool
) -> "IngestReport":
    from cdp.cli.output import number
    from cdp.errors import ChannelError
    from cdp.ingest import IngestReport, ingest

    tell(f"{spec.channel}: looking for deliveries")
    try:
        report = ingest(
            database,
            spec,
            again=again,
            progress=lambda name, rows: tell(f"{spec.channel}: {name}, {number(rows)} rows"),
        )
    except ChannelError as error:
        # Its deliveries cannot even be listed; the other channels go on.
        report = IngestReport(spec.channel, failures=[error])
    for failure in report.failures:
        log("delivery failed", channel=spec.channel, error=failure.code)
    log(
        "ingested",
        channel=spec.channel,
        deliveries=report.deliveries,
        read=report.landed.read,
        quarantined=report.landed.quarantined,
        merges=report.resolved.merges,
    )
    return report


def _why_nothing(reports: "list[IngestReport]") -> str:
    if any(report.deliveries for report in reports):
        return ""
    if any(report.passed_over for report in reports):
        return "; everything was known already"
    return "; nothing was found to read: check CDP_DATA and the paths of the declarations"


def _print(reports: "list[IngestReport]", changed: int) -> None:
    from cdp.cli import output

    figures = ("landed", "known", "rows read", "accepted", "quarantined", "events", "merges")
    rows = output.table("channel", *figures, "seconds", right=(*figures, "seconds"))
    for report in reports:
        landed = report.landed
        counts = (
            report.deliveries,
            report.passed_over,
            landed.read,
            landed.accepted,
            landed.quarantined,
            landed.events + landed.revised_events,
            report.resolved.merges,
        )
        rows.add_row(
            report.channel, *map(output.number, counts), f"{sum(report.seconds.values()):.1f}"
        )
    console = output.screen()
    console.print(rows)
    console.print(f"{output.number(changed)} profiles changed{_why_nothing(reports)}")
    if any(report.landed.quarantined for report in reports):
        console.print("quarantined rows: cdp quarantine list")
