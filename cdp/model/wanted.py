"""What a value must be: tests that conditions, events and sequences share."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from cdp.model.duration import Duration

Scalar = bool | int | float | str


def scalar(said: object) -> Scalar:
    """`said` as the tree holds it: dates and instants, as YAML reads them, are ISO 8601 texts.

    Raises ValueError.
    """
    if isinstance(said, datetime):
        return said.replace(tzinfo=said.tzinfo or UTC).astimezone(UTC).strftime(INSTANT)
    if isinstance(said, date):
        return said.isoformat()
    if not isinstance(said, (bool, int, float, str)):
        raise ValueError(f"{said!r} is no text, number, date, true or false")  # noqa: TRY004 - for pydantic
    return said


INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"
Value = Annotated[Scalar, BeforeValidator(scalar)]


class Node(BaseModel):
    """A value of the tree: frozen, and nothing unknown in it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", serialize_by_alias=True, defer_build=True
    )


class Test(Node):
    """What a value must be; several tests must all hold. An unknown value passes only `known: false`.

    Texts are compared letter by letter, dates and instants as ISO 8601 texts.
    """

    __test__ = False  # not a test of pytest's

    is_: Value | None = Field(
        default=None, validation_alias=AliasChoices("is", "is_"), serialization_alias="is"
    )
    is_not: Value | None = None
    in_: tuple[Value, ...] | None = Field(
        default=None,
        validation_alias=AliasChoices("in", "in_"),
        serialization_alias="in",
        min_length=1,
        max_length=10_000,
    )
    not_in: tuple[Value, ...] | None = Field(default=None, min_length=1, max_length=10_000)
    above: Value | None = None
    at_least: Value | None = None
    below: Value | None = None
    at_most: Value | None = None
    contains: Value | None = Field(
        default=None, description="a list has this element; a text has this part, in any case"
    )
    known: bool | None = Field(default=None, description="whether there is a value at all")
    within: Duration | None = Field(default=None, description="of an instant: so recent or newer")
    older_than: Duration | None = Field(default=None, description="of an instant: so old or older")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.said():
            raise ValueError("says nothing to test by; give is, in, above, at_least, known, ...")
        return self

    def said(self) -> Mapping[str, Any]:
        """The tests that are set, by their name in JSON."""
        return {
            field.serialization_alias or name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name in TESTS and getattr(self, name) is not None
        }


TESTS = frozenset(Test.model_fields)


def _shortened(said: object) -> object:
    """A value alone is tested for equality, a list for any of its elements."""
    if isinstance(said, (list, tuple)):
        return {"in": said}
    return {"is": said} if isinstance(said, (bool, int, float, str, date)) else said


Wanted = Annotated[Test, BeforeValidator(_shortened)]


class Measure(Test):
    """A figure over the events at hand, of one of their fields, and what it must be."""

    of: str = Field(description="amount, quantity, discount, score; product, category, day, ...")
