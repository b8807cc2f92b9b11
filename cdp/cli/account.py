"""Companies: one of them, its people by role, its group, and how well it fits."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from typing import Annotated

import typer

from cdp.cli.icp import Function, Level, show_members
from cdp.cli.options import AsJson, Limit

app = typer.Typer(help="Companies, their people and their groups.", no_args_is_help=True)

Ref = Annotated[str, typer.Argument(metavar="REF", help="An id, or e.g. company_domain:acme.com")]


@app.command()
def show(ref: Ref, *, as_json: AsJson = False) -> None:
    """One company: what is known of it, and what was concluded."""
    from cdp.accounts import Accounts
    from cdp.cli import output, render
    from cdp.profiles import CustomerProfiles

    with Accounts() as accounts:
        found = accounts.get(ref)
    if as_json:
        output.emit(found)
        return
    with CustomerProfiles() as profiles:
        concluded = profiles.computed(found.profile_id)
    screen = output.screen()
    render.render_profile(found, screen)
    told = {name: value for name, value in concluded.traits.items() if "account." in name}
    screen.print(output.pairs((name, output.words(value)) for name, value in told.items()))


@app.command()
def search(words: str, *, limit: Limit = 20, as_json: AsJson = False) -> None:
    """Companies whose name, identifiers and city are like some words."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        found = accounts.search(words, limit=limit)
    if as_json:
        output.emit_all(found)
        return
    table = output.table("company", "name", "sector", "employees", "city", right=("employees",))
    for each in found:
        firm, place = each.firmographics, each.geography.address
        told = (firm.company_name, firm.industry or firm.sector, firm.employees)
        table.add_row(str(each.profile_id), *map(output.words, told), (place and place.city) or "-")
    output.screen().print(table)


@app.command()
def people(
    ref: Ref,
    *,
    function: Function = None,
    level: Level = None,
    left: Annotated[bool, typer.Option("--left", help="Also who has left.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Who belongs to a company, by function and level."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        found = accounts.people(ref, functions=function, levels=level, with_left=left, limit=limit)
    if as_json:
        output.emit_all(found)
    else:
        show_members(found)


@app.command()
def relations(ref: Ref, *, as_json: AsJson = False) -> None:
    """Parents and subsidiaries that are stated, and companies that may be of one group."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        found = accounts.relations(ref)
    if as_json:
        output.emit_all(found)
        return
    table = output.table("company", "name", "is its", "why")
    for each in found:
        table.add_row(str(each.account_id), each.name or "-", each.kind, each.why)
    output.screen().print(table)


@app.command()
def fit(
    ref: Ref,
    *,
    icp: Annotated[str | None, typer.Option(help="One profile; default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """How well a company fits each ideal customer profile, with every reason."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        found = accounts.fit(ref, icp)
    if as_json:
        output.emit_all(found)
        return
    for each in found:
        chance = (
            "" if each.probability is None else f", probability of a win {each.probability:.1%}"
        )
        output.screen().print(f"{each.icp} (version {each.version}): {each.score:g}{chance}")
        table = output.table("criterion", "weight", "holds", "actual", right=("weight",))
        for reason in each.reasons:
            table.add_row(reason.criterion, f"{reason.weight:+g}", output.words(reason.met),
                          output.words(dict(reason.actual)))  # fmt: skip
        output.screen().print(table)
