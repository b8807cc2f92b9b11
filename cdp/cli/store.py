"""The store as a whole: its schema and its figures."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.logs import log
from cdp.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from cdp.model.status import StoreStatus


def migrate() -> None:
    """Bring the database to the schema of this version."""
    from contextlib import closing

    from cdp.store import schema
    from cdp.store.database import Database

    with closing(Database()) as database:
        revision = schema.migrate(database)
    log("migrated", revision=revision)
    typer.echo(f"the schema is at revision {revision}")


def status(
    events: Annotated[
        bool, typer.Option("--events", help="Events by channel and kind, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what each channel brought, what waits, and what became of it."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.status()
    if as_json:
        output.emit(found)
        return
    console = output.screen()
    console.print(_channels(found))
    if events:
        console.print(_events(found))
    console.print(output.pairs(_totals(found)))


def _channels(found: "StoreStatus") -> "Table":
    from cdp.cli import output

    rows = output.table(
        "channel",
        "files",
        "rows read",
        "accepted",
        "quarantined",
        "open",
        "records",
        "landed (UTC)",
        right=("files", "rows read", "accepted", "quarantined", "open", "records"),
    )
    for each in found.channels:
        rows.add_row(
            f"{each.channel} *" if each.synthetic else each.channel,
            *(
                output.number(count)
                for count in (
                    each.deliveries,
                    each.rows_read,
                    each.rows_accepted,
                    each.rows_quarantined,
                    each.open_quarantine,
                    each.records,
                )
            ),
            output.moment(each.landed_at),
        )
    if any(each.synthetic for each in found.channels):
        rows.caption = "* synthetic: made by the generator"
        rows.caption_justify = "left"
    return rows


def _events(found: "StoreStatus") -> "Table":
    from cdp.cli import output

    rows = output.table(
        "channel",
        "event",
        "times",
        "amount",
        "first (UTC)",
        "last (UTC)",
        right=("times", "amount"),
    )
    for each in found.channels:
        for figure in each.events:
            rows.add_row(
                each.channel,
                figure.kind,
                output.number(figure.events),
                output.money(figure.amount, figure.currency),
                output.moment(figure.first_at),
                output.moment(figure.last_at),
            )
    return rows


def _totals(found: "StoreStatus") -> list[tuple[str, str]]:
    from cdp.cli.output import number

    log_entries = ", ".join(
        f"{n} {number(count)}" for n, count in sorted(found.identity_log.items())
    )
    lines = [
        ("profiles", number(found.profiles)),
        ("source records", number(found.source_records)),
        ("largest profile", f"{number(found.largest_cluster)} records"),
        ("identity log", log_entries or "empty"),
    ]
    if found.policy_version:
        differs = (
            "the policy file differs: cdp identity preview, then cdp identity apply"
            if found.policy_differs
            else ""
        )
        lines.append(("identity policy", f"version {found.policy_version} {differs}".strip()))
    if found.stale_profiles:
        lines.append(("waiting to be folded", f"{number(found.stale_profiles)} (run cdp ingest)"))
    return lines
