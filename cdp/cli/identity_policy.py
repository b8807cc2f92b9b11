"""The identity policy of a store: seen, tried, put live and taken back."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.logs import log
from cdp.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from cdp.identity.policy.declaration import IdentityPolicy
    from cdp.model.explanation import (
        PolicyApplied,
        PolicyDifference,
        PolicyPreview,
        ProfileSize,
    )

PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy", metavar="FILE", help="The policy's extension; default: CDP_POLICY, if any."
    ),
]
By = Annotated[str, typer.Option(default_factory=getuser, help="Who does it.")]
Note = Annotated[str, typer.Option(help="Why.")]


def policy(file: PolicyFile = None, as_json: AsJson = False) -> None:
    """Show the versions of the store's policy, and where the policy file differs from the live one."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.identity.policy.comparison import differences
    from cdp.identity.policy.live import find_live
    from cdp.identity.policy.versions import versions
    from cdp.model.explanation import PolicyStatus
    from cdp.store.database import Database

    with closing(Database()) as database:
        with database.transaction() as tx:
            live = find_live(tx)
        history = versions(database)
    proposed = _read(file)
    status = PolicyStatus(
        versions=history,
        live=live.policy.model_dump(mode="json") if live else None,
        differences=differences(live.policy, proposed) if live else [],
    )
    if as_json:
        output.emit(status)
        return
    console = output.screen()
    if not history:
        console.print("no policy is live yet: the first `cdp ingest` records the configured one")
        return
    rows = output.table("version", "", "applied (UTC)", "by", "note", right=("version",))
    for each in history:
        state = "live" if each.live else ("reverted" if each.reverted_at else "")
        applied = output.moment(each.applied_at)
        rows.add_row(str(each.version), state, applied, each.applied_by, each.note)
    console.print(rows)
    if status.differences:
        console.print("The policy file differs from the live policy; see `cdp identity preview`:")
        _print_differences(console, status.differences)


def preview(
    file: PolicyFile = None,
    sample: Annotated[int, typer.Option(min=0, help="Changes shown with their evidence.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what the policy would change if it were live; nothing is written."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.identity.policy import preview as trying
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = trying.preview(database, _read(file), sample=sample)
    if as_json:
        output.emit(found)
    else:
        _print_preview(output.screen(), found)


def apply(by: By, file: PolicyFile = None, note: Note = "", as_json: AsJson = False) -> None:
    """Put the policy live: everyone is decided anew by it, in one transaction."""
    from contextlib import closing

    from cdp.identity.policy import versions
    from cdp.store.database import Database

    with closing(Database()) as database:
        done = versions.apply(database, _read(file), by=by, note=note)
        _fold(database)
    _print_applied("applied", done, as_json=as_json)


def revert(by: By, note: Note = "", as_json: AsJson = False) -> None:
    """Take the live policy back: the version before it is live again, with the profiles it made."""
    from contextlib import closing

    from cdp.identity.policy import versions
    from cdp.store.database import Database

    with closing(Database()) as database:
        done = versions.revert(database, by=by, note=note)
        _fold(database)
    _print_applied("reverted", done, as_json=as_json)


def _read(file: Path | None) -> "IdentityPolicy":
    from cdp.identity.policy.declaration import identity_policy
    from cdp.settings import settings

    return identity_policy(file or settings().policy)


def _fold(database) -> None:  # noqa: ANN001 - the store loads when a command runs
    from cdp.profile.fold import fold_stale_profiles

    fold_stale_profiles(database)


def _print_applied(verb: str, done: "PolicyApplied", *, as_json: bool) -> None:
    from cdp.cli import output

    log(f"policy {verb}", version=done.version, merges=done.merges, splits=done.splits)
    if as_json:
        output.emit(done)
        return
    number = output.number
    output.screen().print(
        f"{verb}: version {done.version} is live; of {number(done.records)} records: "
        f"merges {number(done.merges)}, splits {number(done.splits)}; "
        f"{number(done.identifiers_lost)} identifiers hold no longer, "
        f"{number(done.identifiers_gained)} hold now"
    )


def _print_preview(console: "Console", found: "PolicyPreview") -> None:
    from cdp.cli import output
    from cdp.cli.evidence import change

    number = output.number
    if found.differences:
        console.print("What the policy changes:")
        _print_differences(console, found.differences)
    console.print(
        output.pairs(
            [
                ("source records", number(found.records)),
                ("profiles", f"{number(found.profiles_before)} -> {number(found.profiles_after)}"),
                ("merges", number(found.merges)),
                ("splits", number(found.splits)),
                ("records that move", number(found.moved_records)),
                ("identifiers", f"-{number(found.identifiers_lost)} +{number(found.identifiers_gained)}"),
                ("ids that answer elsewhere", number(found.merges)),
                *((f"refused: {name}", number(count)) for name, count in found.refused.items()),
            ],
            label_width=28,
        )
    )  # fmt: skip
    for title, values in (
        ("junk from then on", found.blocked),
        ("junk no longer", found.unblocked),
    ):
        for each in values[:10]:
            console.print(
                f"{title}: {each.namespace} {each.value} ({number(each.records)} records)"
            )
    console.print("\nLargest profiles, now and then:")
    console.print(_sizes(found.largest_before, found.largest_after))
    for each in found.sample:
        console.print(change(each))


def _sizes(before: "Sequence[ProfileSize]", after: "Sequence[ProfileSize]"):  # noqa: ANN202
    from itertools import zip_longest

    from cdp.cli import output

    columns = ("records", "names", "births")
    rows = output.table(
        "now", *columns, "then", *(f"{name} " for name in columns),
        right=(*columns, *(f"{name} " for name in columns)), whole=("now", "then"),
    )  # fmt: skip
    for pair in zip_longest(before[:5], after[:5]):
        cells = []
        for each in pair:
            figures = (each.records, each.given_names, each.birth_dates) if each else ()
            cells += [str(each.profile_id) if each else "", *(output.number(n) for n in figures)]
        rows.add_row(*cells)
    return rows


def _print_differences(console: "Console", found: "Sequence[PolicyDifference]") -> None:
    from cdp.cli import output

    rows = output.table("key", "live", "policy file")
    for each in found:
        rows.add_row(each.key, output.words(each.live), output.words(each.proposed))
    console.print(rows)
