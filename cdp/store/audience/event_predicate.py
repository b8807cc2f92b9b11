"""Conditions on events as SQL: which events, in which window, followed by what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cdp.model.expression import Did, Step
from cdp.model.wanted import Test
from cdp.store.audience.predicate import Binder, json_test, number_test, text_test

PURCHASE = "purchase"
BOUGHT = ("order", "order_line")
TEXTS = ("product", "category", "order_id", "currency", "kind")
NUMBERS = ("quantity", "amount", "discount", "score")
MONEY = ("amount", "discount")
DAY = "day"
NOW = timedelta(0)


@dataclass(frozen=True)
class Boundary:
    """Events `where` which something changes once they are so old."""

    where: str
    age: timedelta


@dataclass(frozen=True)
class EventWords:
    """Writes conditions on the event `e` of the record `r`; sums are in the reporting currency."""

    binder: Binder
    currency: Mapping[str, Any]

    def kinds(self, said: Sequence[str], e: str) -> str:
        """Whether the event is of one of these kinds; * stands for anything."""
        names = [each for kind in said for each in (BOUGHT if kind == PURCHASE else (kind,))]
        plain = [name for name in names if "*" not in name]
        parts = [f"{e}.kind LIKE {self.binder.value(_like(k), 'text')}" for k in names if "*" in k]
        if len(plain) == 1:
            parts.append(f"{e}.kind = {self.binder.value(plain[0], 'text')}")
        elif plain:
            parts.append(f"{e}.kind = ANY({self.binder.value(plain, 'text[]')})")
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    def what(self, said: Did | Step, e: str, r: str) -> str:
        """Whether the event is of the kinds and has the fields that are asked for."""
        tests = [
            self._field(name, test, wanted, e, r)
            for name, tests in said.where.items()
            for test, wanted in tests.said().items()
        ]
        if isinstance(said, Did) and said.sum and PURCHASE in said.event:
            tests.append(self._told_once(said, said.sum.of, e, r))
        return " AND ".join((self.kinds(said.event, e), *tests))

    def window(self, said: Did, e: str) -> str:
        """Whether the event lies in the window: never in the future."""
        parts = [f"{e}.occurred_at <= {self.binder.ago(said.older_than or NOW)}"]
        if said.within:
            parts.append(f"{e}.occurred_at > {self.binder.ago(said.within)}")
        if said.since:
            parts.append(f"{e}.occurred_at >= {self.binder.value(said.since, 'timestamptz')}")
        if said.until:
            parts.append(f"{e}.occurred_at < {self.binder.value(said.until, 'timestamptz')}")
        return " AND ".join(parts)

    def sequel(self, said: Did | Step, e: str, r: str) -> str:
        """Whether the event is, and is not, followed by what is asked for."""
        parts = []
        if said.followed_by:
            parts.append(f" AND {self.follows(said.followed_by, e, r)}")
        if said.not_followed_by:
            passed = said.not_followed_by.within
            if passed:
                parts.append(f" AND {e}.occurred_at <= {self.binder.ago(passed)}")
            parts.append(f" AND NOT {self.follows(said.not_followed_by, e, r)}")
        return "".join(parts)

    def whole(self, said: Did, e: str, r: str) -> str:
        """All that is asked of one event."""
        return f"{self.what(said, e, r)} AND {self.window(said, e)}{self.sequel(said, e, r)}"

    def figure(self, said: Did, e: str, r: str) -> tuple[str, Test] | None:
        """What is counted or added up over the events, and what it must be."""
        if said.sum:
            return f"coalesce(sum({self.number(said.sum.of, e)}), 0)", said.sum
        if said.distinct:
            return f"count(DISTINCT {self._value(said.distinct.of, e, r)})", said.distinct
        if said.count and PURCHASE in said.event:
            # Lines without an order's id are one order where channel and time are the same.
            line = f"CASE {e}.kind WHEN 'order_line' THEN concat({r}.channel, ' ', {e}.occurred_at)"
            order = f"coalesce({e}.order_id, {line} ELSE {e}.event_id::text END)"
            return f"count(DISTINCT {order})", said.count
        return ("count(*)", said.count) if said.count else None

    def passes(self, figure: str, test: Test) -> str:
        """Whether the figure is what it must be."""
        parts = [number_test(self.binder, figure, *each) for each in test.said().items()]
        return " AND ".join(parts)

    def number(self, name: str, e: str) -> str:
        """A number of the event; money in the reporting currency, or null where it has no rate."""
        if name in MONEY:
            return self._money(f"{e}.{name}", e)
        if name in NUMBERS:
            return f"{e}.{name}"
        value = self._property(name, e)
        return f"CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric END"

    def boundaries(self, said: Did, e: str, r: str) -> Iterator[Boundary]:
        """Where time alone can change what holds: the window's ends, the deadlines of sequels."""
        what = self.what(said, e, r)
        for age in (said.within, said.older_than):
            if age:
                yield Boundary(what, age)
        yield from self._deadlines(said, e, r)

    def to_come(self, said: Did | Step, e: str, r: str) -> Iterator[Boundary]:
        """Events of the future that will count once they have come, and those that may follow them."""
        yield Boundary(self.what(said, e, r), NOW)
        for step in (said.followed_by, said.not_followed_by):
            if step:
                yield from self.to_come(step, e, r)

    def _deadlines(self, said: Did | Step, e: str, r: str) -> Iterator[Boundary]:
        if said.not_followed_by:
            if said.not_followed_by.within:
                yield Boundary(self.what(said, e, r), said.not_followed_by.within)
            yield from self._deadlines(said.not_followed_by, e, r)
        if said.followed_by:
            yield from self._deadlines(said.followed_by, e, r)

    def follows(self, step: Step, e: str, r: str) -> str:
        """Whether the person did this after the event."""
        e2, r2 = f"{e}_e", f"{e}_r"
        parts = [
            f"{r2}.profile_id = {r}.profile_id",
            self.what(step, e2, r2),
            f"{e2}.occurred_at > {e}.occurred_at",
            f"{e2}.occurred_at <= {self.binder.ago(NOW)}",
            *(f"{self._value(n, e2, r2)} = {self._value(n, e, r)}" for n in step.same),
        ]
        if step.within:
            length = self.binder.value(step.within, "interval")
            parts.append(f"{e2}.occurred_at <= {e}.occurred_at + {length}")
        return (
            f"EXISTS (SELECT FROM source_record AS {r2} JOIN event AS {e2} USING (record_uid)"
            f" WHERE {' AND '.join(parts)}{self.sequel(step, e2, r2)})"
        )

    def _field(self, name: str, test: str, wanted: Any, e: str, r: str) -> str:
        if name in NUMBERS:
            return number_test(self.binder, self.number(name, e), test, wanted)
        if name in TEXTS or name == "channel":
            return text_test(self.binder, self._value(name, e, r), test, wanted)
        first = wanted[0] if isinstance(wanted, tuple) else wanted
        value = self._property(name, e)
        if not isinstance(first, (bool, int, float)):
            return text_test(self.binder, f"({value} #>> '{{}}')", test, wanted)
        kind = "boolean" if isinstance(first, bool) else "number"
        return json_test(self.binder, value, test, wanted, kind)

    def _value(self, name: str, e: str, r: str) -> str:
        if name == DAY:
            return f"({e}.occurred_at AT TIME ZONE 'UTC')::date"
        if name == "channel":
            return f"{r}.channel"
        return f"{e}.{name}" if name in TEXTS + NUMBERS else self._property(name, e)

    def _property(self, name: str, e: str) -> str:
        """A property as jsonb; one that is null is not known."""
        if "." in name:
            found = f"#> {self.binder.value(name.split('.'), 'text[]')}"
        else:
            found = f"-> {self.binder.value(name, 'text')}"
        return f"nullif({e}.properties {found}, 'null')"

    def _told_once(self, said: Did, measured: str, e: str, r: str) -> str:
        """An order's money is what its total says, else its lines; of several channels the most trusted."""
        o, s = f"{e}_o", f"{r}_o"
        rank = "(SELECT trust FROM channel AS c WHERE c.channel = {}.channel)"
        before = f"({rank.format(s)}, {r}.channel) > ({rank.format(r)}, {s}.channel)"
        total = f"{o}.kind = 'order' AND {e}.kind <> 'order'"
        trusted = f"{o}.kind = {e}.kind AND {s}.channel <> {r}.channel AND {before}"
        tests = [
            f"{s}.profile_id = {r}.profile_id",
            f"{o}.order_id = {e}.order_id",
            self.kinds([PURCHASE], o),
            f"{self.number(measured, o)} IS NOT NULL",
            f"({total} OR {trusted})",
            *(
                self._field(name, test, wanted, o, s)
                for name, tests in said.where.items()
                for test, wanted in tests.said().items()
            ),
        ]
        return (
            f"NOT EXISTS (SELECT FROM source_record AS {s} JOIN event AS {o} USING (record_uid)"
            f" WHERE {' AND '.join(tests)})"
        )

    def _money(self, amount: str, e: str) -> str:
        reporting = self.currency.get("reporting")
        if reporting is None:
            return amount
        foreign = f"ELSE {amount} * {self._rate(e)} " if self.currency.get("rates") else ""
        own = self.binder.value(reporting, "text")
        return f"CASE {e}.currency WHEN {own} THEN {amount} {foreign}END"

    def _rate(self, e: str) -> str:
        """What the event's currency was worth on its day."""
        told = [
            (code, str(day), str(rate))
            for code, said in self.currency["rates"].items()
            for day, rate in (said if isinstance(said, Mapping) else {"0001-01-01": said}).items()
        ]
        kinds = ("text[]", "timestamptz[]", "numeric[]")
        columns = zip(*told, strict=True)
        bound = [self.binder.value(list(c), k) for c, k in zip(columns, kinds, strict=True)]
        return (
            f"(SELECT x.rate FROM unnest({', '.join(bound)}) AS x (currency, since, rate)"
            f" WHERE x.currency = {e}.currency AND x.since <= {e}.occurred_at"
            " ORDER BY x.since DESC LIMIT 1)"
        )


def _like(kind: str) -> str:
    escaped = kind.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
