"""Crossings: how many are where dimensions and segments meet, who they are, and how they moved."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdp.cli.options import AsJson, Limit, time_option

if TYPE_CHECKING:
    from cdp.model.crossed import Matrix, People

app = typer.Typer(help="Where segments and dimensions cross.", no_args_is_help=True)

SAID = 'Segments and cells: lifecycle=churned & !segment="gift givers"'
Of = Annotated[str, typer.Argument(metavar="CROSSING", help=SAID)]
Field = Annotated[
    list[str] | None, typer.Option("--field", help="A trait to show; may be given several times.")
]
Plot = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also draw it: a .png, .svg or .pdf file.")
]
Since = Annotated[datetime, time_option("From then on.")]
Until = Annotated[datetime | None, time_option("Up to then; default: now.")]
MOST_SIDE = 12  # columns of a matrix that a screen can hold
BAR = 30


@app.command()
def cells(
    dimension: Annotated[
        str | None, typer.Argument(metavar="[DIMENSION]", help="Default: all of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the cells of dimensions, saved segments among them, with the people in each."""
    from cdp.cli import output
    from cdp.crossings import Crossings

    with Crossings() as crossings:
        found = crossings.cells(dimension)
    if as_json:
        output.emit_all(found)
        return
    rows = output.table("dimension", "cell", "people", right=("people",))
    for each in found:
        rows.add_row(each.dimension, each.cell, output.number(each.people))
    output.screen().print(rows)


@app.command()
def count(of: Of, as_json: AsJson = False) -> None:
    """Count the people of a crossing, and of each cell in it."""
    from cdp.cli import output
    from cdp.crossings import Crossings

    with Crossings() as crossings:
        found = crossings.count(of)
    if as_json:
        output.emit(found)
        return
    rows = output.table("crossing", "people", "share", "", right=("people", "share"))
    for name, people in (*found.parts.items(), (found.crossing, found.people)):
        share = people / found.base if found.base else 0.0
        rows.add_row(name, output.number(people), f"{share:.1%}", "█" * round(share * BAR))
    output.screen().print(rows)


