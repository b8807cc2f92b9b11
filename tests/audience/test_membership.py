"""Memberships kept as profiles change, merge and grow older are those of a full evaluation."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cdp.audience.base import definitions_of, everyones
from cdp.audience.words import (
    bought,
    consented,
    did,
    in_segment,
    measure,
    member_of,
    test as must,
    then,
    trait,
    viewed,
    works_for,
)
from cdp.model.expression import Condition, as_data
from cdp.segments import Segments
from cdp.store import cells, sampling, segments
from cdp.store.database import Database
from tests.audience.oracle import holds, instant
from tests.audience.town import START, Town, uid

HALF_DAY = timedelta(hours=12)
PEOPLE, COMPANY = (1, 2, 3, 4), 9
WINDOWS = st.sampled_from(["1d", "36h", "3d"])
GOODS = st.sampled_from(["shoes", "coats"])
NUMBERS = st.integers(0, 3)
DAYS = st.none() | st.integers(-3, 3).map(lambda d: date(2026, 3, 1) + timedelta(days=d))


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


WHO = st.sampled_from(PEOPLE)
AGO = st.integers(-2, 8).map(lambda n: n * HALF_DAY)
MOVES = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 6)),
    st.tuples(st.just("view"), WHO, AGO, GOODS, st.sampled_from(["a", "b"])),
    st.tuples(st.just("order"), WHO, AGO, GOODS, st.sampled_from(["a", "b"])),
    st.tuples(st.just("derive"), WHO, st.sampled_from(["f", "m", None]), NUMBERS, AGO),
    st.tuples(st.just("merge"), WHO, WHO),
    st.tuples(st.just("split"), WHO),
    st.tuples(st.just("company"), st.sampled_from([10, 100]), AGO),
)


def play(town: Town, move: tuple, now: datetime) -> datetime:
    """One move; the time after it."""
    match move:
        case "wait", n:
            return now + n * HALF_DAY
        case "view", n, ago, category, product:
            device = {"device": "phone"} if product == "a" else {}
            town.happen(
                uid(n), "product_viewed", now - ago, category=category, product=product, **device
            )
        case "order", n, ago, category, product:
            facts = {"product": product, "order_id": f"o{town.happened}", "amount": 10}
            town.happen(uid(n), "order_line", now - ago, category=category, **facts)
        case "derive", n, gender, orders, ago:
            if uid(n) in town.home.values():
                told = {"gender": gender} if gender else {}
                at = instant(now - ago)
                town.derive(
                    uid(n), orders=orders, last_order_at=at, interests=["golf", "tea"][:orders], **told
                )
        case "merge", a, b:
            first, second = sorted((town.home[uid(a)], town.home[uid(b)]))
            if first != second:
                town.merge(first, second)
        case "split", n:
            if town.home[uid(n)] != uid(n):
                town.split(uid(n))
        case "company", size, ago:
            town.derive(uid(COMPANY), employees=size, last_order_at=instant(now - ago))
    return now


def kept(database: Database) -> set[tuple[str, str]]:
    """Who is in which segment, as history has it; bitmaps and traits must agree."""
    with database.autocommit() as connection:
        rows = connection.execute(
            """SELECT c.profile_id::text, c.cell, d.number FROM profile_cell AS c
            LEFT JOIN derived_profile AS d USING (profile_id)
            WHERE dimension = 'segment' AND left_at IS NULL"""
        ).fetchall()
        names = sorted({cell for _, cell, _ in rows})
        bits = cells.bitmaps(connection, [("segment", name) for name in names])
        sizes = cells.sizes(connection, "segment")
    found = {(name, n) for name, chunks in zip(names, bits, strict=True) for n in _numbers(chunks)}
    assert found == {(cell, number) for _, cell, number in rows}
    assert sum(sizes.values()) == len(found)
    return {(who, cell) for who, cell, _ in rows}


def _numbers(chunks: dict) -> Iterator[int]:
    return ((chunk << 16) + bit for chunk, bits in chunks.items() for bit in bits)


def counted(database: Database, now: datetime) -> dict[str, int]:
    """How many each segment's condition holds of, evaluated over the whole base."""
    with database.transaction() as tx:
        saved = definitions_of(segments.live(tx))
        found = {}
        for name, definition in saved.items():
            compiler = everyones(tx, saved)
            sql = compiler.members(definition).sql
            found[name] = sampling.count(tx, sql, compiler.scope.binder, "person", now, 9.0)
        return found


@pytest.fixture(scope="module")
def town_database(new_database) -> Iterator[Database]:
    with new_database() as store:
        yield store


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=12, phases=[Phase.generate])
@given(first=conditions(), second=conditions(), moves=st.lists(MOVES, min_size=1, max_size=10),
       since=DAYS, until=DAYS, left=DAYS)  # fmt: skip
def test_memberships_kept_are_those_of_a_full_and_of_a_naive_evaluation(
    town_database, first, second, moves, since, until, left
):
    print([as_data(first),as_data(second)],moves,since,until,left)
    town = Town(town_database).open()
    for n in PEOPLE:
        town.settle(n, gender="f" if n % 2 else "m")
    town.settle(COMPANY, "account", employees=100)
    town.employ(uid(1), uid(COMPANY), "Head of IT", left)
    town.join(uid(2), "club", since, until)
    town.consent(uid(1), "news", "email", "granted")
    kept_segments, now = Segments(database=town_database), START
    saved = {"one": first, "two": second, "both": in_segment("one") & ~in_segment("two")}
    for name, condition in saved.items():
        kept_segments.save(name, condition, by="a test", now=now)
    for move in [*moves, ("wait", 1)]:
        now = play(town, move, now)
        kept_segments.update(now=now)
        naive = {
            (str(who.profile_id), name)
            for who in town.people()
            for name, condition in saved.items()
            if who.subject == "person" and holds(condition, who, now, saved)
        }
        assert kept(town_database) == naive
        sizes = {name: sum(cell == name for _, cell in naive) for name in saved}
        assert counted(town_database, now) == sizes
