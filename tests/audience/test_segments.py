"""Segments by their Python API: sizes, members, reasons and what reads what."""

from datetime import timedelta

import pytest

from cdp.audience.membership import shorten_feed
from cdp.audience.words import (
    bought,
    consented,
    did,
    in_cell,
    in_segment,
    measure,
    then,
    trait,
    viewed,
)
from cdp.audience.words import test as must
from cdp.errors import InvalidRequest, InvalidSegment, SegmentNotFound
from cdp.segments import Segments
from cdp.store.audience import cells
from tests.audience.oracle import instant
from tests.audience.town import START, Town, uid

DAY = timedelta(days=1)
LAPSED = (trait("lifecycle") == "churned") & viewed(category="shoes", within="7d")


@pytest.fixture
def segments(database) -> Segments:
    town = Town(database).open()
    for number in range(1, 9):
        town.settle(
            number,
            lifecycle="churned" if number > 2 else "active",
            last_order_at=instant(START - number * DAY),
        )
        if number % 2:
            town.happen(uid(number), "product_viewed", START - DAY, category="shoes")
    found = Segments(database=database)
    found.update(now=START)
    return found


def test_a_saved_segment_holds_whom_its_condition_holds_of(segments):
    saved = segments.save("lapsed", LAPSED, by="ann", description="win back", now=START)
    assert (saved.members, saved.created_by, saved.as_of) == (3, "ann", START)
    first = segments.members("lapsed", limit=2, now=START)
    rest = segments.members("lapsed", after=first.next, limit=2, now=START)
    assert [each.profile_id.int for each in (*first.data, *rest.data)] == [3, 5, 7]
    assert rest.next is None


def test_a_segment_saved_before_any_update_lists_its_members(database):
    Town(database).open().settle(1, gender="f")
    segments = Segments(database=database)
    saved = segments.save("women", trait("gender") == "f", by="ann", now=START)
    listed = [each.profile_id.int for each in segments.members("women", now=START).data]
    assert (saved.members, listed) == (1, [1])


ORDER = {"order_id": "A", "category": "shoes"}
SUMS = {
    "all that two channels told": ({}, 98),
    "one of the channels": ({"channel": "till"}, 95),
    "goods, which only lines tell": ({"category": "shoes"}, 60),
    "an order without a total": ({"order_id": "B"}, 8),
}


def test_the_money_of_an_order_counts_once_as_the_most_trusted_tells_it(segments, database):
    town = Town(database)
    web, till = town.settle(9), town.shop_at_the_till(10, uid(9))
    for record, total in ((web, 90), (till, 95)):
        town.happen(record, "order", START, order_id="A", amount=total)
    for amount, order in ((60, ORDER), (30, {"order_id": "A"}), (8, {"order_id": "B"})):
        town.happen(web, "order_line", START, amount=amount, **order)
    town.happen(web, "order", START, order_id="B")
    segments.update(now=START)
    for name, (where, wanted) in SUMS.items():
        condition = bought(sum=measure("amount", **{"is": wanted}), **where)
        assert segments.estimate(condition, now=START).people == 1, name
        segments.save(name, condition, by="ann", now=START)
    town.derive(uid(9))
    segments.update(now=START)
    assert [segments.get(name).members for name in SUMS] == [1] * len(SUMS)


def test_a_property_that_is_null_is_not_known(segments, database):
    town = Town(database)
    for number, device in ((9, "phone"), (10, None)):
        town.settle(number)
        town.happen(uid(number), "page_viewed", START, device=device)
        town.happen(uid(number), "page_viewed", START + DAY, device=device)
    known = did("page_viewed", device=must(known=True))
    again = did("page_viewed", followed_by=then("page_viewed", same=["device"]))
    segments.update(now=START + DAY)
    for condition in (known, again):
        assert segments.estimate(condition, now=START + DAY).people == 1


def test_names_and_values_are_never_read_as_sql(segments, database):
    name, city = "o'hara's \\ {x} $1 :y %s \"z\", ok", "L'Isle; DROP TABLE event --"
    Town(database).settle(9, **{"address.city": city})
    segments.update(now=START)
    segments.save(name, trait("address.city") == city, by="ann", now=START)
    Town(database).settle(10, **{"address.city": city})
    segments.update(now=START)
    assert [each.profile_id.int for each in segments.members(name, now=START).data] == [9, 10]


def test_redefining_a_segment_moves_its_members_and_those_of_its_readers(segments):
    segments.save("lapsed", LAPSED, by="ann", now=START)
    segments.save("others", ~in_segment("lapsed"), by="ann", now=START)
    segments.save("lapsed", trait("lifecycle") == "churned", by="bo", now=START + DAY)
    assert segments.get("lapsed").members == 6
    assert segments.get("others").members == 2
    with pytest.raises(InvalidRequest, match="is read by 'others'"):
        segments.archive("lapsed")
    segments.archive("others", now=START + DAY)
    with pytest.raises(SegmentNotFound, match="did you mean 'lapsed'"):
        segments.get("lapsd")