@app.command()
def people(
    of: Of,
    *,
    field: Field = None,
    after: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the individuals of a crossing."""
    from cdp.crossings import Crossings

    with Crossings() as crossings:
        _list(crossings.people(of, fields=field or (), cursor=after, limit=limit), as_json=as_json)


@app.command()
def matrix(
    rows: Annotated[str, typer.Argument(metavar="ROWS", help="A dimension.")],
    columns: Annotated[str, typer.Argument(metavar="COLUMNS", help="Another.")],
    *,
    within: Annotated[str | None, typer.Option(help=f"Only of these people. {SAID}")] = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Cross two dimensions: people, and the lift over what chance would have it."""
    from cdp.cli import output
    from cdp.crossings import Crossings

    with Crossings() as crossings:
        found = crossings.matrix(rows, columns, within=within)
    if plot:
        _draw(found, plot)
    if as_json:
        output.emit(found)
    else:
        print_matrix(found)


@app.command()
def upset(
    of: Annotated[list[str], typer.Argument(metavar="CROSSING...", help=SAID)],
    *,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show how several crossings overlap: who is in exactly which of them."""
    from cdp.cli import output
    from cdp.crossings import Crossings

    with Crossings() as crossings:
        found = crossings.upset(*of)
    if plot:
        _draw(found, plot)
    if as_json:
        output.emit(found)
        return
    table = output.table(*found.sets, "people", "share", right=("people", "share"))
    table.add_row(*map(output.number, found.sets.values()), "", "(of each set)")
    for each in found.overlaps:
        dots = ["●" if name in each.sets else "" for name in found.sets]
        share = each.people / found.people
        table.add_row(*dots, output.number(each.people), f"{share:.1%}")
    output.screen().print(table)


@app.command()
def movement(
    dimension: Annotated[str, typer.Argument(help="E.g. lifecycle.")],
    since: Since,
    until: Until = None,
    *,
    cell: Annotated[
        list[str] | None, typer.Option(help="Of a dimension with several a person, e.g. segment.")
    ] = None,
    before: Annotated[str | None, typer.Option(help="List who was there, with --after.")] = None,
    after: Annotated[str | None, typer.Option(help="List who is there, with --before.")] = None,
    plot: Plot = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show who went where in a dimension; with --before and --after the individuals."""
    from cdp.cli import output
    from cdp.crossings import Crossings

    if (before is None) != (after is None):
        raise typer.BadParameter("--before and --after go together")
    with Crossings() as crossings:
        if before is not None and after is not None:
            listed = crossings.moved(
                dimension, since, until, before=before, after=after, cells=cell, limit=limit
            )
            _list(listed, as_json=as_json)
            return
        found = crossings.movement(dimension, since, until, cells=cell)
    if plot:
        _draw(found, plot)
    if as_json:
        output.emit(found)
        return
    rows = output.table("before", "after", "people", right=("people",))
    for each in found.flows:
        rows.add_row(each.before, each.after, output.number(each.people))
    output.screen().print(rows)
    if found.known_since and found.known_since > found.since:
        at = output.moment(found.known_since)
        output.aside().print(f"Nothing is known of {dimension} before {at} UTC.")


@app.command()
def distinguish(
    a: Of,
    b: Annotated[
        str | None, typer.Argument(metavar="[CROSSING]", help="Default: everybody else.")
    ] = None,
    *,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Show what tells one group from another: their traits by effect size."""
    from cdp.cli import output
    from cdp.crossings import Crossings

    with Crossings() as crossings:
        found = crossings.distinguish(a, b)
    if as_json:
        output.emit(found)
        return
    rows = output.table(
        "trait", "A", "B", "effect", "95 %", "known", right=("A", "B", "effect", "95 %", "known")
    )
    for each in found.differences[:limit]:
        name = each.trait if each.kind == "number" else f"{each.trait} = {each.value}"
        if each.kind == "known":
            name = f"{each.trait} is known"
        show = output.number if each.kind == "number" else "{:.0%}".format
        rows.add_row(
            name,
            show(each.a),
            show(each.b),
            f"{each.effect:+.2f}",
            f"{each.interval.low:+.2f} to {each.interval.high:+.2f}",
            f"{each.n_a}/{each.n_b}",
        )
    output.screen().print(rows)
    output.aside().print(
        f"A: {found.people_a} people, B: {found.people_b}; compared {found.sampled_a} and "
        f"{found.sampled_b}. Effect: Cliff's delta of numbers, difference of shares of all others."
    )


def _list(found: "People", *, as_json: bool) -> None:
    from cdp.cli import output

    if as_json:
        output.emit(found)
        return
    names = list(found.data[0].fields) if found.data else []
    rows = output.table("profile", *names, whole=("profile",))
    for each in found.data:
        rows.add_row(str(each.profile_id), *(output.words(each.fields[name]) for name in names))
    output.screen().print(rows)
    if found.next:
        output.aside().print(f"There are more: --after {found.next}")


def print_matrix(found: "Matrix") -> None:
    """Print two dimensions crossed."""
    from cdp.cli import output

    shown = list(found.column_people)[:MOST_SIDE]
    table = output.table(
        f"{found.rows} \\ {found.columns}", *shown, "people", right=(*shown, "people")
    )
    met = {(each.row, each.column): each for each in found.cells}
    for row, people in found.row_people.items():
        cells = [met[row, column] for column in shown]
        texts = [
            f"{output.number(each.people)} x{each.lift or 0:.1f}{'*' if each.clear else ''}"
            for each in cells
        ]
        table.add_row(row, *texts, output.number(people))
    table.add_row("people", *(output.number(found.column_people[each]) for each in shown),
                  output.number(found.people))  # fmt: skip
    output.screen().print(table)
    hidden = len(found.column_people) - len(shown)
    more = f" {hidden} smaller columns are not shown; --json has them." if hidden else ""
    output.aside().print(f"x: lift over independence; *: beyond chance (q ≤ 0.05).{more}")


def _draw(found: Any, path: Path) -> None:
    from cdp.errors import InvalidRequest

    if path.suffix not in (".png", ".svg", ".pdf"):
        raise InvalidRequest(f"{path}: a picture is written as .png, .svg or .pdf")
    try:
        found.plot().savefig(path, dpi=130)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}") from None
