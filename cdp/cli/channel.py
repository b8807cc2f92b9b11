"""Declared channels: what they are, and what their rows would become."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.options import AsJson, ChannelsFolder, declared_channels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdp.channel.preview import Preview

# What a sample's rows become, in the order in which they are shown.
BLOCKS = ("rejects", "records", "events")
TABLES = ("identifiers", "consents", "memberships", "accounts")

app = typer.Typer(help="Check and list channel declarations.", no_args_is_help=True)


@app.command("list")
def list_channels(folder: ChannelsFolder = None, as_json: AsJson = False) -> None:
    """List the declared channels: where each reads and when."""
    from rich.padding import Padding
    from rich.text import Text

    from cdp.cli import output

    specs = declared_channels(folder)
    if as_json:
        output.emit_all(specs)
        return
    console = output.screen()
    for spec in specs:
        source = spec.source
        place = getattr(source, "path", None) or getattr(source, "table", None) or "query"
        where = source.url if source.kind == "rest" else place
        when = "on arrival" if spec.sensor else spec.schedule or "on demand"
        facts = (
            spec.subject,
            f"{source.kind} {where}",
            when,
            *(["synthetic"] if spec.synthetic else []),
        )
        console.print(Text.assemble((spec.channel, "bold cyan"), f"  {', '.join(facts)}"))
        console.print(Padding(Text(spec.description, style="dim"), (0, 0, 0, 2)))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A defs.yaml, or its folder.")],
    sample: Annotated[Path | None, typer.Option(help="A file of the channel's data.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="So many rows of the sample.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Check a declaration, and show what a sample's rows would become.

    Nothing is landed. The exit code is 1 where a row of the sample would be refused.
    """
    from cdp.channel.load import load_channel
    from cdp.channel.preview import preview
    from cdp.cli import output

    spec = load_channel(file)
    if sample is None:
        typer.echo(
            f"channel {spec.channel!r} is well declared; try --sample with a file of its data"
        )
        return
    if not sample.is_file():
        raise typer.BadParameter(f"{sample}: there is no such file", param_hint="--sample")
    found = preview(spec, sample, rows)
    if as_json:
        output.emit(found)
    else:
        _print(found)
    if found.rejects:
        raise typer.Exit(1)


def _print(found: "Preview") -> None:
    from rich.padding import Padding
    from rich.text import Text

    from cdp.cli import output

    console = output.screen()
    refused = f", {len(found.rejects)} of them refused" if found.rejects else ""
    console.print(f"{found.channel}: {found.rows_read} rows of {found.sample}{refused}")
    for part in BLOCKS:
        for line in getattr(found, part):
            title = line.get("record_key") or f"row {line['row']}"
            console.print(Text(f"\n{part.removesuffix('s')} {title}", style="bold cyan"))
            said = [(name, output.words(value)) for name, value in _fields(line)]
            console.print(Padding(output.pairs(said), (0, 0, 0, 2), expand=False))
    for part in TABLES:
        lines = getattr(found, part)
        if lines:
            console.print(Text(f"\n{part}", style="bold cyan"))
            names = [name for name in lines[0] if any(line[name] is not None for line in lines)]
            rows = output.table(*names)
            for line in lines:
                rows.add_row(*(output.words(line[name]) for name in names))
            console.print(Padding(rows, (0, 0, 0, 2), expand=False))


def _fields(line: "Mapping[str, object]") -> "Iterator[tuple[str, object]]":
    """The fields of a line that say something, those of its JSON text one by one."""
    import json

    for name, value in line.items():
        if name in ("content", "properties") and isinstance(value, str):
            said = json.loads(value)
            yield from said.get("traits", said).items()
        elif value is not None and name != "record_key":
            yield name, value


@app.command()
def schema() -> None:
    """Print the JSON Schema of declarations, for completion in an editor."""
    import json

    from cdp.channel.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