def test_a_consent_that_nobody_was_asked_for_is_answered_with_the_nearest(database, segments):
    town = Town(database)
    town.consent(uid(1), "newsletter", "e-mail", "granted")
    for asked, meant in (
        (("newsleter", "email"), "newsletter"),
        (("newsletter", "emial"), "email"),
        (("newsletter", "e-mial"), "e-mail"),
    ):
        with pytest.raises(InvalidSegment, match=f"did you mean '{meant}'"):
            segments.estimate(consented(*asked), now=START)
    assert segments.estimate(consented("newsletter", "e-mail"), now=START).people == 1
    assert segments.estimate(consented("catalogue", "post"), now=START).people == 0  # may come yet


@pytest.mark.parametrize(
    ("condition", "method"),
    [
        (in_cell("lifecycle", "churned") & ~in_segment("lapsed"), "bitmaps"),
        (trait("lifecycle").is_in("churned", "active"), "bitmaps"),
        (trait("lifecycle") == "won back", "bitmaps"),  # nobody ever was
        (~in_cell("lifecycle", "new", "churned"), "bitmaps"),
        (LAPSED, "count"),
        (~bought() & (trait("days_since_order") >= 3), "count"),
    ],
)
def test_a_size_is_exact_where_it_can_be(segments, condition, method):
    segments.save("lapsed", LAPSED, by="ann", now=START)
    found = segments.estimate(condition, now=START)
    assert (found.method, found.exact, found.base) == (method, True, 8)
    saved = segments.save("the same", condition, by="ann", now=START)
    assert saved.members == found.people


def test_a_segment_may_read_cells_that_others_assign(segments, database):
    segments.save("runners", in_cell("persona", "Runner"), by="ann", now=START)
    for cells_of in ([(uid(1), "Runner"), (uid(2), "Runner")], [(uid(2), "Runner")]):
        with database.transaction() as tx:
            cells.assign(tx, [uid(1), uid(2)], {"persona": cells_of}, START)
        segments.update(now=START)
        held = [each.profile_id for each in segments.members("runners").data]
        assert held == [who for who, _ in cells_of]


MANY = """
INSERT INTO derived_profile (profile_id, subject, traits, derived_at, parameters)
SELECT gen_random_uuid(), 'person', jsonb_build_object('spent', n % 4), now(), 1
FROM generate_series(1, 40000) AS n"""


def test_what_takes_too_long_to_count_is_estimated_from_a_sample(segments, database):
    with database.autocommit() as connection:
        connection.execute(MANY)
    found = segments.estimate(trait("spent") >= 3, seconds=0.001)
    assert (found.exact, found.method, found.base) == (False, "sample", 40_008)
    # Of 4,000 drawn a quarter, plus or minus five standard deviations.
    assert found.people == pytest.approx(10_000, abs=1_400)
    assert found.low < found.people < found.high
    assert found.high - found.low == pytest.approx(1_070, abs=150)


def test_the_feed_keeps_what_no_later_change_stands_for(segments, database):
    segments.save("runners", in_cell("persona", "Runner"), by="ann", now=START)
    for days, cells_of in enumerate(
        [[(uid(1), "Runner"), (uid(2), "Runner")], [(uid(2), "Runner")]]
    ):
        with database.transaction() as tx:
            cells.assign(tx, [uid(1), uid(2)], {"persona": cells_of}, START)
        segments.update(now=START + days * DAY)
    whole = segments.changes("runners").data
    assert [(each.kind, each.profile_id.int) for each in whole] == [
        ("enter", 1), ("enter", 2), ("leave", 1)
    ]  # fmt: skip
    assert shorten_feed(database) == 2, "one of the segment, one of the persona that it reads"
    assert segments.changes("runners").data == whole[1:]
    assert shorten_feed(database) == 0


def test_reasons_show_each_value_and_the_least_that_would_have_to_change(segments):
    segments.save("lapsed", LAPSED & ~consented("news", "email"), by="ann", now=START)
    inside = segments.why(uid(3), "lapsed", now=START)
    assert (inside.holds, inside.member_since) == (True, START)
    assert inside.reason.until == START + 6 * DAY
    lifecycle, view, consent = inside.reason.parts
    assert (lifecycle.says, lifecycle.actual) == ("lifecycle is churned", "churned")
    assert view.actual["count"] == 1
    assert (consent.says, consent.holds) == ("not", True)
    assert len(inside.to_change) == 1
    outside = segments.why(uid(2), "lapsed", now=START)
    assert outside.member_since is None
    assert outside.to_change == [
        "lifecycle is churned would have to hold; it is active",
        "product viewed with category is shoes, within 7d would have to hold; it is count 0",
    ]


def test_any_condition_can_be_asked_about(segments):
    found = segments.why(uid(4), (trait("days_since_order") < 2) | bought(), now=START)
    assert [part.actual for part in found.reason.parts] == [4.0, {"count": 0}]
    assert len(found.to_change) == 1, "either would do"
    twice = (bought() & (trait("spent") > 5)) | (bought() & (trait("spent") > 5))
    assert len(segments.why(uid(4), twice, now=START).to_change) == 2, "each is named once"
    (told,) = segments.why(uid(4), (bought() | viewed()) & ~bought(), now=START).to_change
    assert told.startswith("product viewed would have to hold"), "a purchase would do no good"
    assert segments.why(uid(4), bought() & ~bought(), now=START).to_change == []
