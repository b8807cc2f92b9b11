"""What some profiles did, as columns: events, orders, lines and texts, money in one currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import polars as pl
from sqlalchemy import Connection

from cdp.derive.money import converted
from cdp.derive.orders import (
    bought_of,
    cancelled_of,
    lines_of,
    orders_of,
    refunded_of,
)
from cdp.derive.policy import DerivePolicy, Role
from cdp.derive.returns import in_the_orders_currency, returns_of
from cdp.profile.traits import registry
from cdp.store.derive import facts as store

UTC_MICROSECONDS = pl.Datetime("us", "UTC")


@dataclass
class Facts:
    """The facts of the profiles at hand; `n` numbers the profiles in every frame.

    `profiles`: n, profile_id, subject, folded, stated (JSON text without braces), filled (parts of
    a complete profile that are known), gender.
    `events`: n, kind, at, order_id, product, category, department, brand, quantity, amount,
    discount (both in the reporting currency), score, channel, trust, session, device, campaign,
    campaign_type, in_store, gift, and unconverted (amount in a currency without a rate), currency.
    """

    profiles: pl.DataFrame
    events: pl.DataFrame
    policy: DerivePolicy
    tx: Connection | None = field(default=None, repr=False)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events that occur."""
        return tuple(self.events["kind"].unique().cast(pl.String).sort())

    def of(self, *roles: Role) -> pl.DataFrame:
        """The events that play one of these roles."""
        kinds = {kind for role in roles for kind in self.policy.kinds_of(role, self.kinds)}
        return self.events.filter(_one_of(tuple(sorted(kinds)))) if kinds else self.none

    def plays(self, role: Role) -> pl.Expr:
        """Whether an event plays this role."""
        return _one_of(tuple(self.policy.kinds_of(role, self.kinds)))

    @cached_property
    def none(self) -> pl.DataFrame:
        """No events."""
        return self.events.clear()

    @cached_property
    def orders(self) -> pl.DataFrame:
        """One row an order: n, order_key, at, amount, discount, quantity, channel, in_store, gift.

        The amount is what the most trusted channel says: the order's own total, else what was paid,
        else the sum of its lines. The same order_id of one person is the same order in any channel.
        """
        return orders_of(self)

    @cached_property
    def bought(self) -> pl.DataFrame:
        """One row a buyer: n, orders, what was spent and when.

        spent (null: nothing had a price; of it spent_reduced and spent_gifts), priced (orders that had
        a price), off (discounts), items, first_order_at, last_order_at, days (UTC, with an order),
        first_day, last_day, last_purchase_at (the first order of the last day).
        """
        return bought_of(self.orders)

    @cached_property
    def cancelled(self) -> pl.DataFrame | None:
        """Columns n and order_key of the orders that were cancelled; None: there are none."""
        return cancelled_of(self)

    @cached_property
    def orders_of_persons(self) -> int:
        """How many orders the persons among the profiles have."""
        if self.orders.is_empty():
            return 0
        persons = self.profiles.filter(pl.col("subject") == "person").select("n")
        return self.orders.join(persons, on="n", how="semi").height

    @cached_property
    def posts(self) -> pl.DataFrame:
        """What they posted: n, record_uid, event_id, at, text."""
        kinds = self.policy.kinds_of("post", self.kinds)
        if not kinds or self.tx is None:
            return pl.DataFrame(schema=store.TEXT_COLUMNS).with_columns(instant("at"))
        return store.texts(self.tx, self.profiles.height, kinds).with_columns(instant("at"))

    @cached_property
    def lines(self) -> pl.DataFrame:
        """One row an order line: n, order_key, at, product, category, department, brand, amount and more.

        Lines of one order come from one channel, the most trusted.
        """
        return lines_of(self)

    @cached_property
    def returns(self) -> pl.DataFrame:
        """What was given back of orders that were not cancelled, one row a refund: n, at, amount.

        Returned lines count where nobody tells a refund of their order; of several channels that
        tell one of the same order the most trusted. What names no amount has that of the order.
        """
        return returns_of(self)

    @cached_property
    def refunded(self) -> pl.DataFrame:
        """One row a person who was given something back: n, refunded, returns, last_return_at."""
        return refunded_of(self.returns)


# Writing an expression costs as much as a few rows of it.
@lru_cache(256)
def _one_of(kinds: tuple[str, ...]) -> pl.Expr:
    return pl.col("kind").is_in(kinds)


def read_facts(
    tx: Connection, count: int, policy: DerivePolicy, currency: Mapping[str, Any]
) -> Facts:
    """The facts of the `count` profiles that `tx` has taken; `currency`: as fitted, with rates."""
    wanted = (list(policy.completeness.traits), list(policy.completeness.identifiers))
    objects = {name: trait.fields for name, trait in registry().items() if trait.fields}
    return facts_of(
        store.profiles(tx, count, wanted, objects),
        store.events(tx, count),
        policy,
        currency,
        tx,
    )


def facts_of(
    profiles: pl.DataFrame,
    events: pl.DataFrame,
    policy: DerivePolicy,
    currency: Mapping[str, Any],
    tx: Connection | None = None,
) -> Facts:
    """The facts in frames as the store reads them."""
    return Facts(
        profiles.with_columns(pl.col("folded").cast(pl.Boolean)),
        converted(
            in_the_orders_currency(events, policy).with_columns(
                instant("at"), pl.col("in_store").cast(pl.Boolean), pl.col("gift").cast(pl.Boolean)
            ),
            currency,
        ),
        policy,
        tx,
    )


def facts_of_nobody(policy: DerivePolicy) -> Facts:
    """No facts at all, in the columns that facts have."""
    nobody = pl.DataFrame(schema=store.PROFILE_COLUMNS)
    return facts_of(nobody, pl.DataFrame(schema=store.EVENT_COLUMNS), policy, {})


def instant(name: str) -> pl.Expr:
    """Seconds since 1970 as a time."""
    return (pl.col(name) * 1e6).round().cast(pl.Int64).cast(UTC_MICROSECONDS)
