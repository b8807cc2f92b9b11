"""How answers are written: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pydantic import BaseModel

    from cdp.model.persona import PersonaChanges
    from cdp.model.segment import MembershipChanges

WIDTH = 100
# Years, codes and ages stand as they are; larger whole numbers are read in groups of three.
GROUPED_FROM = 10_000


def screen() -> Console:
    """The standard output, never wider than is comfortable to read; plain text in a pipe."""
    return _console(sys.stdout)


def aside() -> Console:
    """The standard error, for progress and remarks that are no part of the answer."""
    return _console(sys.stderr)


def _console(file: object) -> Console:
    console = Console(file=file, highlight=False, markup=False, emoji=False)  # pyright: ignore[reportArgumentType]
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def table(*columns: str, right: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """An empty table; columns in `right` hold numbers.

    Numbers, times and what is in `whole` are never divided: where the width does not suffice, the
    other columns wrap.
    """
    made = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    for name in columns:
        undivided = name in right or name in whole or name.endswith("(UTC)")
        justify = "right" if name in right else "left"
        made.add_column(name, justify=justify, overflow="fold", no_wrap=undivided)
    return made


def pairs(rows: Iterable[tuple[str, str]], label_width: int = 20) -> Table:
    """Names with their values, which wrap in their own column."""
    made = Table.grid(padding=(0, 2))
    made.add_column(min_width=label_width, style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(Text(name), Text(value))
    return made


def emit(model: "BaseModel") -> None:
    """Write one answer as JSON."""
    _write(model.model_dump_json(indent=2))


def changes(page: "MembershipChanges | PersonaChanges", *, as_json: bool) -> None:
    """Write who came and went, and how to go on from there."""
    if as_json:
        emit(page)
        return
    listed = table("profile", "change", "at (UTC)", whole=("profile",))
    for each in page.data:
        listed.add_row(str(each.profile_id), each.kind, moment(each.changed_at))
    screen().print(listed)
    aside().print(f"next: --since {page.next}")


def emit_all(models: Iterable["BaseModel"]) -> None:
    """Write answers as one JSON array."""
    each = [model.model_dump_json(indent=2) for model in models]
    _write("[" + ",\n".join(each) + "]")


def emit_rows(rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as one JSON array."""
    _write(json.dumps(list(rows), indent=2, default=str))


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def moment(value: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "-"


def number(value: float | Decimal) -> str:
    """A number with its thousands apart and at most two decimals."""
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= GROUPED_FROM else str(value)
    return f"{value:,.2f}".removesuffix(".00")


def money(amount: Decimal, currency: str | None) -> str:
    """An amount with its currency; nothing where no money is meant."""
    return f"{amount:,.2f} {currency}" if currency else ""


# A truth value is a whole number to Python, and a time is a date: the narrower kind comes first.
READABLE: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (NoneType, lambda _: "-"),
    (bool, lambda value: "yes" if value else "no"),
    (int | float | Decimal, number),
    (datetime, lambda value: f"{moment(value)} UTC"),
    (dict, lambda value: ", ".join(f"{name} {words(part)}" for name, part in value.items())),
    (list | tuple, lambda value: ", ".join(map(words, value))),
)


def words(value: object) -> str:
    """Any trait's value, readable in one line."""
    for kind, readable in READABLE:
        if isinstance(value, kind):
            return readable(value)
    return str(value)
