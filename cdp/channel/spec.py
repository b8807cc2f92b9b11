"""The declaration of a channel, as pydantic models: what it reads and what each row says."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from cdp.channel.columns import ColumnDeclared
from cdp.channel.cron import checked_schedule
from cdp.channel.expressions import (
    CURRENCY,
    Expression,
    Expressions,
    Key,
    Keys,
    columns_of,
    literal,
    word_or_expression,
)
from cdp.channel.sources import Declared, Files, Join, Source
from cdp.channel.targets import TraitName
from cdp.errors import ChannelDeclarationError

SNAKE_CASE = r"^[a-z][a-z0-9_]*$"
ROW, FILE = "_row", "_file"
Namespace = Annotated[str, StringConstraints(pattern=SNAKE_CASE)]


class Record(Declared):
    """Which source record a row speaks of."""

    key: Key = Field(description="the source's own key of the person or company")
    observed_at: Expression | None = Field(
        default=None, description="when this was true; default: the time of the delivery"
    )


class Identifier(Declared):
    """One namespace of identifiers; several expressions give several values."""

    expr: Keys
    required: bool = Field(default=False, description="a row without any goes to quarantine")


def _long_form(said: Any) -> Any:
    return said if isinstance(said, Mapping | Identifier) else {"expr": said}


IdentifierDeclared = Annotated[
    Identifier,
    BeforeValidator(_long_form, json_schema_input_type=str | tuple[str, ...] | Identifier),
]


class Event(Declared):
    """What happened, once per row or once per group of rows."""

    kind: str = Field(pattern=SNAKE_CASE, description="snake_case")
    key: Expression | None = Field(
        default=None,
        description="makes the event unique in its channel; default: its whole content",
    )
    occurred_at: Expression
    group_by: Expressions = Field(
        default=(),
        description="one event per group of rows; the rest of its "
        "expressions may aggregate, and without an aggregate mean the group's first row",
    )
    where: Expression | None = None
    order_id: Expression | None = None
    product: Expression | None = None
    category: Expression | None = None
    quantity: Expression | None = None
    amount: Expression | None = None
    discount: Expression | None = None
    currency: Expression | None = Field(default=None, description="ISO 4217 code or expression")
    score: Expression | None = Field(default=None, description="stated feeling, -1 to 1")
    properties: Mapping[str, Expression] = Field(default_factory=dict)


class Consent(Declared):
    """A person's yes or no to a purpose through a medium; a null state says nothing."""

    purpose: Expression = Field(
        description='a plain word is meant as such; take it from a column by quoting it: "purpose"'
    )
    medium: Expression = Field(description="email, sms, ...; as purpose")
    state: Expression = Field(description="granted, denied or withdrawn")
    observed_at: Expression | None = None
    proof: Expression | None = None
    where: Expression | None = None


class Membership(Declared):
    """A club, team, cause or programme the person belongs to; a null organisation says nothing."""

    organisation: Expression
    kind: Expression | None = None
    role: Expression | None = None
    since: Expression | None = None
    until: Expression | None = None
    where: Expression | None = None


class Account(Declared):
    """A company the person works for; a null key says nothing."""

    namespace: Namespace
    key: Expression
    role: Expression | None = None
    since: Expression | None = None
    until: Expression | None = None
    where: Expression | None = None


