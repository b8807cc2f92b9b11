"""Deriving what changed, in any order and at any times, ends where deriving everything ends."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from cdp.derive import run
from cdp.derive.run import derive_queued, rebuild, refit
from cdp.store.database import Database
from cdp.store.derive import facts as store
from tests.derive.market import NOW, Market, bought, day, happening
from tests.served import eventually

PEOPLE = ("ann", "bo", "cy", "di")
GOODS = (("tea", "drinks", "food"), ("boot", "shoes", "men"), ("scarf", "wool", "women"))

people, goods, ago = st.sampled_from(PEOPLE), st.sampled_from(GOODS), st.integers(0, 500)


def _purchase(who: str, days: int, what: tuple[str, str, str], amount: int, off: int) -> list[Any]:
    facts = {"product": what[0], "category": what[1], "department": what[2]}
    return bought(who, day(days), amount / 100, discount=off / 100, **facts)


def _view(who: str, days: int, what: tuple[str, str, str]) -> list[Any]:
    return [
        happening(
            who, "product_viewed", day(days), product=what[0], category=what[1], session=str(days)
        )
    ]


def _mail(who: str, days: int, kind: str) -> list[Any]:
    return [happening(who, kind, day(days), campaign=f"spring {days % 3}")]


def _return(who: str, days: int, kind: str, order: str | None) -> list[Any]:
    return [happening(who, kind, day(days), order=order, amount=5.0, currency="EUR")]


def _present(who: str, days: int, order: str) -> list[Any]:
    return [happening(who, "order", day(days), order=order, amount=9.0, currency="EUR", gift="yes")]


deeds = st.one_of(
    st.builds(_present, people, ago, st.sampled_from("AB")),
    st.builds(
        _return,
        people,
        ago,
        st.sampled_from(["order_refunded", "return_line", "order_cancelled"]),
        st.sampled_from(["A", "B", None]),
    ),
    st.builds(_purchase, people, ago, goods, st.integers(1, 99_999), st.integers(0, 300)),
    st.builds(_view, people, ago, goods),
    st.builds(
        _mail, people, ago, st.sampled_from(["email_sent", "email_opened", "coupon_redeemed"])
    ),
)
deliveries = st.lists(
    st.tuples(st.lists(deeds, min_size=1, max_size=5), st.integers(0, 200)), min_size=1, max_size=4
)


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deliveries)
def test_piece_by_piece_with_time_passing_equals_a_rebuild(
    new_database: Callable[[], AbstractContextManager[Database]], said: list[Any]
):
    with new_database() as database, TemporaryDirectory() as folder:
        market = Market(database, Path(folder))
        now = NOW
        for deed, days in said:
            market.deliver([row for rows in deed for row in rows])
            market.conclude(now)
            now += timedelta(days=days)
            market.conclude(now)
        piece_by_piece = market.everything()
        rebuild(database, now)
        assert market.everything() == piece_by_piece
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "PROFILES_PER_TRANSACTION", 1)  # each by itself
            rebuild(database, now)
        assert market.everything() == piece_by_piece


def test_a_change_of_one_derives_one(market: Market):
    market.deliver([row for n in range(60) for row in bought(f"c{n}", day(n), 10.0 + n)])
    assert market.conclude().derived == 60
    assert market.conclude().derived == 0
    market.deliver(bought("c7", day(0.5), 3.0))
    assert market.conclude().derived == 1
    assert market.of("c7")["orders"] == 2


def test_a_base_that_has_grown_is_fitted_anew_by_itself(market: Market):
    market.deliver([row for n in range(10) for row in bought(f"c{n}", day(n), 1.0 + n)])
    market.conclude()
    assert market.of("c9")["rfm_monetary"] == 5
    market.deliver([row for n in range(10, 50) for row in bought(f"c{n}", day(n), 1.0 + n)])
    market.conclude()
    assert (market.of("c9")["rfm_monetary"], market.of("c49")["rfm_monetary"]) == (1, 5)


def test_a_fit_without_news_queues_nobody(market: Market):
    market.deliver([row for n in range(10) for row in bought(f"c{n}", day(n), 1.0 + n)])
    market.conclude()
    assert refit(market.database, NOW).version == 1
    assert market.conclude().derived == 0


def test_a_chunk_of_too_many_events_is_derived_in_parts(
    market: Market, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "MOST_EVENTS", 20)  # two events an order: ten people at a time
    market.deliver([row for n in range(150) for row in bought(f"c{n}", day(1), 1.0)])
    seen: list[int] = []
    assert derive_queued(market.database, NOW, seen.append) == 150
    assert len(seen) > 5
    assert {len(market.everything()), market.of("c149")["orders"]} == {150, 1}


WAITING = """
SELECT true FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE '%underived_profile%' AND datname = current_database()"""


def test_what_another_run_has_taken_is_concluded_on_return(market: Market):
    market.deliver([row for n in range(3) for row in bought(f"c{n}", day(n), 1.0 + n)])

    def is_waited_for() -> bool:
        with market.database.autocommit() as connection:
            return connection.execute(WAITING).fetchone() is not None

    with ThreadPoolExecutor(1) as pool, market.database.transaction() as other:
        other.execute(text("DELETE FROM underived_profile"))
        done = pool.submit(market.conclude)
        eventually(is_waited_for)
        assert not done.done()
        other.rollback()  # the other run is killed, and its rows are free again
        assert done.result().derived == 3
    assert market.of("c1")["orders"] == 1
