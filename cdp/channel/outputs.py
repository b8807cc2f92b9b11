"""What a declaration wants of each row: named expressions with the type each must have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from cdp.channel.cells import typed
from cdp.channel.columns import Column, ColumnType
from cdp.channel.expressions import word_or_expression
from cdp.channel.faults import Faults
from cdp.channel.spec import ChannelSpec, Event
from cdp.channel.targets import trait_target

KEY, OBSERVED = "key", "observed_at"
_TYPES: dict[str, ColumnType] = {
    "observed_at": "datetime",
    "since": "date",
    "until": "date",
    "occurred_at": "datetime",
    "quantity": "money",
    "amount": "money",
    "discount": "money",
    "score": "number",
    "where": "boolean",
}
_TRAIT_TYPES: dict[str, ColumnType] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
}


@dataclass(frozen=True)
class Output:
    """One column to be made: its name, the key it is declared at, its expression and its type.

    Without a type it stays what the expression gives.
    """

    name: str
    field: str
    text: str
    type: ColumnType | None = None


def statement_outputs(spec: ChannelSpec) -> Iterator[Output]:
    """The outputs of everything but events."""
    yield Output(KEY, "record.key", spec.record.key, "string")
    if spec.record.observed_at:
        yield Output(OBSERVED, "record.observed_at", spec.record.observed_at, "datetime")
    for namespace, identifier in spec.identifiers.items():
        for n, text in enumerate(identifier.expr):
            yield Output(f"i.{namespace}.{n}", f"identifiers.{namespace}", text, "string")
    for name, texts in spec.traits.items():
        for n, text in enumerate(texts):
            yield Output(f"t.{name}.{n}", f"traits.{name}", text, _trait_type(name))
    for part in ("consents", "memberships", "accounts"):
        for n, statement in enumerate(getattr(spec, part)):
            for key, text in statement.model_dump(exclude_none=True, exclude={"namespace"}).items():
                said = word_or_expression(text) if key in ("purpose", "medium") else text
                yield Output(
                    f"{part}.{n}.{key}", f"{part}.{n}.{key}", said, _TYPES.get(key, "string")
                )


def event_outputs(spec: ChannelSpec, n: int) -> Iterator[Output]:
    """The outputs of the `n`th event."""
    event, place = spec.events[n], f"events.{spec.events[n].kind}"
    for key, text in event_expressions(spec, event).items():
        yield Output(f"e{n}.{key}", f"{place}.{key}", text, _TYPES.get(key, "string"))
    for key, text in event.properties.items():
        yield Output(f"e{n}.p.{key}", f"{place}.properties.{key}", text)


def event_expressions(spec: ChannelSpec, event: Event) -> dict[str, str]:
    """The expressions of an event's own columns."""
    said = event.model_dump(exclude_none=True, exclude={"kind", "group_by", "properties"})
    currency = spec.currency_of(event)
    return said | ({"currency": currency} if currency else {})


def coerced(
    out: pl.DataFrame, outputs: Sequence[Output], faults: Faults, defaults: Column
) -> pl.DataFrame:
    """`out` with each output in its type; what does not read as it is told to `faults`."""
    made = []
    for output in outputs:
        if output.type is None:
            continue
        said = out[output.name]
        column = defaults.model_copy(update={"type": output.type})
        read = typed(said, column)
        kind = "figure" if output.type == "money" else output.type
        faults.add_unread(
            read, said, output.field, f"is no {kind}; declare the column's type and form"
        )
        made.append(read.alias(output.name))
    return out.with_columns(made)


def _trait_type(name: str) -> ColumnType | None:
    target, field = trait_target(name)
    free = name.partition(".")[0] == target.part and field is None
    return None if free else _TRAIT_TYPES.get(target.fields[field] if field else target.type)
