"""Evidence for people to read: what joins or parts records, with match weights as a waterfall."""

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from cdp.cli.output import table
from cdp.model.explanation import Evidence, FieldWeight, Obstacle, PolicyChange

BAR = 20  # characters
HEAVIEST = 15.0  # a weight that fills half a bar


def print_all(console: Console, found: Sequence[Evidence]) -> None:
    """Print some pieces of evidence, one after the other."""
    if not found:
        console.print(Text("  nothing", style="dim"))
    for each in found:
        console.print(Padding(piece(each), (0, 0, 0, 2), expand=False))


def piece(evidence: Evidence) -> RenderableType:
    """One piece of evidence in words, and its waterfall where it was scored."""
    return _with_waterfall(Text(evidence.words), evidence.waterfall, evidence.weight)


def obstacle(found: Obstacle) -> RenderableType:
    """What parts two groups in words, and its waterfall where they were scored."""
    words = Text.assemble((f"  {found.kind}: ", "bold"), found.words)
    return _with_waterfall(words, found.waterfall, found.weight)


def change(found: PolicyChange) -> RenderableType:
    """A merge or split that a policy would make, with its evidence."""
    verb = "takes in" if found.kind == "merge" else "would lose"
    count = "1 record" if found.records == 1 else f"{found.records} records"
    head = Text.assemble(
        (f"\n{found.kind}: ", "bold"), f"{found.profile_id} {verb} {found.other_id} ({count})"
    )
    so_far = "" if found.kind == "merge" else "so far "
    told = [
        *(_prefixed(so_far, piece(each)) for each in found.evidence),
        *(_prefixed("", obstacle(each)) for each in found.obstacles),
    ]
    return Group(head, *told)


def waterfall(fields: Sequence[FieldWeight], weight: float | None) -> RenderableType:
    """Match weights field by field, as they add up."""
    rows = table("field", "weight", "sum", "", "how they agree", right=("weight", "sum"))
    for field, total in _summed(fields):
        rows.add_row(
            field.field,
            f"{field.weight:+.1f}",
            f"{total:+.1f}",
            _bar(field.weight),
            _agreement(field),
        )
    if weight is not None:
        rows.add_row("together", "", f"{weight:+.1f}", "", "")
    return rows


def _agreement(field: FieldWeight) -> Text:
    """The level, and what the two say; of equal values one."""
    values = [field.left or "-", field.right or "-"] if field.left or field.right else []
    if field.left == field.right:
        values = values[:1]
    return Text.assemble(field.level, (f"  {' | '.join(values)}" if values else "", "dim"))


def _with_waterfall(
    words: Text, fields: Sequence[FieldWeight], weight: float | None
) -> RenderableType:
    if not fields:
        return words
    return Group(words, Padding(waterfall(fields, weight), (0, 0, 0, 4), expand=False))


def _summed(fields: Sequence[FieldWeight]) -> Iterator[tuple[FieldWeight, float]]:
    total = 0.0
    for field in fields:
        total += field.weight
        yield field, total


def _bar(weight: float) -> Text:
    half = BAR // 2
    length = min(half, round(abs(weight) / HEAVIEST * half))
    bar = "█" * length
    return Text(f"{bar:>{half}}", "red") if weight < 0 else Text(f"{'':{half}}{bar}", "green")


def _prefixed(words: str, shown: RenderableType) -> RenderableType:
    return Padding(
        Group(Text(words, style="dim"), shown) if words else shown, (0, 0, 0, 2), expand=False
    )
