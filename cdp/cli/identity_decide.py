"""Stewards' decisions on who is who, and the log of what came of them."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdp.model.identity import Decided, Decision, Side, SizedProfile

decide = typer.Typer(help="Decide that records are one person, or are not.", no_args_is_help=True)

REF = "A record: its uid, the id of a profile, channel:key, or namespace:value."
Record = Annotated[str, typer.Argument(help=REF)]
By = Annotated[
    str, typer.Option(help="Who decides; default: your user name.", default_factory=getuser)
]
Reason = Annotated[str, typer.Option(help="Why, for those who ask later.")]


@decide.command()
def link(a: Record, b: Record, *, reason: Reason, by: By, as_json: AsJson = False) -> None:
    """Make two records one person, above all limits and vetoes."""
    from cdp.identities import Identities

    with Identities() as identities:
        _show(identities.link(a, b, by=by, reason=reason), as_json=as_json)


@decide.command()
def cannot_link(a: Record, b: Record, *, reason: Reason, by: By, as_json: AsJson = False) -> None:
    """Keep two records, or two profiles named by their ids, apart for ever."""
    from cdp.identities import Identities

    with Identities() as identities:
        _show(identities.cannot_link(a, b, by=by, reason=reason), as_json=as_json)


@decide.command()
def detach(record: Record, *, reason: Reason, by: By, as_json: AsJson = False) -> None:
    """Take a record out of its profile and keep it apart from the others of it."""
    from cdp.identities import Identities

    with Identities() as identities:
        _show(identities.detach(record, by=by, reason=reason), as_json=as_json)


def undo(
    merge: Annotated[
        list[str],
        typer.Argument(
            metavar="ENTRY | PROFILE OTHER",
            help="A merge of `cdp identity log`, or the profile and the one merged into it.",
        ),
    ],
    *,
    reason: Reason,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Undo a merge and see that it is not made again; revoke takes the undoing back."""
    from cdp.identities import Identities

    if len(merge) > 2:
        raise typer.BadParameter("name the entry of the log, or the profile and the one merged")
    named = merge[0] if len(merge) == 1 else (merge[0], merge[1])
    with Identities() as identities:
        _show(identities.undo(named, by=by, reason=reason), as_json=as_json)


def revoke(
    decision: Annotated[str, typer.Argument(help="An id of `cdp identity decisions`.")],
    *,
    reason: Reason,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Take a decision back: the evidence speaks again."""
    from cdp.identities import Identities

    with Identities() as identities:
        _show(identities.revoke(decision, by=by, reason=reason), as_json=as_json)


def decisions(
    about: Annotated[str | None, typer.Argument(help=REF)] = None,
    *,
    revoked: Annotated[bool, typer.Option("--revoked", help="Those taken back, too.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List the decisions that stand, newest first: all, or those on one profile."""
    from cdp.cli import output
    from cdp.identities import Identities

    with Identities() as identities:
        found = identities.decisions(about, revoked=revoked, limit=limit)
    if as_json:
        output.emit_all(found)
    elif found:
        rows = output.table(
            "decision", "decided (UTC)", "by", "what", "reason", whole=("decision",)
        )
        for each in found:
            rows.add_row(
                str(each.decision_id),
                output.moment(each.decided_at),
                each.decided_by,
                _said(each),
                each.reason,
            )
        output.screen().print(rows)
    else:
        output.aside().print("no decision stands" if not revoked else "no decision found")


def log(profile: Record, *, limit: Limit = 100, as_json: AsJson = False) -> None:
    """Tell how a profile came to be: merges, splits and refused links, newest first."""
    from cdp.cli import output
    from cdp.identities import Identities

    with Identities() as identities:
        found = identities.log(profile, limit=limit)
    if as_json:
        output.emit_all(found)
        return
    console = output.screen()
    for entry in found:
        console.print(f"{output.moment(entry.logged_at)} UTC  {entry.action}  {entry.entry_id}")
        console.print(f"    {entry.other_id or '-'} {WAYS[entry.action]} {entry.profile_id or '-'}")
        shared = f" ({entry.namespace} {entry.value})" if entry.namespace else ""
        console.print(f"    {entry.cause}{shared}")
    if not found:
        output.aside().print("nothing was merged into this profile or split from it")


WAYS = {
    "merge": "merged into",
    "split": "split from",
    "cut": "not joined with",
    "block": "blocked for",
}


def _said(decision: "Decision") -> str:
    one, other = (_side(side) for side in decision.sides)
    words = f"{decision.verb.replace('_', '-')} {one} and {other}"
    return words if decision.revoked_at is None else f"{words} (revoked by {decision.revoked_by})"


def _side(side: "Side") -> str:
    more = f" and {side.records - 1} more" if side.records > 1 else ""
    return f"{side.first}{more}"


def _show(decided: "Decided", *, as_json: bool) -> None:
    from cdp.cli import output

    if as_json:
        output.emit(decided)
        return
    console = output.screen()
    console.print(f"decision {decided.decision.decision_id}: {_said(decided.decision)}")
    if decided.before == decided.after:
        console.print("nobody had to move")
    else:
        console.print(f"before: {_sizes(decided.before)}\nnow:    {_sizes(decided.after)}")


def _sizes(profiles: "Sequence[SizedProfile]") -> str:
    return ", ".join(
        f"{each.profile_id} ({each.records} record{'s' if each.records > 1 else ''})"
        for each in profiles
    )
