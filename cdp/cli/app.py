"""The commands put together, and what becomes of their errors."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from cdp.cli import (
    account,
    audience,
    channel,
    crossing,
    derive,
    generate,
    icp,
    identity,
    ingest,
    keys,
    persona,
    profile,
    quarantine,
    segment,
    sentiment,
    serve,
    store,
    up,
    webhook,
)
from cdp.cli.logs import log, silence_libraries
from cdp.errors import CdpError

app = typer.Typer(
    help="One profile per customer, from many channels, on one Postgres.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(store.migrate)
app.command()(ingest.ingest)
app.command()(store.status)
app.add_typer(profile.app, name="profile")
app.add_typer(channel.app, name="channel")
app.add_typer(account.app, name="account")
app.add_typer(icp.app, name="icp")
app.add_typer(identity.app, name="identity")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(derive.app, name="derive")
app.add_typer(sentiment.app, name="sentiment")
app.add_typer(crossing.app, name="crossing")
app.add_typer(segment.app, name="segment")
app.add_typer(audience.app, name="audience")
app.add_typer(persona.app, name="persona")
app.command()(generate.generate)
app.add_typer(keys.app, name="key")
app.add_typer(webhook.app, name="webhook")
app.command()(keys.audit)
app.command()(serve.serve)
app.command()(up.up)


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log each step to stderr: ids and counts only.")
    ] = False,
) -> None:
    """Set up what every command shares."""
    silence_libraries()
    if verbose:
        log.open()


@app.command()
def version() -> None:
    """Print the installed version."""
    from importlib import metadata  # noqa: PLC0415  slow to import

    typer.echo(metadata.version("cdp"))


def run(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit; an error that nobody expected is raised as it is."""
    try:
        app(arguments, prog_name="cdp")
    except CdpError as error:
        if _interrupted(error):
            sys.exit(130)
        lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
        sys.stderr.write("\n     ".join([f"cdp: {lines[0]}", *lines[1:]]) + "\n")
        sys.exit(1)


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind the error: in the midst of a COPY it leaves a connection unusable."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None
