"""Seeing, mending and replaying rows that their channel refused."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cdp.cli.logs import log
from cdp.cli.options import AsJson, ChannelsFolder, Limit, declared_channels, read_pair

if TYPE_CHECKING:
    from contextlib import closing

    from cdp.store.database import Database

app = typer.Typer(help="See, mend and replay refused rows.", no_args_is_help=True)

RowId = Annotated[str, typer.Argument(metavar="ID", help="Id of a quarantined row.")]
Channel = Annotated[str | None, typer.Option(help="Rows of this channel only.")]


@app.command("list")
def list_rows(
    channel: Channel = None,
    every: Annotated[bool, typer.Option("--all", help="Replayed rows, too.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List refused rows, newest first: where they stood and which rule they broke."""
    from cdp import quarantine
    from cdp.cli import output

    with _database() as database:
        state = None if every else "open"
        found = quarantine.rows(database, channel=channel, state=state, limit=limit)
    if as_json:
        output.emit_all(found)
        return
    if not found:
        output.aside().print("no quarantined row waits" if not every else "no row was ever refused")
        return
    rows = output.table("id", "where", "rule", "reason", whole=("id",))
    for each in found:
        where = f"{each.channel} {each.delivery}:{each.row}"
        reason = f"{each.field}: {each.reason}" if each.field else each.reason
        rows.add_row(str(each.quarantine_id), where, each.rule, reason)
    output.screen().print(rows)


@app.command()
def show(quarantine_id: RowId, as_json: AsJson = False) -> None:
    """Show one refused row as it came, and why it was refused."""
    from rich.text import Text

    from cdp import quarantine
    from cdp.cli import output

    with _database() as database:
        found = quarantine.row(database, quarantine_id)
    if as_json:
        output.emit(found)
        return
    console = output.screen()
    replayed = f", replayed {output.moment(found.replayed_at)} UTC" if found.replayed_at else ""
    console.print(
        output.pairs(
            [
                ("id", str(found.quarantine_id)),
                ("channel", found.channel),
                ("delivery", f"{found.delivery}, row {found.row}"),
                ("refused", f"{output.moment(found.recorded_at)} UTC; {found.state}{replayed}"),
                ("rule", f"{found.rule} {found.field or ''}".strip()),
                ("value", output.words(found.value)),
                ("reason", found.reason),
            ]
        )
    )
    console.print(Text("\nThe row as it came", style="bold"))
    if isinstance(found.raw, str):
        console.print(found.raw, soft_wrap=True)
    else:
        console.print(output.pairs((name, output.words(cell)) for name, cell in found.raw.items()))


@app.command()
def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Rows to replay.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="All open rows of this channel.")] = None,
    mend: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Mend the one row ID.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help='Mended rows as JSON lines: {"quarantine_id": ..., "raw": {...}}',
        ),
    ] = None,
    folder: ChannelsFolder = None,
) -> None:
    """Take rows through their channel again, mended or after its declaration was; then fold.

    Rows that fail again stay, with their new reason, and the exit code is 1.
    """
    from cdp import quarantine
    from cdp.cli import output
    from cdp.service import ingest_replay

    mended = _read(file) if file else {}
    if mend and (len(ids or ()) != 1 or mended):
        raise typer.BadParameter(
            "--set mends the one row whose ID is given; use --file for several"
        )
    if bool(channel) == bool(ids or mended):
        raise typer.BadParameter(
            "give the ids of rows, or --channel for all of its open rows, or --file"
        )
    fields = dict(read_pair(each, empty=True) for each in mend or ())
    with _database() as database:
        found = [quarantine.row(database, each) for each in {*(ids or ()), *map(str, mended)}]
        if fields:
            mended = {found[0].quarantine_id: quarantine.mended_row(found[0], fields)}
        names = [channel] if channel else sorted({each.channel for each in found})
        pushed = [name for name in names if ingest_replay.is_pushed(database, name)]
        declared = [name for name in names if name not in pushed]
        replays = []
        for name in pushed:
            own = {each.quarantine_id for each in found if each.channel == name}
            replays.append(
                ingest_replay.replay(database, name, ids=own if found else None, mended=mended)
            )
        for spec in declared_channels(folder, declared) if declared else ():
            own = {each.quarantine_id for each in found if each.channel == spec.channel}
            replays.append(
                quarantine.replay(
                    database,
                    spec,
                    ids=own if found else None,
                    mended={uid: raw for uid, raw in mended.items() if uid in own},
                )
            )
    rows = output.table(
        "channel",
        "replayed",
        "still open",
        "profiles changed",
        right=("replayed", "still open", "profiles changed"),
    )
    for each in replays:
        counts = (each.replayed, each.still_open, each.profiles_changed)
        rows.add_row(each.channel, *map(output.number, counts))
        log("replayed", channel=each.channel, replayed=each.replayed, still_open=each.still_open)
    output.screen().print(rows)
    if any(each.still_open for each in replays):
        output.aside().print("rows that failed again: cdp quarantine list")
        raise typer.Exit(1)


def _read(file: Path) -> dict[UUID, dict[str, Any]]:
    """The mended rows of a file by id; a usage error names the line that is none."""
    mended = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            uid, raw = UUID(said["quarantine_id"]), said["raw"]
        except (ValueError, KeyError, TypeError, AttributeError):
            uid, raw = None, None
        if uid is None or not isinstance(raw, dict):
            raise typer.BadParameter(
                f'{file} line {number} is not {{"quarantine_id": "...", "raw": {{...}}}}'
            )
        mended[uid] = raw
    return mended


def _database() -> "closing[Database]":
    from contextlib import closing

    from cdp.store.database import Database

    return closing(Database())
