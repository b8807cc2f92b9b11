"""Whom nobody may write to, and addresses that do not work."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from getpass import getuser
from typing import Annotated

import typer

from cdp.cli.options import AsJson, Limit

By = Annotated[
    str, typer.Option(help="Who does it; default: your user name.", default_factory=getuser)
]
Ref = Annotated[str, typer.Argument(metavar="NAMESPACE:VALUE", help="E.g. email:ann@example.com")]


def suppress(
    ref: Ref,
    *,
    bounced: Annotated[
        bool, typer.Option("--bounced", help="Not at this address, which does not work.")
    ] = False,
    note: Annotated[str, typer.Option(help="Why, for those who ask later.")] = "",
    by: By,
) -> None:
    """Never write to who carries an identifier."""
    from cdp.audiences import Audiences

    with Audiences() as audiences:
        done = audiences.suppress(
            ref, reason="bounced" if bounced else "do_not_contact", note=note, by=by
        )
    typer.echo(f"suppressed: {done.reason}")


def lift(ref: Ref) -> None:
    """Take the suppressions of an identifier back."""
    from cdp.audiences import Audiences

    with Audiences() as audiences:
        audiences.lift(ref)
    typer.echo("lifted")


def suppressions(limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what is suppressed, newest first."""
    from cdp.audiences import Audiences
    from cdp.cli import output

    with Audiences() as audiences:
        found = audiences.suppressions(limit=limit)
    if as_json:
        output.emit_all(found)
        return
    rows = output.table("at (UTC)", "identifier", "reason", "by", "note")
    for each in found:
        ref = f"{each.namespace}:{each.value}"
        rows.add_row(
            output.moment(each.suppressed_at),
            ref,
            each.reason,
            each.suppressed_by,
            each.note or "-",
        )
    output.screen().print(rows)
