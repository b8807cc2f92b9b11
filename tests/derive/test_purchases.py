"""Orders are counted once, in one currency, whatever channels say of them."""

from tests.derive.market import Market, bought, day, happening


def test_an_order_and_its_lines_are_one_order_of_one_value(market: Market):
    market.deliver(bought("ann", day(10), 30.0) + bought("ann", day(5), 12.5))
    market.conclude()
    ann = market.of("ann")
    assert (ann["orders"], ann["spent"], ann["average_order"]) == (2, 42.5, 21.25)
    assert ann["last_order_at"] == "2026-05-27T00:00:00.000000Z"
    # Properties that the channel declares and leaves empty: no store, no text.
    assert (ann["place"], "opinions" in ann) == ("online", False)


def test_the_same_order_told_by_two_channels_is_counted_once_as_the_trusted_one_says(
    market: Market,
):
    market.deliver(
        [happening("ann", "order", day(3), order="A1", amount=99.0, currency="EUR")], "site", 20
    )
    market.deliver(
        [happening("ann", "order", day(3), order="A1", amount=90.0, currency="EUR")], "till", 80
    )
    market.conclude()
    assert (market.of("ann")["orders"], market.of("ann")["spent"]) == (1, 90.0)


def test_lines_alone_are_an_order_and_payments_tell_what_an_order_without_a_total_cost(
    market: Market,
):
    lines = [
        happening("bo", "order_line", day(3), order="B1", product=p, amount=7.0, currency="EUR")
        for p in ("tea", "jam")
    ]
    paid = [
        happening("cy", "order", day(2), order="C1"),
        happening("cy", "payment", day(2), order="C1", amount=20.0, currency="EUR"),
        happening("cy", "payment", day(2), order="C1", amount=5.0, currency="EUR"),
    ]
    market.deliver(lines + paid)
    market.conclude()
    assert (market.of("bo")["orders"], market.of("bo")["spent"]) == (1, 14.0)
    assert (market.of("cy")["orders"], market.of("cy")["spent"]) == (1, 25.0)


def test_what_is_refunded_or_cancelled_is_not_spent(market: Market):
    market.deliver(
        bought("ann", day(9), 50.0, order="A1")
        + bought("ann", day(8), 10.0, order="A2")
        + [
            happening("ann", "order_refunded", day(6), order="A1", amount=20.0, currency="EUR"),
            happening("ann", "order_cancelled", day(6), order="A2"),
        ]
    )
    market.conclude()
    ann = market.of("ann")
    assert (ann["orders"], ann["spent"], ann["refunded"], ann["net_spent"]) == (1, 50.0, 20.0, 30.0)
    assert (ann["returns"], ann["return_share"]) == (1, 0.4)


def test_a_refund_counts_once_and_only_of_what_was_spent(market: Market):
    """Whoever else is derived beside: `ann` tells refunds, `bo` only returned lines."""

    def back(who: str, kind: str, order: str | None, amount: float) -> dict[str, object]:
        return happening(who, kind, day(6), order=order, amount=amount, currency="EUR")

    said = [back("ann", "order_refunded", "A1", 20.0), back("ann", "return_line", "A1", 20.0)]
    market.deliver(bought("ann", day(9), 50.0, order="A1") + said, "web", 50)
    market.deliver([back("ann", "order_refunded", "A1", 19.0)], "bank", 30)
    market.deliver(
        [
            *bought("bo", day(9), 50.0, order="B1"),
            back("bo", "return_line", "B1", 8.0),
            back("bo", "return_line", None, 1.0),
            *bought("cy", day(9), 50.0, order="C1"),
            back("cy", "order_refunded", "C1", 50.0),
            happening("cy", "order_cancelled", day(6), order="C1"),
        ],
        "web",
        50,
    )
    market.conclude()
    names = ("returns", "refunded", "net_spent")
    told = {who: [market.of(who).get(name) for name in names] for who in ("ann", "bo", "cy")}
    assert told == {"ann": [1, 20.0, 30.0], "bo": [2, 9.0, 41.0], "cy": [None, None, None]}


