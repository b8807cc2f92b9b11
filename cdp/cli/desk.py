"""The steward's desk: one pair after the other, one key for each decision."""

import sys
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdp.cli import evidence, output
from cdp.identity.steward.decisions import revoke
from cdp.identity.steward.review import decide, review
from cdp.model.identity import Decided
from cdp.model.review import PairToReview
from cdp.store.database import Database

KEYS = "y same · n different · s skip · ? details · u undo · q quit"
MARKS = {
    "same": ("=", "green"),
    "alike": ("~", "yellow"),
    "different": ("≠", "red"),
    "unknown": ("", "dim"),
}
BATCH = 20


class Desk:
    """What waits for a decision is laid on the desk, and taken off as it is decided or skipped."""

    def __init__(self, database: Database, console: Console, *, by: str, limit: int) -> None:
        self._database, self._console, self._by, self._limit = database, console, by, limit
        self._waiting: list[PairToReview] = []
        self._skipped: set[frozenset[UUID]] = set()
        self._decided: list[tuple[PairToReview, Decided]] = []

    def work(self) -> int:
        """Ask until nothing waits, `limit` pairs were decided, or the steward quits; the number decided."""
        while len(self._decided) < self._limit and (pair := self._next()):
            self._show(pair)
            if not self._answered(pair):
                break
        else:
            self._console.print("nothing waits for a decision" if not self._decided else "done")
        self._console.print(f"{len(self._decided)} pairs decided, {len(self._skipped)} skipped")
        return len(self._decided)

    def _next(self) -> PairToReview | None:
        if not self._waiting:
            found = review(self._database, BATCH + len(self._skipped))
            self._waiting = [pair for pair in found if _sides(pair) not in self._skipped]
        return self._waiting[0] if self._waiting else None

    def _answered(self, pair: PairToReview) -> bool:
        """Whether the steward goes on."""
        while True:
            match _key():
                case "y" | "n" as key:
                    self._decide(pair, same=key == "y")
                    return True
                case "s":
                    self._skipped.add(_sides(pair))
                    self._waiting.remove(pair)
                    return True
                case "u" if self._decided:
                    self._undo()
                    return True
                case "?":
                    self._details(pair)
                case "q" | "":
                    return False
                case _:
                    self._console.print(KEYS, style="dim")

    def _decide(self, pair: PairToReview, *, same: bool) -> None:
        words = "same person" if same else "different people"
        done = decide(
            self._database, pair, same=same, by=self._by, reason=f"reviewed side by side: {words}"
        )
        self._decided.append((pair, done))
        # Profiles that are others now come again with the next batch, if they still wait.
        changed = {size.profile_id for size in (*done.before, *done.after)}
        self._waiting = [each for each in self._waiting if not _sides(each) & changed]
        self._console.print(f"{words}: decision {done.decision.decision_id}\n")

    def _undo(self) -> None:
        pair, done = self._decided.pop()
        revoke(
            self._database, done.decision.decision_id, by=self._by, reason="undone while reviewing"
        )
        self._waiting = [pair]
        self._console.print(f"undone: decision {done.decision.decision_id}\n")

    def _show(self, pair: PairToReview) -> None:
        why = f"{pair.why}: {pair.reason}" if pair.reason else pair.why
        odds = "" if pair.probability is None else f", probability {pair.probability:.0%}"
        self._console.print(Text(f"{why}{odds}", style="bold"))
        self._console.print(_side_by_side(pair))
        self._console.print(KEYS, style="dim")

    def _details(self, pair: PairToReview) -> None:
        if pair.waterfall:
            self._console.print(evidence.waterfall(pair.waterfall, pair.weight))
        for side in (pair.left, pair.right):
            self._console.print(
                f"{side.record_key}: profile {side.profile_id}, {output.number(side.records)} records, "
                f"{output.number(side.events)} events"
            )
        self._console.print("all of it: cdp identity why-not", pair.left.record_key, pair.right.record_key)  # fmt: skip


def _side_by_side(pair: PairToReview) -> Table:
    rows = output.table("", pair.left.record_key, "", pair.right.record_key)
    for field in pair.fields:
        mark, style = MARKS[field.agreement]
        rows.add_row(
            Text(field.field, style="dim"),
            Text(field.left or "-", style=style),
            Text(mark, style=style),
            Text(field.right or "-", style=style),
        )
    return rows


def _sides(pair: PairToReview) -> frozenset[UUID]:
    return frozenset((pair.left.profile_id, pair.right.profile_id))


def _key() -> str:
    """The next key, without Enter where a terminal is; empty at the end of the input."""
    if sys.stdin.isatty():
        return click.getchar()
    return sys.stdin.read(1)
