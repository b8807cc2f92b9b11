"""Audiences: declared, sized, exported, pushed, suppressed and measured."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdp.cli import suppression
from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from cdp.model.audience import Export

app = typer.Typer(help="Whom to address, by consent.", no_args_is_help=True)
for command in (suppression.suppress, suppression.lift, suppression.suppressions):
    app.command()(command)

Name = Annotated[str, typer.Argument(metavar="AUDIENCE", help="Its name.")]
By = Annotated[
    str, typer.Option(help="Who does it; default: your user name.", default_factory=getuser)
]
Field = Annotated[
    list[str] | None, typer.Option("--field", help="A trait to export; default: as declared.")
]


@app.command()
def declare(
    name: Name,
    *,
    segment: Annotated[str | None, typer.Option(help="A saved segment.")] = None,
    crossing: Annotated[
        str | None, typer.Option(help='Or segments and cells: lifecycle=churned & !segment="x"')
    ] = None,
    purpose: Annotated[str, typer.Option(help="What for: marketing, newsletter, ...")],
    medium: Annotated[str, typer.Option(help="By what: email, sms, phone, post, push.")],
    field: Field = None,
    hold_out: Annotated[
        float | None, typer.Option(min=0.0, max=0.5, help="Share of people kept back, 0 to 0.5.")
    ] = None,
    hold_out_name: Annotated[
        str | None, typer.Option(help="Audiences of one name keep back the same people.")
    ] = None,
    description: Annotated[str, typer.Option(help="For those who read it later.")] = "",
    by: By,
    as_json: AsJson = False,
) -> None:
    """Make an audience, or change the one of that name."""
    from pydantic import ValidationError

    from cdp.audiences import Audiences
    from cdp.cli import output
    from cdp.errors import InvalidRequest
    from cdp.model.audience import AudienceDeclaration
    from cdp.model.fault import first_fault

    said: dict[str, Any] = {
        "name": name,
        "segment": segment,
        "crossing": crossing,
        "purpose": purpose,
        "medium": medium,
        "fields": tuple(field or ()),
        "description": description,
        "holdout": {"name": hold_out_name or name, "share": hold_out} if hold_out else None,
    }
    try:
        declaration = AudienceDeclaration.model_validate(said)
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from None
    with Audiences() as audiences:
        made = audiences.declare(declaration, by=by)
    if as_json:
        output.emit(made)
    else:
        typer.echo(f"{made.name}: {made.crossing}, for {made.purpose} by {made.medium}")


@app.command(name="list")
def list_audiences(as_json: AsJson = False) -> None:
    """List the audiences."""
    from cdp.audiences import Audiences
    from cdp.cli import output

    with Audiences() as audiences:
        found = audiences.every()
    if as_json:
        output.emit_all(found)
        return
    rows = output.table("name", "crossing", "purpose", "medium", "held out", right=("held out",))
    for each in found:
        share = f"{each.holdout.share:.0%}" if each.holdout else "-"
        rows.add_row(each.name, each.crossing, each.purpose, each.medium, share)
    output.screen().print(rows)


@app.command()
def size(name: Name, as_json: AsJson = False) -> None:
    """Count who may be addressed now, and why the others may not."""
    from cdp.audiences import Audiences
    from cdp.cli import output
    from cdp.model.audience import REASONS

    with Audiences() as audiences:
        found = audiences.size(name)
    if as_json:
        output.emit(found)
        return
    rows = output.table("", "people", right=("people",))
    rows.add_row("in the crossing", output.number(found.crossing))
    for reason, people in found.left_out.items():
        rows.add_row(f"- {REASONS[reason]}", output.number(people))
    rows.add_row("- held out", output.number(found.held_out))
    rows.add_row("may be addressed", output.number(found.addressable))
    output.screen().print(rows)


@app.command()
def export(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A .csv, .jsonl or .parquet file.")],
    *,
    field: Field = None,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Write who may be addressed into a file, after all that waits has been concluded."""
    from contextlib import closing

    from cdp.audiences import Audiences
    from cdp.conclude import conclude
    from cdp.store.database import Database

    with closing(Database()) as database:
        conclude(database)
        done = Audiences(database=database).export(name, file, fields=field, by=by)
    _show(done, as_json=as_json)


