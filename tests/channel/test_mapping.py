"""What rows become: records, identifiers, traits and statements."""

import datetime as dt
import json

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
