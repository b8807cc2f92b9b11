"""What rows become: records, identifiers, traits, events and statements."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from cdp.errors import ChannelContractError

UTC = dt.UTC


def content(batch, row: int = 0) -> dict:
    return json.loads(batch.records["content"][row])


def first_reject(batch) -> tuple:
    row = batch.rejects.row(0, named=True)
    return row["row"], row["field"], row["rule"], row["value"]


def test_traits_have_the_types_of_the_registry(channel):
    spec = channel.files(
        "a.csv",
        "id,given,family,born,kids,income,owner,likes\n7,Ann,,1990-02-03,2.0,52000.5,yes,running;yoga\n",
        columns={"born": "date", "likes": {"type": "list", "separator": ";"}},
        traits={
            "name.given": "given",
            "name.family": "family",
            "birth_date": "born",
            "children": "kids",
            "income": "income",
            "interests": "likes",
            "custom.owner": "owner",
        },
    )
    assert content(channel.batch(spec))["traits"] == {
        "name": {"given": "Ann", "family": None},
        "birth_date": "1990-02-03",
        "children": 2,
        "income": 52000.5,
        "interests": ["running", "yoga"],
        "custom.owner": "yes",
    }


def test_an_object_of_nothing_is_null(channel):
    spec = channel.files(
        "a.csv", "id,city,zip\n1,,\n", traits={"address.city": "city", "address.postcode": "zip"}
    )
    assert content(channel.batch(spec))["traits"] == {"address": None}


def test_a_list_of_expressions_gives_the_values_that_are_there(channel):
    spec = channel.files(
        "a.csv",
        "id,mail,mail2,a,b\n1,x@a,,tennis,\n2,,,,\n",
        identifiers={"email": ["mail", "mail2"]},
        traits={"interests": ["a", "b"]},
    )
    batch = channel.batch(spec)
    assert content(batch) == {
        "identifiers": {"email": ["x@a"]},
        "traits": {"interests": ["tennis"]},
    }
    assert batch.identifiers.rows() == [("1", "email", "x@a")]


def test_a_blank_identifier_is_none(channel):
    spec = channel.files("a.csv", 'id,mail\n1,"  "\n', identifiers={"email": "mail"})
    batch = channel.batch(spec)
    assert batch.identifiers.is_empty()
    assert content(batch)["identifiers"] == {"email": None}


def test_rows_that_say_the_same_of_a_record_make_one_record(channel):
    spec = channel.files(
        "a.csv", "id,mail,n\n1,a,1\n1,a,2\n1,b,3\n2,c,4\n", identifiers={"email": "mail"}
    )
    batch = channel.batch(spec)
    assert batch.rows_read == 4
    assert batch.records["row"].to_list() == [2, 4, 5]
    assert batch.identifiers.select("record_key", "value").rows() == [
        ("1", "a"),
        ("1", "b"),
        ("2", "c"),
    ]


def test_equal_contents_are_equal_texts_however_they_are_declared(channel):
    data = "id,mail,city\n1,a,Pune\n"
    one = channel.files(
        "a.csv", data, identifiers={"email": "mail"}, traits={"address.city": "city", "age": "1"}
    )
    first = channel.batch(one).records["content"][0]
    two = channel.files(
        "a.csv", data, identifiers={"email": "mail"}, traits={"age": "1", "address.city": "city"}
    )
    assert channel.batch(two).records["content"][0] == first


def test_an_empty_key_sends_the_row_to_quarantine(channel):
    batch = channel.batch(
        channel.files("a.csv", "id,mail\n,a\n2,b\n", identifiers={"email": "mail"})
    )
    assert first_reject(batch) == (2, "record.key", "required", None)
    assert json.loads(batch.rejects["raw"][0]) == {"id": None, "mail": "a"}
    assert batch.records["record_key"].to_list() == ["2"]


def test_required_columns_and_identifiers_are_asked_for(channel):
    spec = channel.files(
        "a.csv",
        "id,mail,city\n1,a,\n2,,Pune\n3,c,Pune\n",
        columns={"city": {"required": True}},
        identifiers={"email": {"expr": "mail", "required": True}},
    )
    batch = channel.batch(spec)
    assert [row[1:3] for row in batch.rejects.rows()] == [
        ("city", "required"),
        ("identifiers.email", "required"),
    ]
    assert batch.records["record_key"].to_list() == ["3"]


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ({"type": "integer"}, "1.0", 1),
        ({"type": "integer"}, "1.5", None),
        ({"type": "integer", "thousands": "."}, "1.234", 1234),
        ({"type": "number"}, "1e3", 1000.0),
        ({"type": "number"}, "NaN", None),
        ({"type": "number", "decimal": ","}, "3,5", 3.5),
        (
            {"type": "money", "currency": "EUR", "decimal": ",", "thousands": "."},
            "1.234,50",
            1234.5,
        ),
        ({"type": "money", "currency": "EUR", "decimal": ",", "thousands": "."}, "12.50", None),
        ({"type": "money", "currency": "EUR", "decimal": ","}, "1.234", None),
        ({"type": "money", "currency": "EUR"}, " 12.50 € ", 12.5),
        ({"type": "money", "currency": "USD"}, "$52000", 52000.0),
        ({"type": "money", "currency": "USD"}, "EUR 5", None),
        ({"type": "money", "currency": "USD", "thousands": ","}, "$1,234,567.89", 1234567.89),
        ({"type": "money", "currency": "USD"}, "99999999999999999", None),
        ({"type": "boolean"}, "Yes", True),
        ({"type": "boolean"}, "0", False),
        ({"type": "boolean"}, "maybe", None),
        ({"type": "date", "format": "%d.%m.%Y"}, "29.02.2024", "2024-02-29"),
        ({"type": "date", "format": "%d.%m.%Y"}, "29.02.2023", None),
        ({"type": "date", "format": ["%d.%m.%Y", "%m/%d/%Y"]}, "12/31/2023", "2023-12-31"),
        ({"type": "date"}, "2024-02-29", "2024-02-29"),
        ({"type": "datetime"}, "2024-02-29 10:00:00", "2024-02-29T10:00:00+00:00"),
        ({"type": "datetime"}, "2024-02-29T10:00:00Z", "2024-02-29T10:00:00+00:00"),
        ({"type": "datetime"}, "2015-02-24 11:35:52 -0800", "2015-02-24T19:35:52+00:00"),
        ({"type": "datetime"}, " 2024-02-29 ", "2024-02-29T00:00:00+00:00"),
        ({"type": "datetime", "format": "epoch"}, "1709200800", "2024-02-29T10:00:00+00:00"),
        ({"type": "datetime", "format": "epoch_ms"}, "1709200800000", "2024-02-29T10:00:00+00:00"),
        (
            {"type": "datetime", "timezone": "America/Sao_Paulo"},
            "2018-01-01 10:00:00",
            "2018-01-01T12:00:00+00:00",
        ),
        (
            {"type": "datetime", "timezone": "Europe/Berlin"},
            "2018-10-28 02:30:00",
            "2018-10-28T00:30:00+00:00",
        ),
        ({"type": "datetime", "timezone": "Europe/Berlin"}, "2018-03-25 02:30:00", None),
        ({"type": "list"}, '["a", "b"]', ["a", "b"]),
        ({"type": "list"}, "a, b", None),
        ({"type": "string"}, "007", "007"),
    ],
)
def test_cells_read_as_their_declared_type_or_send_the_row_to_quarantine(
    channel, column, cell, value
):
    quoted = '"' + cell.replace('"', '""') + '"'
    spec = channel.files(
        "a.csv", f"id,x\n1,{quoted}\n", columns={"x": column}, traits={"custom.x": "x"}
    )
    batch = channel.batch(spec)
    if value is None:
        assert first_reject(batch) == (2, "x", "type", cell)
    else:
        assert content(batch)["traits"] == {"custom.x": value}


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


def test_consents_memberships_and_accounts_are_stated(channel):
    spec = channel.files(
        "a.csv",
        "id,optin,club,joined,domain,title\n1,1,Runners,2020-01-01,acme.com,CFO\n2,0,,,,\n3,,,,,\n",
        columns={"optin": "boolean"},
        consents=[
            {
                "purpose": "newsletter",
                "medium": "email",
                "state": "case when optin then 'Granted' when not optin then 'denied' end",
                "proof": "'form'",
            }
        ],
        memberships=[{"organisation": "club", "kind": "'club'", "since": "joined"}],
        accounts=[{"namespace": "company_domain", "key": "domain", "role": "title"}],
    )
    batch = channel.batch(spec)
    assert batch.consents.rows() == [
        ("1", "newsletter", "email", "granted", None, "form"),
        ("2", "newsletter", "email", "denied", None, "form"),
    ]
    assert batch.memberships.rows() == [("1", "Runners", "club", None, dt.date(2020, 1, 1), None)]
    assert batch.accounts.rows() == [("1", "company_domain", "acme.com", "CFO", None, None)]


def test_a_purpose_may_have_the_name_of_a_column(channel):
    consent = {"purpose": "newsletter", "medium": '"how"', "state": "'granted'"}
    spec = channel.files(
        "a.csv",
        "id,newsletter,how\n1,yes,sms\n",
        columns={"newsletter": "boolean"},
        consents=[consent],
    )
    assert channel.batch(spec).consents.select("purpose", "medium").rows() == [
        ("newsletter", "sms")
    ]


def test_a_consent_without_a_time_of_its_own_was_said_when_the_record_was(channel):
    spec = channel.files(
        "a.csv",
        "id,at,says\n7,2018-05-01,denied\n",
        columns={"at": "datetime"},
        record={"key": "id", "observed_at": "at"},
        consents=[{"purpose": "newsletter", "medium": "email", "state": "says"}],
    )
    (said,) = channel.batch(spec).consents["observed_at"]
    assert said.isoformat() == "2018-05-01T00:00:00+00:00"


def test_an_unknown_state_of_consent_rejects_its_row(channel):
    spec = channel.files(
        "a.csv", "id,s\n1,perhaps\n", consents=[{"purpose": "ads", "medium": "email", "state": "s"}]
    )
    assert first_reject(channel.batch(spec)) == (2, "consents.0.state", "enum", "perhaps")


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


def test_an_expression_that_the_columns_do_not_allow_is_told(channel):
    spec = channel.files("a.csv", "id,n\n1,2\n", traits={"age": "n * 2"})
    with pytest.raises(
        ChannelContractError, match=r"traits\.age.*'n \* 2' cannot be computed over n: String"
    ):
        channel.batch(spec)


def test_the_row_and_the_file_can_be_used(channel):
    spec = channel.files(
        "a.csv", "id\n1\n", record={"key": "_file || ':' || _row"}, traits={"age": "1"}
    )
    assert channel.batch(spec).records["record_key"][0] == "a.csv:2"
