"""What rows become: events, one or several a row, or one of several rows."""

import datetime as dt
import json
from decimal import Decimal

import pytest

UTC = dt.UTC


def first_reject(batch) -> tuple:
    row = batch.rejects.row(0, named=True)
    return row["row"], row["field"], row["rule"], row["value"]


def test_an_order_has_its_figures_and_properties(channel):
    spec = channel.files(
        "a.csv",
        "id,no,at,paid,n,sku,store,rate\n1,o1,2024-05-01 10:00:00,12.50,2,p9,s1,0.5\n",
        columns={"paid": {"type": "money", "currency": "EUR"}},
        events=[
            {
                "kind": "order",
                "key": "no",
                "occurred_at": "at",
                "order_id": "no",
                "amount": "paid",
                "quantity": "n",
                "product": "sku",
                "score": "rate",
                "properties": {"store": "store", "half": "paid / 2"},
            }
        ],
    )
    (event,) = channel.batch(spec).events.to_dicts()
    assert event == {
        "record_key": "1",
        "message_id": "order:o1",
        "kind": "order",
        "occurred_at": dt.datetime(2024, 5, 1, 10, tzinfo=UTC),
        "order_id": "o1",
        "product": "p9",
        "category": None,
        "quantity": Decimal(2),
        "amount": Decimal("12.5"),
        "discount": None,
        "currency": "EUR",
        "score": 0.5,
        "properties": '{"half":6.25,"store":"s1"}',
    }


def test_a_channel_of_events_alone_says_nothing_of_its_records(channel):
    spec = channel.files(
        "a.csv", "id,at\n1,2024-01-01\n", events=[{"kind": "visit", "occurred_at": "at"}]
    )
    batch = channel.batch(spec)
    assert batch.records.is_empty()
    assert batch.events.height == 1


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        ("1,o1,,5,EUR,0", "events.order.occurred_at", "required"),
        ("1,o1,soon,5,EUR,0", "events.order.occurred_at", "type"),
        ("1,,2024-01-01,5,EUR,0", "events.order.key", "required"),
        ("1,o1,2024-01-01,five,EUR,0", "events.order.amount", "type"),
        ("1,o1,2024-01-01,5,,0", "events.order.currency", "required"),
        ("1,o1,2024-01-01,5,Euro,0", "events.order.currency", "currency"),
        ("1,o1,2024-01-01,5,EUR,2", "events.order.score", "range"),
    ],
)
def test_an_event_that_breaks_a_rule_rejects_its_row(channel, row, field, rule):
    spec = channel.files(
        "a.csv",
        f"id,no,at,paid,cur,rate\n{row}\n2,o2,2024-01-01,,,\n",
        events=[
            {
                "kind": "order",
                "key": "no",
                "occurred_at": "at",
                "amount": "paid",
                "currency": "cur",
                "score": "rate",
            }
        ],
    )
    batch = channel.batch(spec)
    assert first_reject(batch)[1:3] == (field, rule)
    assert batch.events["record_key"].to_list() == ["2"]


def test_an_event_happens_only_where_its_condition_holds(channel):
    spec = channel.files(
        "a.csv",
        "id,type,at\n1,view,2024-01-01\n2,note,\n3,,\n",
        events=[{"kind": "view", "occurred_at": "at", "where": "type = 'view'"}],
    )
    batch = channel.batch(spec)
    assert batch.events["record_key"].to_list() == ["1"]
    assert batch.rejects.is_empty()


def test_rows_that_the_channel_passes_over_count_as_read(channel):
    spec = channel.files(
        "a.csv",
        "id,s,n\n1,test,1\n2,live,2\n3,,x\n",
        columns={"n": "integer"},
        where="s <> 'test'",
        identifiers={"email": "s"},
    )
    batch = channel.batch(spec)
    assert batch.rows_read == 3
    assert batch.records["record_key"].to_list() == ["2"]
    assert batch.rejects["row"].to_list() == [4], (
        "a bad cell is told even where the condition is unknown"
    )


def test_identical_rows_are_counted_and_a_second_delivery_repeats_the_ids(channel):
    event = {"kind": "view", "occurred_at": "at", "product": "sku"}
    data = "id,at,sku\n1,2024-01-01,a\n1,2024-01-01,a\n1,2024-01-01,b\n1,2024-01-01,a\n"
    first = channel.batch(channel.files("a.csv", data, events=[event])).events["message_id"]
    assert first.n_unique() == 4
    again = channel.files("b.csv", "id,at,sku\n1,2024-01-01,b\n1,2024-01-01,a\n", events=[event])
    assert set(channel.batch(again).events["message_id"]) == {first[0], first[2]}


ORDER = {
    "kind": "order",
    "key": "no",
    "group_by": "no",
    "occurred_at": "min(at)",
    "amount": "sum(paid)",
    "properties": {"store": "store", "lines": "count(*)"},
}
ORDERS = {
    "columns": {"paid": {"type": "money", "currency": "EUR"}, "at": "datetime"},
    "events": [ORDER],
}


def test_an_event_of_several_rows_sums_them_up(channel):
    data = "id,no,at,paid,store\n1,o1,2024-01-02,1.50,s1\n2,o2,2024-01-03,9,s2\n1,o1,2024-01-01,2.25,s3\n"
    (one, two) = channel.batch(channel.files("a.csv", data, **ORDERS)).events.to_dicts()
    assert (one["amount"], one["occurred_at"].day, one["record_key"]) == (Decimal("3.75"), 1, "1")
    assert json.loads(one["properties"]) == {"lines": 2, "store": "s1"}
    assert (two["amount"], two["message_id"]) == (Decimal(9), "order:o2")


def test_a_bad_row_takes_its_group_with_it(channel):
    data = "id,no,at,paid,store\n1,o1,2024-01-02,1.50,s1\n2,o2,2024-01-03,9,s2\n1,o1,2024-01-01,much,s3\n"
    batch = channel.batch(channel.files("a.csv", data, **ORDERS))
    assert batch.rows_read == 3
    assert batch.rejects.select("row", "field", "rule").rows() == [
        (2, "events.order.group_by", "group"),
        (4, "paid", "type"),
    ]
    assert batch.events["message_id"].to_list() == ["order:o2"]


def test_a_group_of_two_records_is_rejected(channel):
    data = "id,no,at,paid,store\n1,o1,2024-01-02,1.50,s1\n2,o1,2024-01-03,9,s2\n"
    batch = channel.batch(channel.files("a.csv", data, **ORDERS))
    assert batch.rejects["rule"].to_list() == ["group", "group"]
    assert batch.events.is_empty()
