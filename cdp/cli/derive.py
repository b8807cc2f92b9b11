"""Computed traits: deriving, fitting, listing and explaining them."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.options import AsJson, time_option

if TYPE_CHECKING:
    from cdp.model.computed import ComputedExplanation

app = typer.Typer(help="Computed traits: what is concluded of profiles.", no_args_is_help=True)

Now = Annotated[datetime | None, time_option("Take this for the present; default: now.")]
ProfileRef = Annotated[str, typer.Argument(metavar="ID", help="A profile's id or namespace:value.")]


@app.command()
def run(now: Now = None) -> None:
    """Conclude what waits: traits, account links, segments and personas of changed profiles."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.conclude import conclude
    from cdp.store.database import Database

    aside = output.aside()
    with closing(Database()) as database, aside.status("concluding") as line:
        report = conclude(
            database,
            lambda stage, count: line.update(f"{stage}: {output.number(count)} profiles"),
            now,
        )
    output.screen().print(f"{output.number(report.derived)} profiles derived")


@app.command()
def fit(now: Now = None) -> None:
    """Fit the figures of the whole base anew; other figures queue every profile."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.derive.run import refit
    from cdp.store.database import Database

    with closing(Database()) as database, output.aside().status("fitting"):
        found = refit(database, now or datetime.now(UTC))
    output.screen().print(
        f"parameters version {found.version}, fitted {output.moment(found.fitted_at)} UTC"
    )


@app.command()
def rebuild(now: Now = None) -> None:
    """Derive every profile anew with the parameters in force."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.derive.run import rebuild as derive_anew
    from cdp.store.database import Database

    aside = output.aside()
    with closing(Database()) as database, aside.status("deriving") as line:
        count = derive_anew(
            database,
            now or datetime.now(UTC),
            lambda done: line.update(f"derive: {output.number(done)} profiles"),
        )
    output.screen().print(f"{output.number(count)} profiles derived; now: cdp derive run")


@app.command("list")
def list_traits(
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/traits.md has it.")] = False,
) -> None:
    """List the computed traits: type, unit, meaning, and the formula in JSON and Markdown."""
    from cdp.cli import output
    from cdp.derive.reference import markdown as reference
    from cdp.derive.registry import computed_traits

    found = list(computed_traits().values())
    if markdown:
        sys.stdout.write(reference())
    elif as_json:
        output.emit_all(found)
    else:
        rows = output.table("trait", "family", "type", "unit", "meaning")
        for trait in found:
            rows.add_row(trait.name, trait.family, trait.type, trait.unit, trait.meaning)
        output.screen().print(rows)


@app.command()
def parameters() -> None:
    """Show the fitted figures in force as JSON, with the calibration of the predictions."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.derive.parameters import parameters_in_force
    from cdp.errors import InvalidRequest
    from cdp.store.database import Database

    with closing(Database()) as database, database.transaction() as tx:
        found = parameters_in_force(tx)
    if found is None:
        raise InvalidRequest("nothing was fitted yet; run `cdp derive run`")
    output.emit_rows([{"version": found.version, "fitted_at": found.fitted_at, **found.document}])


@app.command()
def show(ref: ProfileRef, as_json: AsJson = False) -> None:
    """Show what was concluded of one profile."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.computed(ref)
    if as_json:
        output.emit(found)
        return
    console = output.screen()
    console.print(output.pairs((name, output.words(value)) for name, value in found.traits.items()))
    console.print(
        f"derived {output.moment(found.derived_at)} UTC; due again {output.moment(found.due_at)}"
    )


@app.command()
def explain(
    ref: ProfileRef,
    trait: Annotated[str, typer.Argument(help="A name of `cdp derive list`.")],
    as_json: AsJson = False,
) -> None:
    """Explain a computed trait of one profile: definition, inputs, fitted figures."""
    from cdp.cli import output
    from cdp.profiles import CustomerProfiles

    with CustomerProfiles() as profiles:
        found = profiles.explain_computed(ref, trait)
    if as_json:
        output.emit(found)
    else:
        _print(found)


def _print(found: "ComputedExplanation") -> None:
    from cdp.cli import output

    trait = found.trait
    rows = [
        (trait.name, "unknown" if found.value is None else output.words(found.value)),
        ("meaning", trait.meaning),
        ("formula", trait.formula),
        ("unit", trait.unit or "-"),
        ("reads", ", ".join(trait.inputs) or "-"),
        *((f"  {name}", output.words(value)) for name, value in found.inputs.items()),
        ("fitted", output.moment(found.fitted_at)),
        *((f"  {name}", output.words(value)) for name, value in _small(found).items()),
        ("version", str(trait.version)),
        ("derived", f"{output.moment(found.derived_at)} UTC"),
    ]
    output.screen().print(output.pairs(rows))


def _small(found: "ComputedExplanation") -> dict[str, object]:
    """The fitted figures that are read at a glance; `cdp derive parameters` has all."""
    return {
        name: value
        for name, value in found.parameters.items()
        if not isinstance(value, dict) and not (isinstance(value, list) and len(value) > 4)
    }
