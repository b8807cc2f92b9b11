"""What happened: kinds and columns as file channels have them, times by our clock, context."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from cdp.channel.push import batch
from cdp.channel.push.commerce import kind_of
from cdp.channel.push.message import understand
from cdp.channel.push.said import Envelope, Said
from tests.service.ingest.conftest import Service

Message = Callable[..., dict[str, Any]]
NOON = datetime(2024, 5, 31, 12, tzinfo=UTC)
ORDER = {
    "order_id": "o-1",
    "total": 27.5,
    "revenue": 25.0,
    "discount": 2.5,
    "currency": "eur",
    "products": [
        {"product_id": "p-1", "category": "Games", "price": 19, "quantity": 1, "brand": "Hasbro"},
        {"sku": "p-2", "category": "Games", "price": 3, "quantity": 2},
    ],
}


def said(call: str, *, sent_at: str | None = None, **rest: Any) -> Said:
    message = {"type": call, "userId": "u", "messageId": "m-1"} | rest
    return understand(message, Envelope(NOON, sent_at))


def events(understood: Said) -> pl.DataFrame:
    assert understood.fault is None
    return batch.persons([understood]).events


def test_an_order_comes_with_its_lines():
    found = events(said("track", event="Order Completed", properties=ORDER))
    columns = ("message_id", "kind", "order_id", "product", "quantity", "amount", "currency")
    assert found.select(columns).rows() == [
        ("order:o-1", "order", "o-1", None, Decimal(3), Decimal(25), "EUR"),
        ("order_line:o-1-1", "order_line", "o-1", "p-1", Decimal(1), Decimal(19), "EUR"),
        ("order_line:o-1-2", "order_line", "o-1", "p-2", Decimal(2), Decimal(6), "EUR"),
    ]
    assert found["discount"].to_list() == [Decimal("2.5"), None, None]
    assert found["category"].to_list() == [None, "Games", "Games"]
    assert json.loads(found["properties"][1])["brand"] == "Hasbro"


def test_a_refund_comes_with_the_lines_that_were_returned():
    refund = {"order_id": "o-1", "total": 6, "products": ORDER["products"][1:]}
    found = events(said("track", event="Order Refunded", properties=refund))
    assert found.select("kind", "order_id", "product", "amount", "currency").rows() == [
        ("order_refunded", "o-1", None, Decimal(6), None),
        ("return_line", "o-1", "p-2", Decimal(6), None),
    ]


def test_what_older_senders_say_of_products_is_understood():
    bought = {"orderId": 17.0, "total": 3, "products": [{"id": "p-1", "price": 3}]}
    found = events(said("track", event="Completed Order", properties=bought))
    assert found.select("order_id", "product").rows() == [("17", None), ("17", "p-1")]
    found = events(said("track", event="Viewed Product", properties={"id": "p-1"}, context=[]))
    assert found["product"].to_list() == ["p-1"]
    assert events(said("track", event="Song Played", properties=[]))["product"].to_list() == [None]


def test_a_review_carries_its_score():
    review = {"product_id": "p-1", "review_id": "r-1", "review_body": "Fine", "rating": "5"}
    found = events(said("track", event="Product Reviewed", properties=review))
    assert found.select("message_id", "kind", "product", "score").rows() == [
        ("review:r-1", "review", "p-1", 1.0)
    ]
    assert json.loads(found["properties"][0])["text"] == "Fine"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Product Viewed", "product_viewed"),
        ("Products Searched", "products_searched"),
        ("Product Added", "product_added"),
        ("Checkout Started", "checkout_started"),
        ("Email Opened", "email_opened"),
        ("Email Link Clicked", "email_clicked"),
        ("Coupon Applied", "coupon_applied"),
        ("orderCompleted", "order"),
        ("Order Canceled", "order_cancelled"),
        ("song played!", "song_played"),
        ("Товар куплен", "товар_куплен"),
        ("🎉", "tracked"),
    ],
)
def test_events_have_the_kinds_of_the_file_channels(name: str, kind: str):
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "at"),
    [
        ("2024-05-31T11:00:00Z", None, NOON - timedelta(hours=1)),
        ("2024-05-31T13:00:00+02:00", None, NOON - timedelta(hours=1)),
        ("2024-05-31T11:00:00.123456Z", None, NOON - timedelta(minutes=60, microseconds=-123456)),
        # The client's clock is a day slow: sent an hour after it happened.
        ("2024-05-30T10:00:00Z", "2024-05-30T11:00:00Z", NOON - timedelta(hours=1)),
        (None, None, NOON),
        ("2044-01-01T00:00:00Z", None, NOON),
        ("1717149600", None, NOON - timedelta(hours=2)),
    ],
)
def test_times_are_told_by_our_clock(timestamp: str | None, sent_at: str | None, at: datetime):
    found = said("track", event="A", timestamp=timestamp, sent_at=sent_at)
    assert found.at == at


@pytest.mark.parametrize(
    ("field", "rest"),
    [
        ("timestamp", {"event": "A", "timestamp": "yesterday"}),
        ("event", {"event": None}),
        ("event", {"event": {"a": 1}}),
        ("properties", {"event": "A", "properties": "b"}),
        ("context", {"event": "A", "context": 7}),
        ("userId", {"event": "A", "userId": None}),
        ("userId", {"event": "A", "userId": ["u"]}),
        ("userId", {"event": "A", "userId": "u" * 600}),
        ("type", {"type": "trace", "event": "A"}),
        ("properties.currency", {"event": "Order Completed", "properties": {"currency": "euros"}}),
        ("properties.revenue", {"event": "Order Completed", "properties": {"revenue": "much"}}),
        ("properties.products.1", {"event": "Order Completed", "properties": {"products": [3]}}),
        ("properties", {"event": "A", "properties": {"n": float("nan")}}),
    ],
)
def test_what_is_wrong_is_told_by_its_field(field: str, rest: dict[str, Any]):
    fault = said("track", **rest).fault
    assert fault is not None
    assert fault.field == field


def test_texts_that_postgres_cannot_hold_are_told():
    for text in ("a\0b", "half \ud83d"):
        fault = said("track", event="A", properties={"text": text}).fault
        assert fault is not None
        assert fault.rule == "encoding"


def test_the_context_becomes_device_campaign_place_and_consent(service: Service, message: Message):
    context = {
        "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148",
        "campaign": {"name": "spring", "source": "mail"},
        "page": {"url": "https://shop.example/shoes", "referrer": ""},
        "location": {"city": "Lyon", "country": "France"},
        "consent": {"categoryPreferences": {"Advertising": True, "Analytics": "false", "X": None}},
        "library": {"name": "analytics.js", "version": "2"},
    }
    shown = {"product_id": "p-1", "category": "Shoes"}
    service.push(
        message("track", userId="u", event="Product Viewed", properties=shown, context=context)
    )
    ((kind, properties),) = service.timeline(user_id="u")
    assert kind == "product_viewed"
    assert properties["device"] == "phone"
    assert properties["campaign"] == "spring"
    assert properties["url"] == "https://shop.example/shoes"
    assert properties["$message"]["context"]["location"]["city"] == "Lyon"
    assert {
        (each.purpose, each.medium, each.state) for each in service.person(user_id="u").consents
    } == {("advertising", "web", "granted"), ("analytics", "web", "denied")}


def test_a_consent_that_is_neither_yes_nor_no_is_a_fault():
    context = {"consent": {"categoryPreferences": {"Advertising": "perhaps"}}}
    fault = said("track", event="A", context=context).fault
    assert fault
    assert (fault.field, fault.rule) == ("context.consent.categoryPreferences.Advertising", "type")


def test_the_money_of_an_order_reaches_the_profile(service: Service, message: Message):
    service.push(message("track", userId="u", event="Order Completed", properties=ORDER))
    found = {each.kind: each for each in service.person(user_id="u").behaviour}
    assert (found["order"].amount, found["order"].currency) == (Decimal(25), "EUR")
    assert (found["order_line"].events, found["order_line"].amount) == (2, Decimal(25))
