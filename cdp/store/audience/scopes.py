"""Whom a predicate is asked of: everyone at once, or each of a few."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cdp.model.expression import Did
from cdp.model.wanted import Test
from cdp.store.audience.event_predicate import Boundary, EventWords
from cdp.store.audience.predicate import Binder, Fragment, Instant, holds_of, least, parsed

EVENTS = "source_record AS {r} JOIN event AS {e} USING (record_uid)"


class Scope(ABC):
    """Writes what conditions share; `p` is the row of derived_profile that is asked about."""

    def __init__(self, binder: Binder, currency: Mapping[str, Any], p: str = "p") -> None:
        self.binder, self.p, self.currency = binder, p, currency
        self.words = EventWords(binder, currency)

    @abstractmethod
    def did(self, said: Did) -> Fragment:
        """Whether there are such events."""

    @abstractmethod
    def found(self, source: str, key: str, flips: tuple[str, ...] = ()) -> Fragment:
        """Whether `source` (FROM ... WHERE ...) has a row whose `key` is the profile.

        `flips`: instants in the scope of the query's rows.
        """

    @abstractmethod
    def traits(self, fragment: Fragment) -> Fragment:
        """A fragment on the row itself."""

    @abstractmethod
    def of_company(self, a: str, source: str, inner: tuple[str, ...]) -> tuple[str, ...]:
        """The flips of a company as those of its people; `source`: their links `a`."""

    @abstractmethod
    def company(self) -> "Scope":
        """The scope of a company that the profile belongs to."""

    def trait_text(self, name: str, key: str | None = None) -> str:
        """A trait of the row as text, or its part `key`; texts of fixed width compare as what they say."""
        return f'(({self._trait(name, key, "->>")}) COLLATE "C")'

    def trait_json(self, name: str, key: str | None = None) -> str:
        """The same as it is kept."""
        return f"({self._trait(name, key, '->')})"

    def trait_number(self, name: str, key: str | None = None, *, sure: bool = False) -> str:
        """The same as numeric. `sure`: it is a number wherever it is at all; sources say what they like."""
        # Quicker to compare than jsonb, which Postgres makes a document of for each comparison.
        kept = f"({self._trait(name, key, '->')})"
        number = f"{kept}::numeric"
        return number if sure else f"CASE jsonb_typeof({kept}) WHEN 'number' THEN {number} END"

    def trait_instant(self, name: str, key: str | None = None) -> Instant:
        """The same as an instant."""
        said = self.trait_text(name, key)
        return Instant(said, parsed(said))

    def _trait(self, name: str, key: str | None, last: str) -> str:
        *above, part = (self.binder.value(each, "text") for each in (name, key) if each is not None)
        return " ".join((f"{self.p}.traits", *(f"-> {each}" for each in above), last, part))

    def _events(self) -> tuple[str, str, str]:
        e, r = self.binder.alias("e"), self.binder.alias("r")
        return e, r, EVENTS.format(e=e, r=r)

    def _aged(self, boundary: Boundary, e: str) -> str:
        return f"{boundary.where} AND {e}.occurred_at > {self.binder.ago(boundary.age)}"

    def _plus(self, age: timedelta) -> str:
        return f" + {self.binder.value(age, 'interval')}" if age else ""

    def _all_boundaries(self, said: Did, e: str, r: str) -> list[Boundary]:
        """Those of the condition, and events that are still to come."""
        return [*self.words.boundaries(said, e, r), *self.words.to_come(said, e, r)]


class Everyone(Scope):
    """The whole base: semi-joins with sets of profiles."""

    def did(self, said: Did) -> Fragment:
        """Whether the profile is among those with such events."""
        e, r, source = self._events()
        whole = self.words.whole(said, e, r)
        figure = self.words.figure(said, e, r)
        flips = tuple(
            f"SELECT {r}.profile_id, min({e}.occurred_at){self._plus(each.age)} AS due_at"
            f" FROM {source} WHERE {self._aged(each, e)} GROUP BY 1"
            for each in self._all_boundaries(said, e, r)
        )
        if figure is None:
            own = f"{r}.profile_id = {self.p}.profile_id"
            exists = f"EXISTS (SELECT FROM {source} WHERE {own} AND {whole})"
            return Fragment(exists, flips, certain=True)
        counted = self._counted(f"FROM {source} WHERE {whole}", r, *figure)
        return Fragment(counted, flips, certain=True)

    def _counted(self, source: str, r: str, figure: str, test: Test) -> str:
        x = self.binder.alias("x")
        # Who has no such events is found in no group: where none would do, those who fail are sought.
        none_would_do = holds_of(0, test)
        wanted = "NOT " if none_would_do else ""
        return (
            f"{wanted}EXISTS (SELECT FROM (SELECT {r}.profile_id {source} GROUP BY 1"
            f" HAVING {wanted}({self.words.passes(figure, test)})) AS {x}"
            f" WHERE {x}.profile_id = {self.p}.profile_id)"
        )

    def found(self, source: str, key: str, flips: tuple[str, ...] = ()) -> Fragment:
        """Whether the profile is among those found."""
        due = tuple(f"SELECT {key} AS profile_id, {each} AS due_at {source}" for each in flips)
        exists = f"EXISTS (SELECT {source} AND {key} = {self.p}.profile_id)"
        return Fragment(exists, due, certain=True)

    def traits(self, fragment: Fragment) -> Fragment:
        """The same, with its flips as queries."""
        source = f"FROM derived_profile AS {self.p}"
        due = tuple(
            f"SELECT {self.p}.profile_id, {flip} AS due_at {source}" for flip in fragment.flips
        )
        return replace(fragment, flips=due)

    def of_company(self, a: str, source: str, inner: tuple[str, ...]) -> tuple[str, ...]:
        """The flips of a company as those of its people."""
        return tuple(
            f"SELECT link.profile_id, f.due_at FROM ({each}) AS f"
            f" JOIN (SELECT {a}.profile_id, {a}.account_id {source}) AS link"
            " ON link.account_id = f.profile_id"
            for each in inner
        )

    def company(self) -> "Everyone":
        """Companies, as everyone."""
        return Everyone(self.binder, self.currency, self.binder.alias("q"))


class Each(Scope):
    """Some profiles: correlated look-ups by index."""

    def did(self, said: Did) -> Fragment:
        """Whether the profile's own events are such."""
        e, r, source = self._events()
        own = f"FROM {source} WHERE {r}.profile_id = {self.p}.profile_id AND"
        whole = self.words.whole(said, e, r)
        figure = self.words.figure(said, e, r)
        flips = tuple(
            f"(SELECT min({e}.occurred_at){self._plus(each.age)} {own} {self._aged(each, e)})"
            for each in self._all_boundaries(said, e, r)
        )
        if figure is None:
            return Fragment(f"EXISTS (SELECT {own} {whole})", flips, certain=True)
        passes = f"(SELECT {self.words.passes(*figure)} {own} {whole})"
        return Fragment(passes, flips, certain=True)

    def found(self, source: str, key: str, flips: tuple[str, ...] = ()) -> Fragment:
        """Whether one is found for the profile."""
        own = f"{source} AND {key} = {self.p}.profile_id"
        due = (f"(SELECT min({least(flips)}) {own})",) if flips else ()
        return Fragment(f"EXISTS (SELECT {own})", due, certain=True)

    def traits(self, fragment: Fragment) -> Fragment:
        """The same."""
        return fragment

    def of_company(self, a: str, source: str, inner: tuple[str, ...]) -> tuple[str, ...]:
        """The flips of a company as those of its people."""
        own = f"{source} AND {a}.profile_id = {self.p}.profile_id"
        return (f"(SELECT min({least(inner)}) {own})",) if inner else ()

    def company(self) -> "Each":
        """One of the companies that the profile belongs to."""
        return Each(self.binder, self.currency, self.binder.alias("q"))
