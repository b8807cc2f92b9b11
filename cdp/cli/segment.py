"""Segments from the command line: save a condition, size it, list who is in, and say why."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

import json
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from cdp.model.segment import Reason

app = typer.Typer(help="Named conditions, and who they hold of.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a segment.")]
Said = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="The condition as YAML or JSON; - reads it from stdin."),
]
About = Annotated[str, typer.Option("--subject", help="person or account.")]


@app.command()
def save(
    name: Name,
    file: Said,
    *,
    by: Annotated[str, typer.Option(default_factory=getuser, help="Who saves it.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    subject: About = "person",
    as_json: AsJson = False,
) -> None:
    """Save a condition under a name, or redefine it, and bring everyone in."""
    from cdp.cli import output
    from cdp.segments import Segments

    with Segments() as segments:
        made = segments.save(
            name, _read(file), by=by, description=description, subject=_subject(subject)
        )
    if as_json:
        output.emit(made)
    else:
        typer.echo(f"{made.name}: {output.number(made.members)} {made.subject}s")


@app.command(name="list")
def list_segments(as_json: AsJson = False) -> None:
    """List the segments, their sizes, and when they were last right."""
    from cdp.cli import output
    from cdp.segments import Segments

    with Segments() as segments:
        found = segments.list()
    if as_json:
        output.emit_all(found)
        return
    rows = output.table("segment", "members", "right at (UTC)", "description", right=("members",))
    for each in found:
        moment = output.moment(each.as_of)
        rows.add_row(each.name, output.number(each.members), moment, each.description)
    output.screen().print(rows)
    for each in found:
        if each.fault:
            output.aside().print(f"{each.name} is not kept up: {each.fault}; save it anew")


@app.command()
def show(name: Name) -> None:
    """Show a segment's condition, as YAML that `save` takes."""
    import yaml

    from cdp.segments import Segments

    with Segments() as segments:
        found = segments.get(name)
    typer.echo(yaml.safe_dump(json.loads(json.dumps(found.condition)), sort_keys=False), nl=False)


@app.command()
def estimate(
    file: Said,
    subject: About = "person",
    seconds: Annotated[float, typer.Option(help="Longer than that: from a sample.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Say how many a condition holds of, without saving it."""
    from cdp.cli import output
    from cdp.segments import Segments

    with Segments() as segments:
        found = segments.estimate(_read(file), subject=_subject(subject), seconds=seconds)
    if as_json:
        output.emit(found)
        return
    number, base = output.number(found.people), output.number(found.base)
    about = (
        "" if found.exact else f" (95 %: {output.number(found.low)} to {output.number(found.high)})"
    )
    typer.echo(f"{'' if found.exact else 'about '}{number} of {base}{about}")


@app.command()
def members(
    name: Name,
    after: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List who is in a segment, and since when."""
    from cdp.cli import output
    from cdp.segments import Segments

    with Segments() as segments:
        page = segments.members(name, after=after, limit=limit)
    if as_json:
        output.emit(page)
        return
    rows = output.table("profile", "since (UTC)", whole=("profile",))
    for each in page.data:
        rows.add_row(str(each.profile_id), output.moment(each.entered_at))
    output.screen().print(rows)
    if page.next:
        typer.echo(f"more: --after {page.next}", err=True)


@app.command()
def changes(
    name: Name,
    since: Annotated[str | None, typer.Option(help="Cursor; default: from the beginning.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List who came into a segment and who left it."""
    from cdp.cli import output
    from cdp.segments import Segments

    with Segments() as segments:
        output.changes(segments.changes(name, since, limit=limit), as_json=as_json)


@app.command()
def why(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="An id or namespace:value.")],
    name: Name,
    as_json: AsJson = False,
) -> None:
    """Say why a profile is in a segment, or is not, and what would have to change."""
    from rich.tree import Tree

    from cdp.cli import output
    from cdp.segments import Segments

    with Segments() as segments:
        found = segments.why(profile, name)
    if as_json:
        output.emit(found)
        return
    tree = Tree(f"{'in' if found.holds else 'not in'} segment {name!r}")
    _grow(tree, found.reason)
    output.screen().print(tree)
    typer.echo("it would be otherwise if:" if found.to_change else "nothing would change that")
    for said in found.to_change:
        typer.echo(f"  {said}")


def _grow(tree: Any, reason: "Reason") -> None:
    from cdp.audience.wording import value_in_words
    from cdp.cli import output

    sign = "+" if reason.holds else "-"
    actual = "" if reason.parts else f"  [{value_in_words(reason.actual)}]"
    until = f"  until {output.moment(reason.until)} UTC" if reason.until else ""
    branch = tree.add(f"{sign} {reason.says}{actual}{until}")
    for part in reason.parts:
        _grow(branch, part)


@app.command()
def archive(name: Name) -> None:
    """End a segment: everyone leaves it, its history stays."""
    from cdp.segments import Segments

    with Segments() as segments:
        segments.archive(name)
    typer.echo(f"segment {name!r} is archived")


def _read(file: Path) -> dict[str, Any]:
    import sys

    import yaml

    from cdp.errors import InvalidSegment

    try:
        said = yaml.safe_load(sys.stdin.read() if str(file) == "-" else file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}", param_hint="FILE") from None
    except yaml.YAMLError as error:
        raise InvalidSegment(f"{file} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(said, dict):
        raise InvalidSegment(f"{file} holds no condition; begin with trait:, event:, all: or any:")
    return said


def _subject(said: str) -> Any:
    if said not in ("person", "account"):
        raise typer.BadParameter(f"{said!r} is not person or account")
    return said
