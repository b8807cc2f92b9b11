"""Windows, ages and deadlines let people in and out at the very instant, without rescans."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from cdp.audience.words import (
    bought,
    member_of,
    then,
    trait,
    viewed,
    works_for,
)
from cdp.audience.words import (
    test as must,
)
from cdp.segments import Segments
from cdp.store.database import Database
from tests.audience.oracle import instant
from tests.audience.town import START, Town, uid

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
YESTERDAY = START - DAY


@pytest.fixture(scope="module")
def one_database(new_database) -> Iterator[Database]:
    with new_database() as store:
        yield store


@pytest.fixture
def town(one_database) -> Town:
    return Town(one_database).open()


def members(town: Town) -> list[int]:
    """Who is in the segment, by number."""
    page = Segments(database=town.database).members("s")
    return [each.profile_id.int for each in page.data]


CASES = {
    "the only view of a week leaves the window": (
        viewed(within="7d"), YESTERDAY + 7 * DAY, True,
    ),
    "the third view leaves a window of three": (
        viewed(within="3d", count=must(at_least=1)), YESTERDAY + 3 * DAY, True,
    ),
    "a view becomes old enough": (viewed(older_than="2d"), YESTERDAY + 2 * DAY, False),
    "a basket is given up at its deadline": (
        viewed(not_followed_by=then("purchase", within="36h")),
        YESTERDAY + timedelta(hours=36),
        False,
    ),
    "an age is reached": (
        trait("days_since_order") >= 4, YESTERDAY + 4 * DAY, False,
    ),
    "an age is passed": (
        trait("days_since_order") > 4, YESTERDAY + 4 * DAY + INSTANT, False,
    ),
    "an instant is no longer recent": (
        trait("last_order_at").within("2d"), YESTERDAY + 2 * DAY, True,
    ),
    "a birthday comes": (trait("age_years") >= 30, START.replace(day=5), False),
    "the last day of a membership is over": (member_of("club"), START + 3 * DAY, True),
    "a person leaves a company": (works_for(trait("employees") > 5), START + 2 * DAY, True),
    "what holds of a company ends": (
        works_for(trait("days_since_order") < 3), YESTERDAY + 3 * DAY, True,
    ),
    "nobody bought for a while": (~bought(within="5d"), START - 3 * DAY + 5 * DAY, False),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_people_come_and_go_at_the_very_instant(town, case):
    condition, moment, before = CASES[case]
    for number in (1, 2):
        told = {"last_order_at": instant(YESTERDAY), "birth_date": "1996-03-05"}
        town.settle(number, **(told if number == 1 else {"birth_date": "2020-01-01"}))
    town.settle(9, "account", employees=10, last_order_at=instant(YESTERDAY))
    town.employ(uid(1), uid(9), "buyer", date(2026, 3, 3))
    town.join(uid(1), "club", None, date(2026, 3, 3))
    town.happen(uid(1), "product_viewed", YESTERDAY, product="a")
    for number in (1, 2):
        town.happen(uid(number), "order", START - 3 * DAY if number == 1 else START + 100 * DAY)
    segments = Segments(database=town.database)
    segments.update(now=START)
    segments.save("s", condition, by="a test", now=START)
    assert (1 in members(town)) is before
    segments.update(now=moment - INSTANT)
    assert (1 in members(town)) is before
    done = segments.update(now=moment)
    assert (1 in members(town)) is not before
    assert done.profiles <= 3, "only who is due is looked at"


def test_what_follows_counts_at_the_moment_it_comes(town):
    """A till whose clock is ahead tells of a sale that is still to come."""
    town.settle(1)
    town.happen(uid(1), "product_viewed", YESTERDAY, product="a")
    town.happen(uid(1), "order_line", START + 2 * DAY, product="a")
    segments = Segments(database=town.database)
    segments.update(now=START)
    open_view = viewed(not_followed_by=then("purchase", same=["product"]))
    segments.save("s", open_view, by="a test", now=START)
    segments.update(now=START + 2 * DAY - INSTANT)
    assert members(town) == [1]
    segments.update(now=START + 2 * DAY)
    assert members(town) == []


def test_nobody_is_looked_at_who_is_not_due(town):
    for number in range(1, 6):
        town.settle(number)
        town.happen(uid(number), "product_viewed", START - number * DAY)
    segments = Segments(database=town.database)
    segments.save("s", viewed(within="5d"), by="a test", now=START)
    segments.update(now=START)
    assert members(town) == [1, 2, 3, 4]
    assert segments.update(now=START + DAY - INSTANT).profiles == 0
    assert segments.update(now=START + DAY).profiles == 1
    assert members(town) == [1, 2, 3]


def test_after_an_undone_merge_membership_is_as_before(town):
    for number in (1, 2):
        town.settle(number, gender="f")
        town.happen(uid(number), "product_viewed", YESTERDAY, category="shoes")
    segments = Segments(database=town.database)
    segments.save("s", viewed(category="shoes", count=must(**{"is": 1})), by="a test", now=START)
    segments.update(now=START)
    assert members(town) == [1, 2]
    town.merge(uid(1), uid(2))
    segments.update(now=START)
    assert members(town) == []
    town.split(uid(2))
    segments.update(now=START + DAY)
    assert members(town) == [1, 2]
    told = segments.changes("s").data
    assert [(each.kind, each.profile_id.int) for each in told] == [
        ("enter", 1), ("enter", 2), ("leave", 1), ("leave", 2), ("enter", 1), ("enter", 2),
    ]  # fmt: skip


def test_a_segment_says_when_it_was_last_right(town):
    town.settle(1)
    town.happen(uid(1), "product_viewed", YESTERDAY)
    segments = Segments(database=town.database)
    segments.update(now=START)
    saved = segments.save("s", viewed(within="2d"), by="a test", now=START)
    assert saved.as_of == START
    late = START + 9 * DAY
    assert segments.get("s", now=late).as_of == YESTERDAY + 2 * DAY, "then it ceased to be"
    segments.update(now=late)
    assert segments.get("s", now=late).as_of == late
