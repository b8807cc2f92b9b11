"""Generating channels' files about invented people."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from pathlib import Path
from typing import Annotated

import typer


def generate(
    *,
    out: Annotated[Path, typer.Option(help="Folder to fill; use it as CDP_DATA.", file_okay=False)],
    people: Annotated[int | None, typer.Option(min=1, help="How many people to invent.")] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Instead: the demo's real store sales with invented people."),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal bytes.")] = 1,
    events: Annotated[
        int | None,
        typer.Option(min=1, help="Events of all channels together; default: 17 per person."),
    ] = None,
    bad_rows: Annotated[
        float, typer.Option(min=0, max=1, help="Share of broken rows to add to files of text.")
    ] = 0.0,
) -> None:
    """Write the files of all channels about invented people, with the truth about who is who."""
    if demo == (people is not None):
        raise typer.BadParameter("give either --people or --demo")
    if demo and (events or bad_rows):
        raise typer.BadParameter("--events and --bad-rows go with --people; the demo has its own")
    from cdp import generate as generator
    from cdp.cli import output

    report = (
        generator.generate(out, people, seed, events, bad_rows=bad_rows)
        if people
        else generator.generate_demo(out, seed)
    )
    rows = output.table(
        "channel", "records", "events", "broken rows", right=("records", "events", "broken rows")
    )
    for name, count in report.records.items():
        rows.add_row(
            name,
            output.number(count),
            output.number(report.events.get(name, 0)),
            output.number(report.bad_rows.get(name, 0)),
        )
    console = output.screen()
    console.print(rows)
    console.print(f"{output.number(report.people)} people, seed {report.seed}, in {report.folder}")
    if report.truth:
        console.print(f"who is who: {report.truth}")
