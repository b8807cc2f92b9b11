"""The group of commands on who is who."""

import typer

from cdp.cli import (
    identity_decide,
    identity_explain,
    identity_files,
    identity_policy,
    identity_review,
)

app = typer.Typer(help="Who is who: decide, undo, explain, tune.", no_args_is_help=True)
app.add_typer(identity_decide.decide, name="decide")
for command in (
    identity_decide.undo,
    identity_decide.revoke,
    identity_decide.decisions,
    identity_decide.log,
    identity_explain.explain,
    identity_explain.why_not,
    identity_explain.held,
    identity_files.cluster,
    identity_files.evaluate,
    identity_policy.policy,
    identity_policy.preview,
    identity_policy.apply,
    identity_policy.revert,
    identity_review.link,
    identity_review.model,
    identity_review.review,
):
    app.command()(command)
