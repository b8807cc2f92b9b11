"""Why records are one person, why not, and what the firewall holds back."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from cdp.model.explanation import Held, Spread

RECORD = "A record: its uid, channel:key, or namespace:value."
Record = Annotated[str, typer.Argument(help=RECORD)]


def explain(
    profile: Annotated[str, typer.Argument(help="Id of the profile, or namespace:value.")],
    start: Annotated[str | None, typer.Option("--from", metavar="RECORD", help=RECORD)] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="RECORD", help=RECORD)] = None,
    as_json: AsJson = False,
) -> None:
    """Explain by what the records of a profile are one person."""
    from contextlib import closing

    from cdp.cli import evidence, output
    from cdp.identity.explanation.explain import explain_identity
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = explain_identity(database, profile, start, end)
    if as_json:
        output.emit(found)
        return
    console = output.screen()
    console.print(
        f"profile {found.profile_id}: {len(found.records)} records, policy version {found.policy_version}"
    )
    if start:
        console.print("\nFrom the one to the other:")
        evidence.print_all(console, found.path)
        console.print("\nWhat they have in common themselves:")
        evidence.print_all(console, found.shared)
    else:
        evidence.print_all(console, found.tree)
        if not found.tree:
            console.print(found.words)


def why_not(a: Record, b: Record, as_json: AsJson = False) -> None:
    """Explain why two records, or profiles, are not one person."""
    from contextlib import closing

    from cdp.cli import evidence, output
    from cdp.identity.explanation import explain as explaining
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = explaining.why_not(database, a, b)
    if as_json:
        output.emit(found)
        return
    console = output.screen()
    if found.one_person:
        console.print(f"they are one person, profile {found.left}:")
        evidence.print_all(console, found.path)
        return
    console.print(f"{found.left} and {found.right} are not one person:")
    for obstacle in found.obstacles:
        console.print(evidence.obstacle(obstacle))


def held(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List junk values, links that the firewall holds back, and the largest profiles."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.identity.steward import held as holding
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = holding.held(database, limit=limit)
    if as_json:
        output.emit(found)
    else:
        _print_held(output.screen(), found)


def _print_held(console: "Console", found: "Held") -> None:
    from cdp.cli import output

    number = output.number
    _print_spread(console, "Junk: these values join nobody", found.junk)
    _print_spread(console, "On their way to be junk", found.near_limit)
    if found.held_back:
        console.print("Held back, because the union would be suspicious")
        rows = output.table("value", "reason", "records", "from profile", right=("records",),
                            whole=("from profile",))  # fmt: skip
        for each in found.held_back:
            value = f"{each.namespace} {each.value}"
            rows.add_row(value, each.reason, number(each.records), str(each.profile_id))
        console.print(rows)
    if found.crowded:
        console.print("Records with more values of one namespace than a person has")
        rows = output.table("record", "namespace", "values", right=("values",))
        for each in found.crowded:
            rows.add_row(each.record_key, each.namespace, number(each.values))
        console.print(rows)
    console.print("Largest profiles")
    columns = ("records", "given names", "birth dates")
    rows = output.table("profile", *columns, right=columns, whole=("profile",))
    for each in found.largest:
        figures = (each.records, each.given_names, each.birth_dates)
        rows.add_row(str(each.profile_id), *map(number, figures))
    console.print(rows)


def _print_spread(console: "Console", title: str, found: "Sequence[Spread]") -> None:
    from cdp.cli import output

    if not found:
        return
    console.print(title)
    rows = output.table("value", "records", "seen with", right=("records",))
    for each in found:
        seen = ", ".join(f"{count} {name}" for name, count in each.seen_with.items())
        rows.add_row(f"{each.namespace} {each.value}", output.number(each.records), seen)
    console.print(rows)
