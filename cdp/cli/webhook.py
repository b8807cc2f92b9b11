"""Webhooks: who is told of changes, and what could not be delivered."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from typing import Annotated

import typer

from cdp.cli.options import AsJson, Limit

app = typer.Typer(help="Tell other systems of changes.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of a webhook.")]
KINDS = (
    "changed", "merged", "erased", "segment.entered", "segment.left", "persona.entered", "persona.left",
    "situation.entered", "situation.left", "audience",
)  # fmt: skip


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where to send changes from now on, https://...")],
    kind: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(KINDS)}; default: all of them.")
    ] = None,
) -> None:
    """Subscribe an address. The secret that signs what is sent is shown this once."""
    import secrets
    from contextlib import closing
    from datetime import UTC, datetime

    from cdp.errors import InvalidRequest
    from cdp.service.webhook_target import checked_url
    from cdp.settings import settings
    from cdp.store import webhooks
    from cdp.store.database import Database

    kinds = kind or list(KINDS)
    for name in kinds:
        if name not in KINDS:
            raise InvalidRequest(f"no change is of the kind {name!r}; there are {', '.join(KINDS)}")
    checked_url(url, private=settings().webhook_private)
    secret = f"whsec_{secrets.token_hex(32)}"
    with closing(Database()) as database, database.autocommit() as connection:
        made = webhooks.add(connection, url, kinds, secret, datetime.now(UTC))
    typer.echo(f"webhook {made}", err=True)
    typer.echo(secret)


@app.command(name="list")
def list_webhooks(as_json: AsJson = False) -> None:
    """List the webhooks, and how many of their deliveries wait or are dead."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.store import webhooks
    from cdp.store.database import Database

    with closing(Database()) as database, database.autocommit() as connection:
        found = webhooks.every(connection)
    if as_json:
        output.emit_rows(found)
        return
    rows = output.table(
        "id",
        "url",
        "kinds",
        "waiting",
        "dead",
        "behind",
        right=("waiting", "dead", "behind"),
        whole=("id",),
    )
    for each in found:
        numbers = (output.number(each[name]) for name in ("waiting", "dead", "behind"))
        rows.add_row(str(each["webhook_id"]), each["url"], ", ".join(each["kinds"]), *numbers)
    output.screen().print(rows)


@app.command()
def remove(webhook_id: Id) -> None:
    """End a webhook; what waits for it is forgotten."""
    from contextlib import closing
    from datetime import UTC, datetime

    from cdp.identity.refs import as_id
    from cdp.store import webhooks
    from cdp.store.database import Database

    with closing(Database()) as database, database.autocommit() as connection:
        named = as_id(webhook_id, "a webhook is named by its id; `cdp webhook list` shows it")
        webhooks.remove(connection, named, datetime.now(UTC))
    typer.echo(f"webhook {webhook_id} is removed")


@app.command()
def dead(limit: Limit = 50, as_json: AsJson = False) -> None:
    """List deliveries that were given up, with the last answer."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.store import webhooks
    from cdp.store.database import Database

    with closing(Database()) as database, database.autocommit() as connection:
        found = webhooks.dead(connection, limit)
    if as_json:
        output.emit_rows(found)
        return
    rows = output.table(
        "id",
        "made (UTC)",
        "attempts",
        "changes",
        "answer",
        right=("attempts", "changes"),
        whole=("id",),
    )
    for each in found:
        numbers = (output.number(each[name]) for name in ("attempts", "changes"))
        moment = output.moment(each["created_at"])
        rows.add_row(str(each["delivery_id"]), moment, *numbers, each["answer"] or "-")
    output.screen().print(rows)


@app.command()
def replay(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Deliveries or webhooks; default: all."),
    ] = None,
) -> None:
    """Have dead deliveries tried anew."""
    from contextlib import closing
    from datetime import UTC, datetime

    from cdp.identity.refs import as_id
    from cdp.store import webhooks
    from cdp.store.database import Database

    with closing(Database()) as database, database.autocommit() as connection:
        wanted = [as_id(each) for each in ids] if ids else None
        number = webhooks.replay(connection, wanted, datetime.now(UTC))
    typer.echo(f"{number} deliveries will be tried anew")


@app.command()
def deliver() -> None:
    """Deliver what is due now, as `cdp serve` does all the time."""
    from contextlib import closing

    from cdp.service.webhooks import Courier
    from cdp.store.database import Database

    with closing(Database()) as database:
        tried = Courier(database).run()
    typer.echo(f"{tried} deliveries were tried")
