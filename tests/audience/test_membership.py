"""Memberships kept as profiles change, merge and grow older are those of a full evaluation."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp.audience.base import definitions_of, everyones
from cdp.audience.membership import update_memberships
from cdp.audience.words import in_segment
from cdp.segments import Segments
from cdp.store.audience import cells, sampling, segments
from cdp.store.database import Database
from tests.audience.conditions import conditions
from tests.audience.oracle import holds, instant
from tests.audience.town import START, Town, uid

# Threads of a service that another test left running draw random numbers meanwhile.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
HALF_DAY = timedelta(hours=12)
PEOPLE, COMPANY = (1, 2, 3, 4), 9
GOODS = st.sampled_from(["shoes", "coats"])
NUMBERS = st.integers(0, 3)
DAYS = st.none() | st.integers(-3, 3).map(lambda d: date(2026, 3, 1) + timedelta(days=d))
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


def play(town: Town, move: tuple, now: datetime) -> datetime:  # noqa: C901 - one case for each move
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
                    uid(n),
                    orders=orders,
                    last_order_at=at,
                    interests=["golf", "tea"][:orders],
                    **told,
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


@settings(
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    max_examples=12,
)
@given(first=conditions(), second=conditions(), moves=st.lists(MOVES, min_size=1, max_size=10),
       since=DAYS, until=DAYS, left=DAYS, many=st.sampled_from([1, 1000]))  # fmt: skip
def test_memberships_kept_are_those_of_a_full_and_of_a_naive_evaluation(  # noqa: PLR0917 - a world
    town_database, first, second, moves, since, until, left, many
):
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
        update_memberships(town_database, now, many=many)
        naive = {
            (str(who.profile_id), name)
            for who in town.people()
            for name, condition in saved.items()
            if who.subject == "person" and holds(condition, who, now, saved)
        }
        assert kept(town_database) == naive
        sizes = {name: sum(cell == name for _, cell in naive) for name in saved}
        assert counted(town_database, now) == sizes
