"""Conditions of every kind, at random."""

from datetime import timedelta

from hypothesis import strategies as st

from cdp.audience.words import (
    bought,
    consented,
    did,
    measure,
    member_of,
    then,
    trait,
    viewed,
    works_for,
)
from cdp.audience.words import test as must
from cdp.model.expression import Condition
from tests.audience.town import START

WINDOWS = st.sampled_from(["1d", "36h", "3d"])
GOODS = st.sampled_from(["shoes", "coats"])
NUMBERS = st.integers(0, 3)


def figures() -> st.SearchStrategy[Condition]:
    """Conditions on figures over events."""
    number = st.builds(
        lambda word, n: must(**{word: n}),
        st.sampled_from(["at_least", "below", "is", "above", "at_most"]), NUMBERS,
    )  # fmt: skip
    return st.one_of(
        st.builds(lambda n, w: viewed(count=n, within=w), number, WINDOWS),
        st.builds(lambda n: bought(count=n, since=START - timedelta(days=2)), number),
        st.builds(
            lambda n, w: did("order_line", within=w, sum=measure("amount", at_least=10 * n)),
            NUMBERS, WINDOWS,
        ),
        st.builds(
            lambda n: did("product_viewed", distinct=measure("product", at_least=n)), NUMBERS
        ),
    )  # fmt: skip


def events() -> st.SearchStrategy[Condition]:
    """Conditions on events, their windows and what comes after."""
    return st.one_of(
        st.builds(lambda c, w: viewed(category=c, within=w), GOODS, WINDOWS),
        st.builds(lambda w: did("product_viewed", "order", older_than=w), WINDOWS),
        st.builds(lambda w: viewed(within="5d", older_than=w, device="phone"), WINDOWS),
        st.builds(
            lambda w, s: viewed(within="4d", not_followed_by=then("purchase", within=w, same=s)),
            st.none() | WINDOWS, st.sampled_from([(), ("product",)]),
        ),
        st.builds(
            lambda w: viewed(followed_by=then("product_viewed", category="coats", within=w)),
            WINDOWS,
        ),
    )  # fmt: skip


def values() -> st.SearchStrategy[Condition]:
    """Conditions on traits, consents, memberships and companies."""
    return st.one_of(
        st.builds(lambda v: trait("gender") == v, st.sampled_from(["f", "m"])),
        st.builds(lambda v: trait("gender") != v, st.sampled_from(["f", "m"])),
        st.builds(lambda v: trait("orders") >= v, NUMBERS),
        st.builds(lambda n: trait("days_since_order") >= n, st.sampled_from([1, 1.5, 3])),
        st.builds(lambda n: trait("days_since_order") <= n, st.sampled_from([1, 1.5, 3])),
        st.builds(lambda w: trait("last_order_at").within(w), WINDOWS),
        st.builds(lambda v: trait("interests").contains(v), st.sampled_from(["golf", "chess"])),
        st.just(trait("gender").unknown()),
        st.just(consented("news", "email")),
        st.builds(lambda ever: member_of("club", ever=ever), st.booleans()),
        st.just(works_for(trait("employees") > 50, role=must(contains="head"))),
        st.builds(lambda n: works_for(trait("days_since_order") >= n), st.sampled_from([1, 2])),
    )


def conditions() -> st.SearchStrategy[Condition]:
    """Trees of all of these."""
    leaves = st.one_of(figures(), events(), values())
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a | b, inner, inner),
            st.builds(lambda a: ~a, inner),
        ),
        max_leaves=4,
    )
