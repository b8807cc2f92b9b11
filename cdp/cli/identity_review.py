"""Probabilistic linking from the command line: run it, look at its model, decide what it left open."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that `cdp --help` is fast.

import json
from dataclasses import asdict
from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from cdp.cli.logs import log
from cdp.cli.options import AsJson, Limit

if TYPE_CHECKING:
    from cdp.identity.link import LinkReport
    from cdp.model.review import ModelSummary, Precision

STAGES = {
    "read": "reading what {} records say",
    "train": "learning a model from {} records",
    "compare": "comparing {} records with all others",
    "write": "writing {} links",
}


def link(
    full: Annotated[
        bool, typer.Option("--full", help="Compare all records, not only new and changed ones.")
    ] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Learn a new model first, then compare all records.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Link records that share no identifier but plainly are one person; then fold the profiles."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.identity.link import link_records
    from cdp.profile.fold import fold_stale_profiles
    from cdp.store.database import Database
    from cdp.store.schema import require_current

    with closing(Database()) as database:
        require_current(database)
        with output.aside().status("") as line:

            def tell(stage: str, records: int) -> None:
                line.update(STAGES[stage].format(output.number(records)))

            report = link_records(database, full=full, retrain=retrain, progress=tell)
            changed = fold_stale_profiles(database, lambda _: line.update("folding profiles"))
    log("linked", compared=report.compared, merges=report.resolved.merges, profiles=changed)
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"profiles_changed": changed}, indent=2))
    else:
        _print(report, changed)


def _print(report: "LinkReport", changed: int) -> None:
    from cdp.cli import output
    from cdp.cli.output import number

    console = output.screen()
    if report.model is None:
        console.print(
            "nothing to compare yet: no two records of people have a name or a birth date in common"
        )
        return
    learnt = ", learnt anew" if report.trained else ""
    console.print(
        output.pairs(
            [
                ("model", f"{report.model}{learnt}"),
                ("compared", f"{number(report.compared)} records in {number(report.pairs)} pairs"),
                ("links", f"{number(report.came)} came, {number(report.went)} went"),
                ("merging", f"{number(report.merging)} links"),
                ("waiting", f"{number(report.proposed)} pairs (cdp identity review)"),
                ("merges, splits", f"{report.resolved.merges}, {report.resolved.splits}"),
                ("profiles changed", number(changed)),
                ("seconds", ", ".join(f"{k} {v:.1f}" for k, v in report.seconds.items())),
            ]
        )
    )


def model(as_json: AsJson = False) -> None:
    """Show the live model: how often each field agrees for one person, and for strangers."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.identity.steward.review import models
    from cdp.store.database import Database

    with closing(Database()) as database:
        found = models(database)
    if as_json:
        output.emit_all(found)
        return
    console = output.screen()
    if not found:
        console.print("there is no model yet; `cdp identity link` learns one")
        return
    live = found[0]
    console.print(
        f"model {live.version}, learnt {output.moment(live.trained_at)} UTC from "
        f"{output.number(live.records)} records\n"
        f"one person: one in {1 / live.prior:,.0f} pairs; housemates: one in {1 / live.household:,.0f}"
    )
    rows = output.table(
        "field", "level", "one person", "strangers", "housemates", "weight",
        right=("one person", "strangers", "housemates", "weight"),
    )  # fmt: skip
    for level in live.levels:
        shares = (f"{level[name]:.3g}" for name in ("m", "u", "h"))
        rows.add_row(str(level["field"]), str(level["level"]), *shares, f"{level['weight']:+.1f}")
    console.print(rows)
    _print_former(found[1:])


def _print_former(former: "list[ModelSummary]") -> None:
    from cdp.cli import output

    for each in former:
        output.screen().print(
            f"before: {each.version}, adopted {output.moment(each.adopted_at)} UTC, "
            f"{output.number(each.records)} records"
        )


def review(
    *,
    by: Annotated[str, typer.Option(default_factory=getuser, help="Who decides.")],
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Decide on pairs that may be one person, those first that change most: one key each.

    y same, n different, s skip, ? details, u undo the last, q quit. --json only lists them.
    """
    from contextlib import closing

    from cdp.cli import output
    from cdp.cli.desk import Desk
    from cdp.identity.steward.review import review as waiting
    from cdp.store.database import Database

    with closing(Database()) as database:
        if as_json:
            output.emit_all(waiting(database, limit))
            return
        decided = Desk(database, output.screen(), by=by, limit=limit).work()
    log("reviewed", decided=decided)


def evaluate_decisions(*, as_json: bool) -> None:
    """Say how often the live model agrees with what stewards decided, over its threshold."""
    from contextlib import closing

    from cdp.cli import output
    from cdp.identity.steward.review import decided_pairs, precision
    from cdp.store.database import Database

    with closing(Database()) as database:
        decided = decided_pairs(database)
    found = precision(decided)
    if as_json:
        output.emit_all(found)
        return
    console = output.screen()
    same = sum(pair.same for pair in decided)
    console.print(f"{len(decided)} decided pairs, {same} of them one person")
    _print_precision(found)


def _print_precision(found: "list[Precision]") -> None:
    from cdp.cli import output

    names = ("from", "pairs", "one person", "precision", "recall")
    rows = output.table(*names, right=names)
    for each in found:
        shares = ("-" if s is None else f"{s:.1%}" for s in (each.precision, each.recall))
        rows.add_row(f"{each.threshold:g}", str(each.pairs), str(each.same), *shares)
    output.screen().print(rows)
