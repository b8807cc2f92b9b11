"""Personas: find them, read and edit their cards, write them by hand, check whether they still hold."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from cdp.personas import Personas

app = typer.Typer(help="Kinds of people and situations, with their cards.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="PERSONA", help="Id or name of a persona.")]
LONGEST_STEM = 60  # letters of a file's name: of four bytes each they fit into a file system's 255
FORMATS = ("markdown", "json", "html", "pdf")


@app.command()
def discover(
    seed: Annotated[int, typer.Option(help="The same seed finds the same personas.")] = 1,
) -> None:
    """Look for personas among the people there are, write their cards and assign everybody."""
    with _personas() as personas:
        found = personas.discover(seed=seed, progress=lambda step: typer.echo(step, err=True))
        for each in found.tried:
            rand = f", adjusted Rand {sum(each.rand) / len(each.rand):.2f}" if each.rand else ""
            typer.echo(f"{each.personas} personas: ICL {each.icl:.0f}{rand}", err=True)
        typer.echo(
            f"version {found.version}: {found.personas} personas and {found.situations} situations, "
            f"{found.kept} known before, {found.new} new"
        )
        if found.note:
            typer.echo(f"no kinds of people found: {found.note}", err=True)
        for name in found.bereft:
            typer.echo(f"segment {name!r} reads a persona that is found no more", err=True)
        fitted = personas.fitted()
    _warn(fitted.stability if fitted else None)


@app.command(name="list")
def list_personas(as_json: AsJson = False) -> None:
    """List the personas: kinds of people first, then situations."""
    from cdp.cli import output

    with _personas() as personas:
        found = personas.every()
    if as_json:
        output.emit_rows([each.model_dump(mode="json") for each in found])
        return
    rows = output.table(
        "name", "kind", "share", "people", "drifted", "id", right=("share", "people")
    )
    for each in found:
        share = "" if each.share is None else f"{each.share:.1%}"
        drifted = each.drifted_at.date().isoformat() if each.drifted_at else ""
        rows.add_row(each.name, each.kind, share, str(each.people), drifted, str(each.persona_id))
    output.screen().print(rows)


@app.command()
def show(persona: Name, as_json: AsJson = False) -> None:
    """Show a card: every figure beside the base's, with n and its 95 % interval."""
    from cdp.persona.export import exported

    with _personas() as personas:
        card = personas.card(persona)
    typer.echo(exported(card, "json" if as_json else "markdown").decode())


@app.command()
def edit(
    persona: Name,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    text: Annotated[str | None, typer.Option(help="Another text on the card.")] = None,
) -> None:
    """Give a persona another name or text; later discoveries keep them."""
    with _personas() as personas:
        typer.echo(personas.edit(persona, name=name, text=text).name)


@app.command()
def define(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML: one persona, or a list.")],
) -> None:
    """Take in hand-written personas, or another wording of them; everybody is assigned anew."""
    import yaml
    from pydantic import ValidationError

    from cdp.errors import InvalidRequest
    from cdp.model.fault import first_fault
    from cdp.model.persona import StatedPersona

    try:
        said = yaml.safe_load(file.read_text())
        written = [
            StatedPersona.model_validate(each)
            for each in (said if isinstance(said, list) else [said])
        ]
    except (OSError, yaml.YAMLError) as error:
        raise InvalidRequest(f"{file}: {error}; write one persona, or a list, as YAML") from None
    except ValidationError as error:
        raise InvalidRequest(f"{file}: {first_fault(error)}") from None
    with _personas() as personas:
        for each in written:
            typer.echo(f"{personas.define(each, by='command line')} {each.name}")


@app.command()
def retire(persona: Name) -> None:
    """Take a hand-written persona away; everybody is assigned anew."""
    with _personas() as personas:
        personas.retire(persona)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go.")],
    persona: Annotated[str | None, typer.Option(help="Id or name; default: all of them.")] = None,
    format: Annotated[str, typer.Option(help=", ".join(FORMATS))] = "html",  # noqa: A002
) -> None:
    """Write cards as files."""
    import re

    from cdp.errors import InvalidRequest
    from cdp.persona.export import SUFFIXES, Format, exported

    if format not in get_args(Format):
        raise InvalidRequest(f"no card is written as {format!r}; there are {', '.join(FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    with _personas() as personas:
        names = [persona] if persona else [each.name for each in personas.every()]
        stems: set[str] = set()
        for name in names:
            card = personas.card(name)
            stem = re.sub(r"\W+", "-", card.name.lower()).strip("-")[:LONGEST_STEM]
            stem = stem if stem and stem not in stems else f"{stem}-{card.persona_id}".strip("-")
            stems.add(stem)
            path = folder / f"{stem}.{SUFFIXES[format]}"
            path.write_bytes(exported(card, format))  # pyright: ignore[reportArgumentType]  checked above
            typer.echo(path)


@app.command()
def changes(
    persona: Name,
    since: Annotated[str | None, typer.Option(help="Cursor; default: from the beginning.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List who came into a persona or situation and who left it."""
    from cdp.cli import output

    with _personas() as personas:
        output.changes(personas.changes(persona, since, limit=limit), as_json=as_json)


@app.command()
def validate(as_json: AsJson = False) -> None:
    """Check whether the personas still hold; cards that have drifted are marked."""
    with _personas() as personas:
        found = personas.validate()
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    stability = "not measured" if found.stability is None else f"{found.stability:.2f}"
    typer.echo(
        f"version {found.version}, {found.people} people\n"
        f"coverage {found.coverage:.1%}  separation {found.separation:.2f}  "
        f"near a border {found.border:.1%}  stability {stability}\n"
        f"shift of the shares {found.shares_psi:.3f} (PSI)"
    )
    for each in found.moved:
        typer.echo(f"moved: {each.trait} {each.psi:.3f} (PSI)")
    typer.echo(
        "the personas have drifted: `cdp persona discover`"
        if found.drifted
        else "no drift since they were made"
    )
    _warn(found.stability)


@app.command()
def situation(
    ref: Annotated[str, typer.Argument(metavar="PROFILE", help="Id or namespace:value.")],
    as_json: AsJson = False,
) -> None:
    """Tell which persona fits a person now, and why."""
    with _personas() as personas:
        found = personas.situation(ref)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    typer.echo(f"now      {found.persona.name} ({found.persona.probability:.0%})")
    typer.echo(f"history  {found.history.name} ({found.history.probability:.0%})")
    for each in found.reasons:
        typer.echo(f"  {each.words}")


def _warn(stability: float | None) -> None:
    from cdp.model.persona import STABLE

    if stability is not None and stability < STABLE:
        typer.echo(
            f"not stable: other samples of the same people give other personas (adjusted Rand index "
            f"{stability:.2f}, {STABLE} would be); there may be no such kinds of people",
            err=True,
        )


def _personas() -> "Personas":
    from cdp.personas import Personas

    return Personas()
