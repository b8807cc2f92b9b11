"""What the demo prints: figures per channel and stage, and what to try next."""

import time
from dataclasses import dataclass
from typing import Any

import dagster as dg
from rich.console import Console
from rich.rule import Rule

from cdp.cli.crossing import print_matrix
from cdp.cli.output import screen, table
from cdp.crossings import Crossings
from cdp.model.persona import Card
from cdp.model.profile import Profile
from cdp.model.status import StoreStatus
from cdp.personas import Personas
from pipelines.demo.floor import RawCopy
from pipelines.demo.steps import WHOLE

FIGURES_OF_CARD = 5

console: Console = screen()


@dataclass(frozen=True)
class AssetRun:
    """What one asset's run counted, as its metadata says."""

    name: str
    figures: dict[str, Any]

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by stage."""
        return self.figures.get("seconds", {})


def runs_of(result: dg.ExecuteInProcessResult) -> list[AssetRun]:
    """The runs of the channels and, last, those over the whole store."""
    materialized = (event.materialization for event in result.get_asset_materialization_events())
    found = [
        AssetRun(one.asset_key.path[-1], {name: said.value for name, said in one.metadata.items()})
        for one in materialized
        if one.partition is None
    ]
    order = [key.path[-1] for key in WHOLE]
    return sorted(
        found, key=lambda run: (order.index(run.name) if run.name in order else -1, run.name)
    )


def changed_nothing(runs: list[AssetRun]) -> bool:
    """Whether no row was read and no profile written."""
    return not any(
        run.figures.get("rows_read", 0) or run.figures.get("profiles_changed", 0) for run in runs
    )


def failures(result: dg.ExecuteInProcessResult) -> None:
    """Name every step that failed and why."""
    for event in result.all_events:
        if event.is_step_failure:
            said = event.step_failure_data
            words = said.user_failure_data.description if said.user_failure_data else None
            console.print(f"{event.step_key} failed: {words or said.error_display_string}")


def channels(runs: list[AssetRun], status: StoreStatus) -> None:
    """Rows by channel, then the whole store."""
    columns = ("read", "accepted", "quarantined", "source records", "merges", "seconds")
    shown = table("channel (this run)", *columns, right=columns)
    synthetic = {one.channel for one in status.channels if one.synthetic}
    for run in runs:
        if "rows_read" not in run.figures:
            continue
        said = run.figures
        shown.add_row(
            f"{run.name}{' *' if run.name in synthetic else ''}",
            *(
                f"{said[name]:,}"
                for name in (
                    "rows_read",
                    "rows_accepted",
                    "rows_quarantined",
                    "dagster/row_count",
                    "merges",
                )
            ),
            f"{sum(run.seconds.values()):.1f}",
        )
    console.print(shown)
    console.print("* generated; the others hold native rows under invented names\n", style="dim")
    merges = status.identity_log.get("merge", 0)
    console.print(
        f"{status.source_records:,} source records became {status.profiles:,} profiles by "
        f"{merges:,} merges; the largest cluster has {status.largest_cluster} records."
    )


def stages(runs: list[AssetRun], raw: RawCopy) -> None:
    """Seconds per stage, and how often a raw COPY fits into them."""
    spent: dict[str, float] = {}
    for run in runs:
        if "rows_read" not in run.figures and run.name != "profile":
            continue
        for stage, seconds in run.seconds.items():
            spent[stage] = spent.get(stage, 0.0) + seconds
    whole = sum(spent.values())
    console.print(
        "Seconds: "
        + ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in spent.items())
        + f"; together {whole:.1f}."
    )
    console.print(
        f"A raw COPY of the same {raw.records:,} records and {raw.events:,} events takes "
        f"{raw.seconds:.1f}: the whole road is {whole / raw.seconds:.1f} times that."
    )


def linked(runs: list[AssetRun]) -> None:
    """What the model joined, and what it leaves to a steward."""
    for run in runs:
        if run.name == "probable_link":
            said = run.figures
            console.print(
                f"Compared without any identifier in {sum(run.seconds.values()):.1f} seconds: "
                f"{said['pairs_compared']:,} pairs of {said['records']:,} records gave "
                f"{said['merging']:,} links and {said['merges']:,} merges; {said['proposed']:,} pairs "
                "wait for a steward (cdp identity review)."
            )


def concluded(runs: list[AssetRun], crossings: Crossings) -> None:
    """What is concluded of the profiles, and one crossing of it."""
    for run in runs:
        if run.name == "conclusion":
            said = run.figures
            console.print(
                f"Concluded in {sum(run.seconds.values()):.1f} seconds: computed traits of "
                f"{said['profiles_derived']:,} profiles, which entered {said['cells_entered']:,} "
                "cells of dimensions."
            )
    console.print()
    console.print(Rule("where two dimensions cross: people, and lift over chance", align="left"))
    print_matrix(crossings.matrix("value_tier", "discount_tier"))


def personas(found: Personas) -> None:
    """The kinds of people, looked for where that was not done yet, and the card of the largest."""
    console.print()
    console.print(Rule("kinds of people", align="left"))
    if found.fitted() is None:
        started = time.perf_counter()
        with console.status("looking for kinds of people") as status:
            said = found.discover(progress=lambda step: status.update(f"personas: {step}"))
        console.print(
            f"Found {said.personas} kinds of people and {said.situations} kinds of sessions in "
            f"{time.perf_counter() - started:.0f} seconds."
        )
    kinds = [each for each in found.every() if each.kind == "individual"]
    for each in kinds:
        console.print(f"  {each.people:>6,}  {each.name}")
    _card(found.card(kinds[0].persona_id))


def _card(card: Card) -> None:
    """What tells a persona apart most, and something that one of its people wrote."""
    from cdp.persona.export import words  # noqa: PLC0415  loads matplotlib

    figures = [figure for section in card.sections.values() for figure in section.figures]
    console.print(f"From the card of {card.name}:", highlight=False)
    best = sorted(figures, key=lambda each: -abs(each.distinct))
    for figure in best[:FIGURES_OF_CARD]:
        console.print(f"  {words(figure)}", highlight=False, markup=False)
    for said in (card.pain_points.quotations or card.goals.quotations)[:1]:
        console.print(f"  “{said.text}” ({said.channel}, {said.written_at:%Y-%m-%d})", markup=False)


def unchanged(runs: list[AssetRun]) -> None:
    """Say that this run found everything done."""
    passed = sum(run.figures.get("deliveries_passed_over", 0) for run in runs)
    console.print(
        f"Nothing changed: all {passed:,} files are in the ledger already, so no row was read."
    )


def one_profile() -> None:
    """The heading of the profile that follows."""
    console.print()
    console.print(Rule("one of them, known from many channels", align="left"))


def next_steps(profile: Profile, seconds: float) -> None:
    """What to try next, with a command that works here."""
    namespace, values = next(iter(profile.identifiers.items()), ("email", ["..."]))
    trait = next(iter(profile.traits), "name")
    console.print()
    console.print(Rule(f"done in {seconds:.0f} s; what to try next", align="left"))
    for command, meaning in (
        ("export CDP_HOME=.cdp CDP_DATA=data/demo", "this store, for the commands below"),
        (
            f".venv/bin/cdp profile find {namespace}={values[0]}",
            "the same profile, by identifier",
        ),
        (f".venv/bin/cdp profile explain {profile.profile_id} {trait}", "why it has that value"),
        ("make demo", "run it again: nothing changes"),
        (
            ".venv/bin/cdp crossing count 'value_tier=top & discount_tier=discount'",
            "how many people a crossing of dimensions holds; `crossing people` lists them",
        ),
        (
            ".venv/bin/cdp persona list",
            "the kinds of people and of sessions; `cdp persona show NAME` is a card",
        ),
        ("make up", "the HTTP API over this store, with a key"),
        (".venv/bin/cdp quarantine list", "the rows that broke their contract, and why"),
        ("make dagster", "assets, runs and checks at http://127.0.0.1:3000"),
        (
            "cp -r pipelines/defs/channels/crm pipelines/defs/channels/mine",
            "declare your own channel",
        ),
    ):
        console.print(f"  {command}\n      {meaning}", soft_wrap=True)
