"""The conditions of segments: one tree, the same in Python, YAML and JSON."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    model_validator,
)

from cdp.model.duration import Duration
from cdp.model.wanted import Measure, Node, Test, Wanted


class Condition(Node):
    """A condition on a profile; combine with & | ~."""

    def __and__(self, other: "Condition") -> "All":
        return All.model_validate({"all": (*_parts(self, All), *_parts(other, All))})

    def __or__(self, other: "Condition") -> "AnyOf":
        return AnyOf.model_validate({"any": (*_parts(self, AnyOf), *_parts(other, AnyOf))})

    def __invert__(self) -> "Condition":
        return self.not_ if isinstance(self, Not) else Not.model_validate({"not": self})

    def __bool__(self) -> bool:
        raise TypeError("conditions combine with & | ~, not with and, or, not")

    def below_it(self) -> Iterator[tuple[str, "Condition"]]:
        """The conditions directly below this one, each with its place: `all[1]`."""
        return iter(())


class TraitIs(Condition, Test):
    """A stated or computed trait has a value that passes. `key`: of a trait that is an object."""

    trait: str
    key: str | None = None


class Step(Node):
    """What comes after an event."""

    event: "Kinds"
    where: Mapping[str, Wanted] = Field(default_factory=dict)
    within: Duration | None = Field(default=None, description="after the event before")
    same: tuple[str, ...] = Field(default=(), description="fields that are equal in both events")
    followed_by: "Step | None" = None
    not_followed_by: "Step | None" = None


def _listed(said: object) -> object:
    return (said,) if isinstance(said, str) else said


Named = Annotated[str, Field(min_length=1)]
Kinds = Annotated[tuple[Named, ...], BeforeValidator(_listed), Field(min_length=1, max_length=50)]


class Did(Condition):
    """Events of some kinds, in a window, as many as `count` says: one at least where it is silent.

    The kind `purchase` is an order however it was told: orders count once, with or without lines.
    """

    event: Kinds
    where: Mapping[str, Wanted] = Field(default_factory=dict, description="by field or property")
    within: Duration | None = Field(default=None, description="not longer ago than that")
    older_than: Duration | None = Field(default=None, description="at least so long ago")
    since: AwareDatetime | None = None
    until: AwareDatetime | None = Field(default=None, description="before that instant")
    count: Wanted | None = None
    sum: Measure | None = None
    distinct: Measure | None = None
    followed_by: Step | None = None
    not_followed_by: Step | None = Field(
        default=None, description="with `within`: holds once that time has passed without it"
    )

    @model_validator(mode="after")
    def _measures_one_thing(self) -> Self:
        if sum(each is not None for each in (self.count, self.sum, self.distinct)) > 1:
            raise ValueError("give one of count, sum, distinct; combine two conditions with all")
        if self.within and self.older_than and self.older_than >= self.within:
            raise ValueError("older_than must be shorter than within: nothing is in that window")
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until must be after since: nothing is in that window")
        return self


class Consented(Condition):
    """A consent has a state; what nobody said anything about has none."""

    consent: str = Field(description="a purpose")
    medium: str
    state: str = "granted"


class MemberOf(Condition):
    """A membership, one that is current unless `ever`."""

    member_of: Wanted = Field(description="the organisation")
    kind: Wanted | None = None
    role: Wanted | None = None
    ever: bool = False


class WorksFor(Condition):
    """A person belongs to a company of which a condition holds, in a role: any or all of these."""

    account: "Expression | None" = Field(default=None, description="about the company")
    role: Wanted | None = Field(default=None, description="as the source says it")
    function: Wanted | None = Field(default=None, description="finance, it, sales, ...")
    level: Wanted | None = Field(default=None, description="c_level, director, manager, ...")
    ever: bool = Field(default=False, description="also where they have left it")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(said is None for said in (self.account, self.role, self.function, self.level)):
            raise ValueError("give a condition on the account, a role, a function or a level")
        return self

    def below_it(self) -> Iterator[tuple[str, Condition]]:
        """The condition about the company."""
        if self.account is not None:
            yield "account", self.account


class InSegment(Condition):
    """The profile is in another segment."""

    segment: str


class InCell(Condition):
    """The profile is in a cell of a dimension."""

    dimension: str
    cell: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]


class All(Condition):
    """Every one of the conditions holds."""

    all: "Annotated[tuple[Expression, ...], Field(min_length=1, max_length=200)]"

    def below_it(self) -> Iterator[tuple[str, Condition]]:
        """Its parts."""
        return ((f"all[{n}]", each) for n, each in enumerate(self.all))


class AnyOf(Condition):
    """At least one of the conditions holds."""

    any: "Annotated[tuple[Expression, ...], Field(min_length=1, max_length=200)]"

    def below_it(self) -> Iterator[tuple[str, Condition]]:
        """Its parts."""
        return ((f"any[{n}]", each) for n, each in enumerate(self.any))


class Not(Condition):
    """The condition does not hold, for whatever reason: also where a value is unknown."""

    not_: "Expression" = Field(
        validation_alias=AliasChoices("not", "not_"), serialization_alias="not"
    )

    def below_it(self) -> Iterator[tuple[str, Condition]]:
        """What must not hold."""
        yield "not", self.not_


KEYS: Mapping[str, type[Condition]] = {
    "all": All,
    "any": AnyOf,
    "not": Not,
    "trait": TraitIs,
    "event": Did,
    "consent": Consented,
    "member_of": MemberOf,
    "account": WorksFor,
    "segment": InSegment,
    "dimension": InCell,
    "role": WorksFor,
    "function": WorksFor,
    "level": WorksFor,
}


def _tag(said: Any) -> str | None:
    if isinstance(said, Condition):
        return next(key for key, kind in KEYS.items() if isinstance(said, kind))
    if not isinstance(said, Mapping):
        return None
    named = next((kind for key, kind in KEYS.items() if key in said), None)
    return next((key for key, kind in KEYS.items() if kind is named), None)


Expression = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[TraitIs, Tag("trait")]
    | Annotated[Did, Tag("event")]
    | Annotated[Consented, Tag("consent")]
    | Annotated[MemberOf, Tag("member_of")]
    | Annotated[WorksFor, Tag("account")]
    | Annotated[InSegment, Tag("segment")]
    | Annotated[InCell, Tag("dimension")],
    Discriminator(_tag),
]

TREE: TypeAdapter[Condition] = TypeAdapter(Expression, config=ConfigDict(defer_build=True))


def as_data(condition: Condition) -> dict[str, Any]:
    """`condition` as JSON or YAML says it: only what was given."""
    return TREE.dump_python(condition, mode="json", by_alias=True, exclude_defaults=True)


def every_node(condition: Condition, place: str = "") -> Iterator[tuple[str, Condition]]:
    """`condition` and all below it, each with its place: `all[1].not`."""
    yield place, condition
    for part, each in condition.below_it():
        yield from every_node(each, f"{place}.{part}" if place else part)


def _parts(condition: Condition, kind: type[Condition]) -> tuple[Condition, ...]:
    if isinstance(condition, kind):
        return tuple(each for _, each in condition.below_it())
    return (condition,)
