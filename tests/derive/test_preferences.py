"""What people like, look at, give away and answer to."""

from typing import Any

import pytest

from tests.derive.market import Market, bought, day, happening


def views(who: str, days: float, *goods: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        happening(
            who, "product_viewed", day(days), product=product, category=category, session=f"s{days}"
        )
        for product, category in goods
    ]


def test_affinities_are_shares_of_the_spending(market: Market):
    market.deliver(
        bought(
            "ann", day(9), 75.0, product="boot", category="shoes", department="men", brand="Kern"
        )
        + bought(
            "ann", day(8), 20.0, product="hat", category="hats", department="women", brand="Kern"
        )
        + bought("ann", day(7), 5.0, product="cap", category="hats", department="women")
    )
    market.conclude()
    ann = market.of("ann")
    assert ann["category_shares"] == {"shoes": 0.75, "hats": 0.25}
    assert ann["department_shares"] == {"men": 0.75, "women": 0.25}
    assert (ann["top_category"], ann["departments"], ann["top_brand"]) == ("shoes", 2, "Kern")


def test_open_interests_are_what_was_viewed_and_bought_in_no_channel(market: Market):
    jacket, boot = ("jacket", "jackets"), ("boot", "shoes")
    market.deliver(views("ann", 3, jacket, boot) + views("bo", 3, jacket))
    market.deliver(
        bought("ann", day(1), 80.0, product="jacket", category="jackets", store="7"), "till"
    )
    market.conclude()
    ann, bo = market.of("ann"), market.of("bo")
    assert (ann["open_interests"], ann["open_interest_categories"]) == (["boot"], ["shoes"])
    assert (bo["open_interests"], bo["orders"]) == (["jacket"], 0)
    assert (ann["store_share"], ann["place"], ann["visits"]) == (1.0, "store", 1)


def test_complements_come_from_other_buyers_less_what_one_owns(market: Market):
    """Eight bought jacket and scarf, eight a lamp; two bought the jacket, one of these a scarf too."""
    pairs = [(f"p{n}", ("jacket", "scarf")) for n in range(8)] + [
        (f"l{n}", ("lamp",)) for n in range(8)
    ]
    pairs += [("ann", ("jacket",)), ("bo", ("jacket", "scarf"))]
    market.deliver(
        [
            row
            for who, goods in pairs
            for n, what in enumerate(goods)
            for row in bought(who, day(5 + n), 10.0, product=what, category=f"{what}s")
        ]
    )
    market.conclude()
    ann = market.of("ann")
    assert (ann["suggested_products"], ann["suggested_categories"]) == (["scarf"], ["scarfs"])
    # 9 of 18 buyers bought both, 10 the jacket, 9 the scarf: 9 x 18 / (10 x 9).
    assert ann["suggestions"] == [{"category": "scarfs", "because": "jackets", "lift": 1.8}]
    assert "suggested_products" not in market.of("bo")


def test_gifts_are_marked_or_for_the_other_sex(market: Market):
    market.deliver(
        bought("ann", day(9), 60.0, department="Men", gender="female")
        + bought("ann", day(8), 30.0, department="Women")
        + bought("ann", day(7), 10.0, department="Books", gift="yes")
        + bought("bo", day(7), 10.0, department="Men", gender="male")
    )
    market.conclude()
    ann = market.of("ann")
    assert (ann["gift_share"], ann["gift_orders"], ann["last_gift_at"][:10]) == (
        0.7,
        2,
        "2026-05-25",
    )
    assert market.of("bo")["gift_share"] == 0.0


def test_a_gift_among_other_lines_is_that_line_and_a_gift_without_lines_the_order(market: Market):
    wrapped, plain = (
        happening("ann", "order_line", day(9), order="A1", amount=amount, currency="EUR", gift=gift)
        for amount, gift in ((20.0, "true"), (80.0, None))
    )
    sent = [
        happening(
            "bo", "order", day(days), order=f"B{days}", amount=10.0, currency="EUR", gift=gift
        )
        for days, gift in ((5, "yes"), (4, "yes"), (3, "no"), (2, None))
    ]
    market.deliver([wrapped, plain, *sent])
    market.conclude()
    names = ("gift_share", "gift_orders", "last_gift_at")
    assert [market.of("ann")[name] for name in names[:2]] == [0.2, 1]
    assert [market.of("bo")[name] for name in names] == [0.5, 2, "2026-05-28T00:00:00.000000Z"]


