"""A few profiles whose traits and events are read once, however many conditions are asked of them."""

from collections.abc import Mapping
from typing import Any

from cdp.model.expression import Did
from cdp.model.wanted import Test
from cdp.store.audience.event_predicate import NOW
from cdp.store.audience.predicate import Binder, Fragment, Instant, parsed
from cdp.store.audience.scopes import Each

# OFFSET 0 keeps what is worked out once from being written into each place that reads it.
TRAITS = """
    LEFT JOIN LATERAL (SELECT {traits} OFFSET 0) AS tr ON true"""
EVENTS = """
    LEFT JOIN LATERAL (
        SELECT {figures} FROM (
            SELECT e.*, r.profile_id, r.channel{facts}
            FROM source_record AS r JOIN event AS e USING (record_uid)
            WHERE r.profile_id = p.profile_id OFFSET 0) AS e) AS ev ON true"""


class AtHand(Each):
    """Some profiles of which every value and event is looked at once, for all conditions.

    Conditions share columns by their SQL: `tr` has those of the row `p`, `e` what is true of one
    event (which carries `profile_id` and `channel` of its record), `ev` figures over all events.
    """

    def __init__(self, binder: Binder, currency: Mapping[str, Any]) -> None:
        super().__init__(binder, currency)
        self._traits: dict[str, str] = {}
        self._facts: dict[str, str] = {}
        self._figures: dict[str, str] = {}

    def __len__(self) -> int:
        """How many columns there are."""
        return len(self._traits) + len(self._facts) + len(self._figures)

    def sources(self) -> str:
        """What is joined with `p`, for the columns that conditions read."""
        read = TRAITS.format(traits=_listed(self._traits)) if self._traits else ""
        if not self._figures:
            return read
        facts = f", {_listed(self._facts)}" if self._facts else ""
        return read + EVENTS.format(figures=_listed(self._figures), facts=facts)

    def trait_text(self, name: str, key: str | None = None) -> str:
        """A trait of the row as text."""
        return self._trait_column(super().trait_text(name, key))

    def trait_json(self, name: str, key: str | None = None) -> str:
        """The same as it is kept."""
        return self._trait_column(super().trait_json(name, key))

    def trait_number(self, name: str, key: str | None = None, *, sure: bool = False) -> str:
        """The same as numeric."""
        return self._trait_column(super().trait_number(name, key, sure=sure))

    def trait_instant(self, name: str, key: str | None = None) -> Instant:
        """The same as an instant."""
        said = super().trait_text(name, key)
        return Instant(self._trait_column(said), self._trait_column(parsed(said)))

    def did(self, said: Did) -> Fragment:
        """Whether the profile's own events are such."""
        figure = self.words.figure(said, "e", "e")
        found = self._newest(said) if figure is None else self._counted(said, *figure)
        to_come = self._figure(f"min(e.occurred_at) FILTER (WHERE e.occurred_at > {self._now})")
        return Fragment(found.sql, (to_come, *found.flips), certain=True)

    def _newest(self, said: Did) -> Fragment:
        """As long as the newest of them is in the window the others may leave it."""
        boundaries = self._boundaries(said)
        if not said.within:
            last = self._figure(f"max(e.occurred_at) FILTER (WHERE {self._whole(said)})")
            return Fragment(f"({last} IS NOT NULL)", boundaries)
        # One figure for windows of any length, but where a look at what follows is to be spared.
        followed = said.followed_by or said.not_followed_by
        asked = said if followed else said.model_copy(update={"within": None})
        last = self._figure(f"max(e.occurred_at) FILTER (WHERE {self._whole(asked)})")
        inside = f"{last} > {self.binder.ago(said.within)}"
        leaves = f"CASE WHEN {inside} THEN {last}{self._plus(said.within)} END"
        return Fragment(f"({last} IS NOT NULL AND {inside})", (leaves, *boundaries[1:]))

    def _counted(self, said: Did, figure: str, test: Test) -> Fragment:
        whole = self._whole(said)
        filtered = f"{figure} FILTER (WHERE {whole})"
        if figure.startswith("coalesce(sum("):
            filtered = f"coalesce({figure[9:-4]} FILTER (WHERE {whole}), 0)"
        holds = f"({self.words.passes(self._figure(filtered), test)})"
        return Fragment(holds, self._boundaries(said))

    def _whole(self, said: Did) -> str:
        fact = self._fact(self.words.what(said, "e", "r"))
        return f"{fact} AND {self.words.window(said, 'e')}{self.words.sequel(said, 'e', 'e')}"

    def _boundaries(self, said: Did) -> tuple[str, ...]:
        return tuple(
            f"{oldest}{self._plus(each.age)}"
            for each in self.words.boundaries(said, "e", "r")
            for aged in [
                f"{self._fact(each.where)} AND e.occurred_at > {self.binder.ago(each.age)}"
            ]
            for oldest in [self._figure(f"min(e.occurred_at) FILTER (WHERE {aged})")]
        )

    @property
    def _now(self) -> str:
        return self.binder.ago(NOW)

    def _trait_column(self, sql: str) -> str:
        return f"tr.{self._traits.setdefault(sql, f't{len(self._traits)}')}"

    def _fact(self, sql: str) -> str:
        return f"e.{self._facts.setdefault(sql, f'f{len(self._facts)}')}"

    def _figure(self, sql: str) -> str:
        return f"ev.{self._figures.setdefault(sql, f'c{len(self._figures)}')}"


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{sql} AS {name}" for sql, name in columns.items())