@app.command()
def push(
    name: Name,
    webhook: Annotated[
        str, typer.Argument(metavar="ID", help="Of `cdp webhook add --kind audience`.")
    ],
    *,
    field: Field = None,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Send who may be addressed to a webhook, signed, page by page."""
    from contextlib import closing

    from cdp.audiences import Audiences
    from cdp.conclude import conclude
    from cdp.identity.refs import as_id
    from cdp.service.audience_push import push as send
    from cdp.store.database import Database

    with closing(Database()) as database:
        conclude(database)
        audience = Audiences(database=database).get(name)
        webhook_id = as_id(webhook, "a webhook is named by its id; `cdp webhook list` shows it")
        done = send(database, audience, webhook_id, by=by, fields=field)
    _show(done, as_json=as_json)


@app.command()
def exports(
    name: Annotated[str | None, typer.Argument(metavar="[AUDIENCE]", help="Default: all.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what was handed on: when, by whom, wherefor, how many, and the hash."""
    from cdp.audiences import Audiences
    from cdp.cli import output

    with Audiences() as audiences:
        found = audiences.exports(name, limit=limit)
    if as_json:
        output.emit_all(found)
        return
    rows = output.table(
        "at (UTC)", "audience", "purpose", "by", "people", "state", "sha256", right=("people",)
    )
    for each in found:
        rows.add_row(
            output.moment(each.as_of),
            each.audience,
            f"{each.purpose} by {each.medium}",
            each.exported_by,
            output.number(each.people),
            each.state,
            (each.sha256 or "-")[:12],
        )
    output.screen().print(rows)


@app.command()
def effect(
    name: Name,
    *,
    kind: Annotated[
        list[str] | None, typer.Option(help="What they did; default: order, order_line.")
    ] = None,
    product: Annotated[list[str] | None, typer.Option(help="Of these products only.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="Of these categories only.")] = None,
    within: Annotated[str, typer.Option(help="How long after the export: 14d, 12h.")] = "14d",
    as_json: AsJson = False,
) -> None:
    """Compare what the addressed did with what those held out did."""
    from cdp.audiences import ORDERED, Audiences
    from cdp.cli import output
    from cdp.model.duration import duration

    try:
        length = duration(within)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with Audiences() as audiences:
        found = audiences.effect(
            name, kinds=kind or ORDERED, within=length, products=product, categories=category
        )
    if as_json:
        output.emit(found)
        return
    rows = output.table("", "people", "converted", "rate", right=("people", "converted", "rate"))
    for title, arm in (("addressed", found.addressed), ("held out", found.held_out)):
        rows.add_row(
            title, output.number(arm.people), output.number(arm.converted), f"{arm.rate:.2%}"
        )
    output.screen().print(rows)
    if found.difference is None or found.interval is None:
        output.aside().print("Without people in both arms there is no effect to tell.")
        return
    sure = "beyond chance" if found.interval.clear else "chance cannot be ruled out"
    output.screen().print(
        f"difference {found.difference:+.2%} (95 %: {found.interval.low:+.2%} to "
        f"{found.interval.high:+.2%}), {sure}"
    )


@app.command()
def archive(name: Name) -> None:
    """Put an audience away; its exports stay on record."""
    from cdp.audiences import Audiences

    with Audiences() as audiences:
        audiences.archive(name)
    typer.echo(f"{name} is put away")


def _show(done: "Export", *, as_json: bool) -> None:
    from cdp.cli import output

    if as_json:
        output.emit(done)
        return
    left_out = ", ".join(f"{people} {reason}" for reason, people in done.left_out.items())
    typer.echo(
        f"{done.people} people of {done.audience} handed on ({done.format}, {done.bytes} bytes, "
        f"sha256 {done.sha256}); held out: {done.held_out}; left out: {left_out or 'nobody'}"
    )
