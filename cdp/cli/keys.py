"""Keys of the service: made, listed, revoked; and the log of what was done with them."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from datetime import datetime
from typing import Annotated

import typer

from cdp.cli.options import AsJson, Limit, time_option

app = typer.Typer(help="Keys of the service.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The id that `cdp key list` shows.")]


@app.command()
def create(
    *,
    name: Annotated[str, typer.Argument(help="The system that will use it, e.g. web-shop.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="ingest, read, steward or admin; may be repeated.")
    ],
    channel: Annotated[
        str | None, typer.Option(help="Channel of the events pushed with it; default: its name.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="A field, part or trait (traits.name) it may read; default: all."),
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="A purpose it may read for; default: any.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Requests a second.")] = None,
    expires: Annotated[datetime | None, time_option("When it ends by itself.")] = None,
) -> None:
    """Make a key. It is shown this once: only a digest of it is kept."""
    from contextlib import closing
    from typing import cast

    from cdp.profile.selection import checked
    from cdp.store import keys
    from cdp.store.database import Database

    with closing(Database()) as database:
        made, secret = keys.create(
            database,
            name,
            cast("list[keys.Scope]", scope),
            channel=channel,
            fields=sorted(checked(field)) if field else None,
            purposes=purpose or None,
            requests_per_second=rate or keys.DEFAULT_RATE,
            expires_at=expires,
        )
    typer.echo(f"key {made.key_id} for {name}: {', '.join(made.scopes)}", err=True)
    typer.echo(secret)


@app.command(name="list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys: what each opens, and when it was last used."""
    from contextlib import closing
    from dataclasses import asdict

    from cdp.cli import output
    from cdp.store import keys
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = keys.every(database)
    if as_json:
        shown = [{k: v for k, v in asdict(key).items() if k != "secret_hash"} for key in found]
        output.emit_rows(shown)
        return
    rows = output.table(
        "id", "name", "scopes", "state", "made (UTC)", "last used (UTC)", whole=("id",)
    )
    for key in found:
        state = "revoked" if key.revoked_at else "expires" if key.expires_at else "valid"
        rows.add_row(
            key.key_id,
            key.name,
            ", ".join(key.scopes),
            state,
            output.moment(key.created_at),
            output.moment(key.last_used_at),
        )
    output.screen().print(rows)


@app.command()
def revoke(key_id: KeyId) -> None:
    """Revoke a key, at once and for good."""
    from contextlib import closing

    from cdp.store import keys
    from cdp.store.database import Database

    with closing(Database()) as database:
        keys.revoke(database, key_id)
    typer.echo(f"key {key_id} is revoked")


def audit(
    profile: Annotated[
        str | None, typer.Argument(metavar="[PROFILE]", help="Id of a profile; default: all.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show who looked at or changed whom, newest first."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.identity.refs import as_id
    from cdp.store import audit as entries
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = entries.newest(database, as_id(profile) if profile else None, limit)
    if as_json:
        output.emit_rows(found)
        return
    rows = output.table("at (UTC)", "key", "action", "purpose", "profile", whole=("key", "profile"))
    for row in found:
        rows.add_row(
            output.moment(row["at"]),
            row["key_id"],
            row["action"],
            row["purpose"] or "-",
            str(row["profile_id"] or "-"),
        )
    output.screen().print(rows)