def test_discounts_count_by_the_goods_they_were_on(market: Market):
    market.deliver(bought("ann", day(9), 30.0, discount=10.0) + bought("ann", day(8), 10.0))
    market.conclude()
    ann = market.of("ann")
    assert (ann["discounted_share"], ann["discount_rate"], ann["discount_tier"]) == (
        0.75,
        0.2,
        "discount",
    )


def test_new_arrivals_are_bought_soon_after_their_first_sale(market: Market):
    market.deliver(
        bought("old", day(400), 10.0, product="tea")
        + bought("bo", day(100), 10.0, product="shoe")
        + bought("ann", day(90), 30.0, product="shoe")
        + bought("ann", day(2), 10.0, product="tea")
        + bought("cy", day(10), 10.0, product="shoe")
    )
    market.conclude()
    ann = market.of("ann")
    assert (ann["new_arrival_share"], ann["new_arrivals"]) == (0.75, 1)
    assert market.of("cy")["new_arrival_share"] == market.of("old")["new_arrival_share"] == 0.0


def test_answers_to_mails_and_campaigns(market: Market):
    market.deliver(
        [
            happening("ann", "email_sent", day(9), campaign="spring"),
            happening("ann", "email_opened", day(8.9), campaign="spring"),
            happening("ann", "campaign_received", day(7), campaign="Father's Day gifts"),
            happening("ann", "coupon_redeemed", day(5), campaign="Father's Day gifts"),
            happening("bo", "email_sent", day(9), campaign="spring"),
        ]
    )
    market.conclude()
    ann, bo = market.of("ann"), market.of("bo")
    assert (ann["email_engagement"], ann["email_open_rate"], bo["email_engagement"]) == (
        "opens",
        1.0,
        "ignores",
    )
    assert (ann["campaigns"], ann["campaign_responses"], ann["campaign_response_rate"]) == (
        2,
        1,
        0.5,
    )
    assert (ann["campaign_response"], bo["campaign_response"]) == ("responder", "non-responder")
    assert (ann["campaigns_responded"], ann["gift_campaign_responses"]) == (
        ["Father's Day gifts"],
        1,
    )


def test_a_cause_has_the_post_that_speaks_for_it_as_evidence(market: Market):
    market.deliver(
        [
            happening(
                "ann",
                "post",
                day(5),
                text="Training for the charity run of the Heart Fund #CharityRun",
            ),
            happening("ann", "post", day(2), text="Coffee first."),
        ]
    )
    market.conclude()
    ann = market.of("ann")
    assert "charity run" in ann["causes"]
    evidence = next(each for each in ann["cause_evidence"] if each["cause"] == "charity run")
    (post,) = [
        each for each in market.profiles.timeline("customer:ann") if each.occurred_at == day(5)
    ]
    assert (evidence["event_id"], evidence["posts"]) == (str(post.event_id), 1)
    assert ann["hashtags"] == ["#charityrun"]


@pytest.mark.parametrize(
    ("hour", "part"), [(3, "night"), (8, "morning"), (13, "afternoon"), (23, "evening")]
)
def test_the_part_of_the_day_is_that_of_most_visits(market: Market, hour: int, part: str):
    at = day(3).replace(hour=hour)
    market.deliver([happening("ann", "page_viewed", at, session="s", device="phone")])
    market.conclude()
    ann = market.of("ann")
    assert (ann["daypart"], ann["weekday"], ann["device"]) == (part, "Friday", "phone")


def test_a_date_without_an_hour_is_that_day_in_any_time_zone(market: Market, policy):
    policy(derive={"timezone": "America/New_York"})
    dated = [happening("ann", "page_viewed", day(days), session=f"{days}") for days in (3, 10)]
    timed = [happening("bo", "page_viewed", day(3).replace(hour=2), session="s")]
    market.deliver(dated + timed)
    market.conclude()
    assert (market.of("ann")["weekday"], "daypart" in market.of("ann")) == ("Friday", False)
    assert (market.of("bo")["weekday"], market.of("bo")["daypart"]) == ("Thursday", "evening")