def _python(reference: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*:[A-Za-z_]\w*", reference):
        raise ValueError(f"{reference!r} is not module:function, e.g. reshape:wide_to_long")
    return reference


class ChannelSpec(Declared):
    """One channel: where it reads and what each of its rows says."""

    channel: str = Field(
        default="", pattern=r"^([a-z][a-z0-9_]*)?$", description="default: folder name"
    )
    description: str = Field(min_length=1)
    owner: str = Field(default="", description="who answers for it, e.g. team:crm")
    synthetic: bool = Field(
        default=False, description="the data is generated, not seen in the world"
    )
    subject: Literal["person", "account"] = "person"
    trust: int = Field(
        default=50, ge=0, le=100, description="whose word counts when channels disagree"
    )
    source: Source
    columns: Mapping[str, ColumnDeclared] = Field(default_factory=dict)
    where: Expression | None = Field(
        default=None, description="rows for which this is not true are passed over"
    )
    record: Record
    identifiers: Mapping[Namespace, IdentifierDeclared] = Field(default_factory=dict)
    traits: Mapping[TraitName, Expressions] = Field(default_factory=dict)
    events: tuple[Event, ...] = ()
    consents: tuple[Consent, ...] = ()
    memberships: tuple[Membership, ...] = ()
    accounts: tuple[Account, ...] = ()
    schedule: Annotated[str, AfterValidator(checked_schedule)] | None = Field(
        default=None, description="cron, e.g. 0 5 * * *"
    )
    sensor: bool = Field(default=False, description="read new files as they arrive")
    python: Annotated[str, AfterValidator(_python)] | None = Field(
        default=None, description="module:function beside the declaration, DataFrame to DataFrame"
    )

    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _amounts_have_a_currency(self) -> "ChannelSpec":
        for event in self.events:
            if event.amount and not self.currency_of(event):
                raise ValueError(
                    f"event {event.kind!r} has an amount but no currency; add `currency: USD` to the "
                    "event, or declare the column under `columns` as {type: money, currency: USD}"
                )
        return self

    @model_validator(mode="after")
    def _paths_reach_into_json(self) -> "ChannelSpec":
        nested = [name for name, column in self.columns.items() if column.path]
        if nested and isinstance(self.source, Files) and self.source.format not in (None, "jsonl"):
            raise ValueError(
                f"column {nested[0]!r} has a `path`, which only JSON knows; leave it out"
            )
        return self

    @property
    def folder(self) -> Path:
        """The folder of the declaration, where relative paths start."""
        return self._folder

    def located(self, folder: Path) -> "ChannelSpec":
        """The declaration as it stands in `folder`, whose name is the default channel.

        Raises ChannelDeclarationError if that name is not fit for a channel.
        """
        name = self.channel or folder.resolve().name
        if not re.fullmatch(SNAKE_CASE, name):
            raise ChannelDeclarationError(
                f"{folder}: the folder's name {name!r} is no snake_case; rename it, or declare `channel`"
            )
        found = self.model_copy(update={"channel": name})
        found._folder = folder  # noqa: SLF001 - our own field, which pydantic freezes otherwise
        return found

    @property
    def whole_delivery(self) -> bool:
        """Whether an event is made of a group of rows, so that no chunk may divide it."""
        return any(event.group_by for event in self.events)

    def currency_of(self, event: Event) -> str | None:
        """The expression of the currency of an event's amounts, if it can be known."""
        if event.currency:
            plain = CURRENCY.fullmatch(event.currency) and event.currency not in self.columns
            return literal(event.currency) if plain else event.currency
        money = [text for text in (event.amount, event.discount) if text]
        names = {name for text in money for name in columns_of(text)}
        used = {self.columns[name].currency for name in names & set(self.columns)}
        used.discard(None)
        return literal(used.pop() or "") if len(used) == 1 else None

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Every expression, with the key it stands at."""
        yield "record.key", self.record.key
        for key, text in (("where", self.where), ("record.observed_at", self.record.observed_at)):
            if text:
                yield key, text
        for namespace, identifier in self.identifiers.items():
            yield from ((f"identifiers.{namespace}", text) for text in identifier.expr)
        for name, said in self.traits.items():
            yield from ((f"traits.{name}", text) for text in said)
        for event in self.events:
            yield from self._event_expressions(event)
        for part in ("consents", "memberships", "accounts"):
            for n, statement in enumerate(getattr(self, part)):
                said = statement.model_dump(exclude_none=True, exclude={"namespace"})
                for key, text in said.items():
                    plain = key in ("purpose", "medium")
                    yield f"{part}.{n}.{key}", word_or_expression(text) if plain else text

    def _event_expressions(self, event: Event) -> Iterator[tuple[str, str]]:
        place = f"events.{event.kind}"
        said = event.model_dump(
            exclude_none=True, exclude={"kind", "group_by", "properties", "currency"}
        )
        yield from ((f"{place}.{key}", text) for key, text in said.items())
        yield from ((f"{place}.group_by", text) for text in event.group_by)
        yield from ((f"{place}.properties.{key}", text) for key, text in event.properties.items())
        if currency := self.currency_of(event):
            yield f"{place}.currency", currency

    def columns_read(self) -> frozenset[str]:
        """Every column that has to be there once files are joined and `python` has run."""
        used = {name for _, text in self.expressions() for name in columns_of(text)}
        inputs = {
            name
            for join in self.joins
            for text in join.aggregate.values()
            for name in columns_of(text)
        }
        return frozenset(used | (set(self.columns) - inputs)) - {ROW, FILE}

    def columns_delivered(self) -> frozenset[str]:
        """The columns to look for in the delivery itself, before anything is joined."""
        taken = {name for join in self.joins for name in (*join.columns, *join.aggregate)}
        keys = {key for join in self.joins for key in join.keys}
        return (self.columns_read() - taken) | keys

    @property
    def joins(self) -> tuple[Join, ...]:
        """The files joined to each delivery."""
        return self.source.joins if isinstance(self.source, Files) else ()

    def may_be_absent(self, column: str) -> bool:
        """Whether a delivery without that column keeps the contract."""
        declared = self.columns.get(column)
        return declared is not None and declared.absent == "ok"