def test_a_refund_that_names_no_amount_is_of_what_is_left_of_its_order(market: Market):
    def back(who: str, kind: str, ago: float, **facts: object) -> dict[str, object]:
        return happening(who, kind, day(ago), order=f"{who}-1", currency="EUR", **facts)

    def two_teas(who: str) -> list[dict[str, object]]:
        tea = {"order": f"{who}-1", "amount": 30.0, "currency": "EUR", "product": "tea"}
        order = {**tea, "amount": 50.0, "product": None}
        return [
            happening(who, "order", day(9), **order),
            happening(who, "order_line", day(9), **tea, quantity=2),
        ]

    market.deliver(
        [
            *(each for who in ("ann", "bo", "cy", "di", "eve") for each in two_teas(who)),
            back("ann", "order_refunded", 6),
            back("ann", "order_refunded", 5),  # told twice
            back("bo", "order_refunded", 6, amount=20.0),
            back("bo", "order_refunded", 5),
            back("cy", "order_refunded", 6),
            back("cy", "return_line", 6, product="tea", quantity=1),
            back("di", "order_refunded", 6),
            back("di", "return_line", 6, product="unheard of"),
            back("eve", "return_line", 6, product="tea"),
            happening("flo", "order_refunded", day(6), order="nobody's"),
        ]
    )
    market.conclude()
    names = ("returns", "refunded", "net_spent")
    people = ("ann", "bo", "cy", "di", "eve", "flo")
    assert {who: [market.of(who).get(name) for name in names] for who in people} == {
        "ann": [1, 50.0, 0.0],
        "bo": [2, 50.0, 0.0],
        "cy": [1, 15.0, 35.0],
        "di": [1, 0.0, 50.0],
        "eve": [1, 15.0, 35.0],
        "flo": [1, 0.0, None],
    }


def test_money_of_another_currency_is_kept_out_and_said_so(market: Market):
    market.deliver(
        bought("ann", day(9), 50.0)
        + bought("ann", day(8), 10.0)
        + bought("ann", day(7), 4_000, currency="JPY")
    )
    market.conclude()
    ann = market.of("ann")
    assert (ann["orders"], ann["spent"], ann["average_order"]) == (3, 60.0, 30.0)
    assert ann["unconverted"] == [{"currency": "JPY", "amount": 4000.0}]


def test_money_with_a_rate_counts_at_the_rate_of_its_day(market: Market, policy):
    rates = {"USD": 0.5, "BRL": {"2026-01-01": 0.1, "2026-05-28": 0.2}}
    policy(derive={"currency": {"reporting": "EUR", "rates": rates}})
    market.deliver(
        bought("ann", day(9), 10.0)
        + bought("ann", day(8), 10.0, currency="USD")
        + bought("ann", day(7), 10.0, currency="BRL")
        + bought("ann", day(2), 10.0, currency="BRL")
        + bought("ann", day(300), 10.0, currency="BRL")
    )
    market.conclude()
    ann = market.of("ann")
    assert ann["spent"] == 10.0 + 5.0 + 1.0 + 2.0
    assert ann["unconverted"] == [{"currency": "BRL", "amount": 10.0}]


def test_a_trait_of_ones_own_is_declared_in_yaml(market: Market, policy):
    shoes = {"type": "integer", "meaning": "shoes looked at", "over": "events", "expr": "count(*)",
             "where": "kind = 'product_viewed' and category = 'shoes'"}  # fmt: skip
    ratio = {"type": "number", "meaning": "x", "over": "traits", "expr": "spent / orders"}
    policy(computed_traits={"shoe_views": shoes, "per_order": ratio})
    market.deliver(
        bought("ann", day(9), 50.0)
        + [
            happening("ann", "product_viewed", day(1), product=p, category=c)
            for p, c in (("a", "shoes"), ("b", "shoes"), ("c", "hats"))
        ]
    )
    market.conclude()
    with market.database.autocommit() as connection:
        row = connection.execute("SELECT traits FROM derived_profile").fetchone()
    assert row is not None
    assert (row[0]["shoe_views"], row[0]["per_order"]) == (2, 50.0)
