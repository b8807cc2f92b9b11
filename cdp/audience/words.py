"""The conditions in Python: `(trait("lifecycle") == "churned") & viewed(category="shoes", within="7d")`."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from cdp.model.duration import duration
from cdp.model.expression import (
    Condition,
    Consented,
    Did,
    InCell,
    InSegment,
    MemberOf,
    Step,
    TraitIs,
    WorksFor,
)
from cdp.model.wanted import Measure, Scalar, Test, scalar

Said = Scalar | date | datetime
WINDOW = ("within", "older_than", "since", "until")
FIGURES = ("count", "sum", "distinct", "followed_by", "not_followed_by")


class Word:
    """A trait, before it is compared: `trait("spent") >= 100`."""

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, name: str, key: str | None = None) -> None:
        self.name, self.key = name, key

    def __getitem__(self, key: str) -> "Word":
        return Word(self.name, key)

    def __eq__(self, other: Said) -> TraitIs:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._is(is_=scalar(other))

    def __ne__(self, other: Said) -> TraitIs:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._is(is_not=scalar(other))

    def __ge__(self, other: Said) -> TraitIs:
        return self._is(at_least=scalar(other))

    def __gt__(self, other: Said) -> TraitIs:
        return self._is(above=scalar(other))

    def __le__(self, other: Said) -> TraitIs:
        return self._is(at_most=scalar(other))

    def __lt__(self, other: Said) -> TraitIs:
        return self._is(below=scalar(other))

    def is_in(self, *values: Said) -> TraitIs:
        """One of these."""
        return self._is(in_=tuple(map(scalar, values)))

    def is_not_in(self, *values: Said) -> TraitIs:
        """Known, and none of these."""
        return self._is(not_in=tuple(map(scalar, values)))

    def contains(self, value: Scalar) -> TraitIs:
        """A list has this element; a text has this part, in any case."""
        return self._is(contains=value)

    def known(self) -> TraitIs:
        """There is a value."""
        return self._is(known=True)

    def unknown(self) -> TraitIs:
        """There is none."""
        return self._is(known=False)

    def within(self, length: str) -> TraitIs:
        """An instant, so recent or newer: `trait("last_visit_at").within("7d")`."""
        return self._is(within=duration(length))

    def older_than(self, length: str) -> TraitIs:
        """An instant, so old or older."""
        return self._is(older_than=duration(length))

    def _is(self, **tests: Any) -> TraitIs:
        return TraitIs(trait=self.name, key=self.key, **tests)


def trait(name: str) -> Word:
    """The trait called `name`; `trait(name)[key]` of one that is an object."""
    return Word(name)


def test(**tests: Any) -> Test:
    """What a value must be: `test(at_least=2)`, `test(in_=["a", "b"])`."""
    return Test.model_validate(tests)


def measure(of: str, **tests: Any) -> Measure:
    """A figure over events: `bought(sum=measure("amount", at_least=100))`."""
    return Measure.model_validate({"of": of} | tests)


def did(*kinds: str, **said: Any) -> Did:
    """Events of these kinds; what is no word of `Did` is a field or property of theirs.

    `did("email_opened", campaign="spring", within="30d", count=test(at_least=2))`
    """
    where = {name: value for name, value in said.items() if name not in WINDOW + FIGURES}
    rest = {name: value for name, value in said.items() if name in WINDOW + FIGURES}
    return Did.model_validate({"event": kinds, "where": where} | rest)


def then(*kinds: str, within: str | None = None, same: Iterable[str] = (), **where: Any) -> Step:
    """What comes next: `viewed(not_followed_by=then("purchase", within="7d", same=["product"]))`."""
    later = {name: where.pop(name) for name in FIGURES[-2:] if name in where}
    said = {"event": kinds, "where": where, "within": within, "same": tuple(same)}
    return Step.model_validate(said | later)


def viewed(**said: Any) -> Did:
    """Views of products."""
    return did("product_viewed", **said)


def bought(**said: Any) -> Did:
    """Orders in any channel; with words on goods, those that hold such goods."""
    return did("purchase", **said)


def visited(**said: Any) -> Did:
    """Visits of the web shop, whatever was looked at."""
    return did("page_viewed", "product_viewed", "product_list_viewed", "products_searched", **said)


def consented(purpose: str, medium: str, state: str = "granted") -> Consented:
    """A consent has that state."""
    return Consented(consent=purpose, medium=medium, state=state)


def member_of(organisation: str | Test, **said: Any) -> MemberOf:
    """A membership; `kind`, `role`, `ever`."""
    return MemberOf.model_validate({"member_of": organisation} | said)


def works_for(account: Condition | None = None, **said: Any) -> WorksFor:
    """A person belongs to a company of which `account` holds; `role`, `ever`."""
    return WorksFor.model_validate({"account": account} | said)


def in_segment(name: str) -> InSegment:
    """The profile is in another segment."""
    return InSegment(segment=name)


def in_cell(dimension: str, *cells: str) -> InCell:
    """The profile is in one of these cells of a dimension."""
    return InCell(dimension=dimension, cell=cells)
