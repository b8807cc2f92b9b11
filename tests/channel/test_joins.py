"""Two files of one drop that belong together."""

import json
from decimal import Decimal

import pytest

from cdp.errors import ChannelContractError, DeliveryUnreadable

JOIN = {"path": "{data}/b.csv", "by": "no"}


def orders(channel, second: str, join: dict, **attributes):
    (channel.drop / "b.csv").write_text(second)
    source = {"joins": [JOIN | join]}
    return channel.files("a.csv", "no,id\no1,1\no2,2\n", source=source, **attributes)


def test_columns_of_the_second_file_are_taken_by_key(channel):
    spec = orders(
        channel, "no,mail,x\no1,a@x,1\n", {"columns": ["mail"]}, identifiers={"email": "mail"}
    )
    batch = channel.batch(spec)
    assert batch.identifiers.rows() == [("1", "email", "a@x")]
    assert batch.records.height == 2, "a row without a match stays, with nulls"


def test_rows_of_the_second_file_are_added_up(channel):
    spec = orders(
        channel,
        "no,value\no1,1.50\no1,2.25\n",
        {"aggregate": {"paid": "sum(value)"}},
        columns={"value": {"type": "money", "currency": "EUR"}},
        events=[
            {"kind": "order", "occurred_at": "'2024-01-01'", "amount": "paid", "currency": "EUR"}
        ],
    )
    assert channel.batch(spec).events["amount"].to_list() == [Decimal("3.75"), None]


def test_a_rejected_row_keeps_what_was_joined_to_it(channel):
    spec = orders(
        channel,
        "no,mail\no1,a@x\n",
        {"columns": ["mail"]},
        record={"key": "mail"},
        traits={"age": "1"},
    )
    batch = channel.batch(spec)
    assert [json.loads(raw) for raw in batch.rejects["raw"]] == [
        {"no": "o2", "id": "2", "mail": None}
    ]


@pytest.mark.parametrize(
    ("second", "join", "message"),
    [
        ("no,mail\no1,a\no1,b\n", {"columns": ["mail"]}, "has a no twice; say with `aggregate`"),
        ("no,mail\no1\n", {"columns": ["mail"]}, r"b\.csv: row 2 of the joined file is no row"),
        ("nr,mail\no1,a\n", {"columns": ["mail"]}, "no column 'no'; there are: nr, mail"),
        ("no,id\no1,a\n", {"columns": ["id"]}, "column 'id' is in both files"),
        ("no,mail\no1,a\n", {"aggregate": {"mails": "sum(mail)"}}, "cannot be computed"),
    ],
)
def test_a_second_file_that_does_not_fit_is_told(channel, second, join, message):
    with pytest.raises(ChannelContractError, match=message):
        channel.batch(orders(channel, second, join))


def test_a_second_file_that_is_not_there_is_told(channel):
    spec = channel.files("a.csv", "no,id\n", source={"joins": [JOIN | {"columns": ["mail"]}]})
    with pytest.raises(DeliveryUnreadable, match=r"b\.csv: the file to join is not there"):
        channel.batch(spec)
