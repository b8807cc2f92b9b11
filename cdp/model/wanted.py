"""What a value must be: tests that conditions, events and sequences share."""

from collections.abc import Mapping
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

    is_: Scalar | None = Field(
        default=None, validation_alias=AliasChoices("is", "is_"), serialization_alias="is"
    )
    is_not: Scalar | None = None
    in_: tuple[Scalar, ...] | None = Field(
        default=None,
        validation_alias=AliasChoices("in", "in_"),
        serialization_alias="in",
        min_length=1,
        max_length=10_000,
    )
    not_in: tuple[Scalar, ...] | None = Field(default=None, min_length=1, max_length=10_000)
    above: Scalar | None = None
    at_least: Scalar | None = None
    below: Scalar | None = None
    at_most: Scalar | None = None
    contains: Scalar | None = Field(
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
    return {"is": said} if isinstance(said, (bool, int, float, str)) else said


Wanted = Annotated[Test, BeforeValidator(_shortened)]


class Measure(Test):
    """A figure over the events at hand, of one of their fields, and what it must be."""

    of: str = Field(description="amount, quantity, discount, score; product, category, day, ...")
