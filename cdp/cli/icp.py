"""Ideal customer profiles: declared or learnt, previewed, and who fits them."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from cdp.model.account import Member
    from cdp.model.icp import IcpDefinition

app = typer.Typer(help="Which companies to win, and how well each fits.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="ICP", help="Its name.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: name and criteria.")]
By = Annotated[
    str, typer.Option(help="Who does it; default: your user name.", default_factory=getuser)
]
AtLeast = Annotated[float, typer.Option(min=0, max=100, help="The least score.")]
Function = Annotated[list[str] | None, typer.Option("--function", help="E.g. finance.")]
Level = Annotated[list[str] | None, typer.Option("--level", help="E.g. director.")]


@app.command()
def define(file: File, *, by: By, note: str = "", as_json: AsJson = False) -> None:
    """Put a profile in force, as the next version of its name."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        kept = accounts.define_icp(_read(file), by=by, note=note)
    scored = _conclude()
    if as_json:
        output.emit(kept)
    else:
        output.screen().print(
            f"{kept.definition.name}: version {kept.version}, "
            f"{len(kept.definition.criteria)} criteria; {output.number(scored)} profiles scored"
        )


@app.command()
def preview(file: File, *, as_json: AsJson = False) -> None:
    """How many companies a profile would fit how well; nothing is kept."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        found = accounts.preview_icp(_read(file))
    if as_json:
        output.emit(found)
        return
    screen = output.screen()
    table = output.table("criterion", "companies", right=("companies",))
    for criterion, companies in found.met.items():
        table.add_row(criterion, output.number(companies))
    screen.print(table)
    table = output.table("score", "companies", right=("companies",))
    for tenth, companies in found.by_tenth.items():
        table.add_row(tenth, output.number(companies))
    screen.print(table)
    unknown = ", ".join(f"{trait} of {n}" for trait, n in found.unknown.items() if n)
    screen.print(f"{found.accounts} companies; not known: {unknown or 'nothing'}")


@app.command()
def learn(
    name: Name,
    *,
    won: Annotated[str, typer.Option(help="The kind of event that tells a win.")] = "deal_won",
    among: Annotated[
        str | None, typer.Option(help="Candidates have an event of this kind; default: all.")
    ] = None,
    trait: Annotated[
        list[str] | None,
        typer.Option("--trait", help="May be read; default: sector, size, country, ..."),
    ] = None,
    subject: Annotated[str, typer.Option(help="account or person")] = "account",
    keep: Annotated[
        bool, typer.Option("--keep/--dry-run", help="Put it in force, or only report.")
    ] = True,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Learn a profile from won deals, and report how far it can be trusted."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        found = accounts.learn_icp(
            name,
            won=won,
            among=among,
            traits=trait,
            subject=subject,  # pyright: ignore[reportArgumentType]  checked by the library
            by=by,
            keep=keep,
        )
    if keep:
        _conclude()
    if as_json:
        output.emit(found)
    else:
        _report(found)


@app.command("list")
def every(*, as_json: AsJson = False) -> None:
    """The profiles in force."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as accounts:
        found = accounts.icps()
    if as_json:
        output.emit_all(found)
        return
    table = output.table("icp", "version", "kind", "criteria", "by", "since (UTC)",
                         right=("version", "criteria"))  # fmt: skip
    for each in found:
        told = each.definition
        table.add_row(told.name, str(each.version), told.kind, str(len(told.criteria)),
                      each.created_by, output.moment(each.created_at))  # fmt: skip
    output.screen().print(table)


@app.command()
def accounts(
    name: Name, *, at_least: AtLeast = 0.0, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """The companies that fit best, and why."""
    from cdp.accounts import Accounts
    from cdp.cli import output

    with Accounts() as opened:
        found = opened.fitting(name, at_least=at_least, limit=limit)
    if as_json:
        output.emit_all(found)
        return
    table = output.table("company", "score", "holds", "does not", right=("score",))
    for each in found:
        met = [reason.criterion for reason in each.reasons if reason.met]
        missed = [reason.criterion for reason in each.reasons if not reason.met]
        table.add_row(each.name or str(each.account_id), f"{each.score:g}", "; ".join(met),
                      "; ".join(missed))  # fmt: skip
    output.screen().print(table)


@app.command()
def people(
    name: Name,
    *,
    at_least: AtLeast = 70.0,
    function: Function = None,
    level: Level = None,
    limit: Limit = 100,
    segment: Annotated[
        str | None, typer.Option(help="Save them as a segment of this name, for an audience.")
    ] = None,
    by: By,
    as_json: AsJson = False,
) -> None:
    """The people by role in the companies that fit."""
    from cdp.accounts import Accounts
    from cdp.cli import output
    from cdp.segments import Segments

    with Accounts() as opened:
        roles: dict[str, Any] = {"functions": function, "levels": level}
        found = opened.whom(name, at_least=at_least, limit=limit, **roles)
        condition = opened.segment(name, at_least=at_least, **roles)
    if segment is not None:
        with Segments() as segments:
            segments.save(segment, condition, by=by)
    if as_json:
        output.emit_all(found)
    else:
        show_members(found)


@app.command()
def archive(name: Name) -> None:
    """Put a profile out of force; its versions stay on record."""
    from cdp.accounts import Accounts

    with Accounts() as opened:
        opened.archive_icp(name)
    _conclude()


def show_members(found: "list[Member]") -> None:
    """A table of people with their roles."""
    from cdp.cli import output

    table = output.table("profile", "company", "role", "function", "level", "since", "until", "by")
    for each in found:
        told = (each.role, ", ".join(each.functions), each.level, each.since, each.until, each.rule)
        table.add_row(str(each.profile_id), each.account or "-", *map(output.words, told))
    output.screen().print(table)


def _conclude() -> int:
    """Hold every company against the profiles in force; how many profiles were concluded on."""
    from contextlib import closing

    from cdp.conclude import conclude
    from cdp.store.database import Database

    with closing(Database()) as database:
        return conclude(database).derived


def _report(found: "IcpDefinition") -> None:
    from cdp.cli import output

    report = found.report
    assert report is not None  # noqa: S101  a learnt one has it
    screen = output.screen()
    area = report.auc
    screen.print(
        f"{report.won} of {report.candidates} won; AUC {area.value:.3f} "
        f"({area.low:.3f} to {area.high:.3f}); Brier {report.brier:.4f}, "
        f"of the mere share {report.brier_base:.4f}"
    )
    screen.print(report.verdict)
    table = output.table("criterion", "log-odds", right=("log-odds",))
    for each in sorted(found.criteria, key=lambda criterion: -abs(criterion.weight)):
        from cdp.derive.icp import in_words

        table.add_row(in_words(each.when), f"{each.weight:+.2f}")
    screen.print(table)
    for trait, why in report.left_out.items():
        screen.print(f"left out: {trait}: {why}")


def _read(file: Path) -> dict[str, Any]:
    import yaml

    from cdp.errors import InvalidRequest

    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidRequest(f"{file}: the profile cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise InvalidRequest(f"{file}: a profile is a mapping with name and criteria")
    return {"name": file.stem, **found}
