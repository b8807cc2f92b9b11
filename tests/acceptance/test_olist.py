"""Olist: a marketplace whose customer ids are of one order and whose persons order again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from cdp.model.profile import Profile
from tests.acceptance.shared import Store, amount, events

CHANNELS = ("olist_customers", "olist_orders", "olist_order_items", "olist_payments", "olist_reviews")  # fmt: skip
TOP_PERSON = "763c8b1c9c68a0229c42c9fc6f662b93"


@pytest.fixture(scope="module")
def regulars(store: Store) -> Mapping[str, Profile]:
    """The persons whom the file gives more than one customer id, by their unique id."""
    customers = store.raw("olist/customers.csv.gz")
    several = customers.group_by("customer_unique_id").len().filter(pl.col("len") > 1)
    return {uid: store.one(olist_customer=uid) for uid in several["customer_unique_id"]}


@pytest.mark.parametrize(
    ("channel", "rows"),
    [
        ("olist_customers", 14_879),
        ("olist_orders", 14_879),
        ("olist_order_items", 16_583),
        ("olist_payments", 15_717),
        ("olist_reviews", 7_213),
    ],
)
def test_every_row_is_accepted(store: Store, channel: str, rows: int):
    figures = store.channel(channel)
    assert (figures.rows_read, figures.rows_accepted, figures.rows_quarantined) == (rows, rows, 0)


def test_14_879_customer_ids_are_14_661_persons(store: Store):
    assert store.channel("olist_customers").records == 14_879
    assert store.status.profiles == 14_661


def test_persons_have_as_many_orders_as_the_linkage_truth_says(
    store: Store, regulars: Mapping[str, Profile]
):
    numbers = [events(person, "order") for person in regulars.values()]
    assert {n: numbers.count(n) for n in set(numbers)} == {2: 156, 3: 17, 4: 5, 5: 2, 6: 1}
    # Each of the others has at least one order, and together they have as many as they are.
    once = store.status.profiles - len(regulars)
    assert once == store.figures("olist_orders", "order").events - sum(numbers) == 14_480


def test_17_persons_have_moved_to_another_postcode_and_9_to_another_city(
    store: Store, regulars: Mapping[str, Profile]
):
    addresses = [
        [
            version.content["traits"]["address"]
            for record in store.profiles.records(person.profile_id)
            for version in record.versions
            if record.channel == "olist_customers"
        ]
        for person in regulars.values()
    ]
    for part, moved in (("postcode", 17), ("city", 9)):
        several = [told for told in addresses if len({address[part] for address in told}) > 1]
        assert len(several) == moved


def test_who_has_moved_lives_where_the_last_order_went(
    store: Store, regulars: Mapping[str, Profile]
):
    sent = (
        store.raw("olist/customers.csv.gz")
        .join(store.raw("olist/orders.csv.gz"), on="customer_id")
        .sort("order_purchase_timestamp")
        .group_by("customer_unique_id")
        .agg(pl.col("customer_zip_code_prefix").last())
    )
    last = dict(sent.iter_rows())
    for uid, person in regulars.items():
        assert person.geography.address is not None
        assert person.geography.address.postcode == last[uid]


def test_leading_zeros_of_postcodes_are_kept(store: Store):
    person = store.one(olist_customer="0b83f73b19c2019e182fd552c048a22c")
    assert person.traits["address"] == {
        "postcode": "04841",
        "city": "sao paulo",
        "region": "SP",
        "country": "BR",
    }


def test_sums_of_money_match_to_the_cent(store: Store):
    lines = store.figures("olist_order_items", "order_line")
    payments = store.figures("olist_payments", "payment")
    assert (lines.events, lines.amount) == (16_583, Decimal("2055268.63"))
    assert store.figures("olist_order_items", "freight").amount == Decimal("335879.04")
    assert (payments.events, payments.amount) == (15_717, Decimal("2474186.91"))
    assert {lines.currency, payments.currency} == {"BRL"}


def test_deliveries_are_counted(store: Store):
    assert store.figures("olist_orders", "order").events == 14_879
    assert store.figures("olist_orders", "order_delivered").events == 13_412
    assert store.figures("olist_orders", "parcel_received").events == 14_879 - 1_465


def test_ratings_keep_their_mean_and_messages_their_number(store: Store):
    ratings = store.figures("olist_reviews", "rating")
    assert ratings.scores == 7_213
    assert round(ratings.score / ratings.scores * 2 + 3, 4) == 3.6559
    assert store.figures("olist_reviews", "review").events == 3_271


def test_the_top_person_paid_7_274_88(store: Store):
    assert amount(store.one(olist_customer=TOP_PERSON), "payment") == Decimal("7274.88")


def test_local_times_are_told_in_utc_with_summer_time(store: Store):
    winter = store.one(olist_order_customer="86dc2ffce2dfff336de2f386a786e574")
    (order,) = store.profiles.timeline(winter.profile_id, kinds=["order"])
    assert order.occurred_at == datetime(2016, 9, 15, 15, 16, 38, tzinfo=UTC)

    orders = store.raw("olist/orders.csv.gz")
    january = orders.filter(pl.col("order_purchase_timestamp").str.starts_with("2018-01-10"))
    said = january.row(0, named=True)
    summer = store.one(olist_order_customer=said["customer_id"])
    (order,) = store.profiles.timeline(
        summer.profile_id, kinds=["order"], since=datetime(2018, 1, 10, tzinfo=UTC),
        until=datetime(2018, 1, 12, tzinfo=UTC),
    )  # fmt: skip
    local = datetime.fromisoformat(said["order_purchase_timestamp"])
    assert (order.occurred_at.replace(tzinfo=None) - local).total_seconds() == 2 * 3600


def test_one_timeline_holds_the_order_its_lines_payment_and_review(store: Store):
    reviews = store.raw("olist/order_reviews.csv.gz")
    said = reviews.filter(pl.col("review_id") == "984ab9fb9c9785407beb46bc068974e2").row(
        0, named=True
    )
    orders = store.raw("olist/orders.csv.gz").filter(pl.col("order_id") == said["order_id"])
    person = store.one(olist_order_customer=orders["customer_id"][0])
    timeline = store.profiles.timeline(person.profile_id)
    assert [event.occurred_at for event in timeline] == sorted(
        (event.occurred_at for event in timeline), reverse=True
    )
    assert {event.channel for event in timeline} == set(CHANNELS) - {"olist_customers"}
    (review,) = [event for event in timeline if event.kind == "review"]
    assert review.properties["text"] == said["review_comment_message"]
    assert review.order_id == said["order_id"]


def test_reading_all_files_again_changes_nothing(store: Store):
    assert store.again() == dict.fromkeys(CHANNELS, (0, 1))
