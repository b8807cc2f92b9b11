"""A database table, read on from its cursor."""

import sqlite3

import pytest

from cdp.channel.delivery import deliveries
from cdp.channel.reading import read
from cdp.errors import ChannelContractError, DeliveryUnreadable

SOURCE = {
    "kind": "table",
    "url_env": "SHOP_URL",
    "table": "customers",
    "cursor": "changed",
    "batch_rows": 2,
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE customers (id INTEGER, mail TEXT, changed TEXT)")
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{tmp_path}/shop.db")
    yield connection
    connection.close()


def add(shop, *rows) -> None:
    shop.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    shop.commit()


def told(channel, source=SOURCE, watermark=None):
    spec = channel.declare(source=source, identifiers={"email": "mail"})
    (delivery,) = deliveries(spec, channel.settings, watermark)
    batches = list(read(spec, delivery))
    return [value for batch in batches for value in batch.identifiers["value"]], delivery, batches


def test_all_rows_come_first_in_batches_and_leave_a_watermark(channel, shop):
    # Bytes, as drivers give BYTEA and BLOB, are text.
    add(shop, (1, b"a", "2024-01-02"), (2, b"b", "2024-01-01"), (3, "c", "2024-01-03"))
    values, delivery, batches = told(channel)
    assert values == ["b", "a", "c"]
    assert [batch.rows_read for batch in batches] == [2, 1]
    assert delivery.name == "table:customers"
    assert delivery.watermark == "str:2024-01-03"


def test_later_only_what_is_new_and_what_stands_at_the_watermark_comes(channel, shop):
    add(shop, (1, "a", "2024-01-02"), (2, "b", "2024-01-01"))
    _, delivery, _ = told(channel)
    add(shop, (3, "same moment", "2024-01-02"), (4, "later", "2024-01-04"), (5, "no time", None))
    values, later, _ = told(channel, watermark=delivery.watermark)
    assert sorted(values) == ["a", "later", "no time", "same moment"]
    assert later.watermark == "str:2024-01-04"


def test_a_watermark_keeps_its_type(channel, shop):
    add(shop, *((n, f"m{n}", "x") for n in range(8, 13)))
    source = SOURCE | {"cursor": "id"}
    _, delivery, _ = told(channel, source)
    assert delivery.watermark == "int:12"
    assert told(channel, source, "int:11")[0] == ["m11", "m12"]


@pytest.mark.usefixtures("shop")
def test_nothing_new_keeps_the_watermark(channel):
    values, delivery, _ = told(channel, watermark="str:2030")
    assert values == []
    assert delivery.watermark == "str:2030"


def test_a_query_is_read_like_a_table(channel, shop):
    add(shop, (1, "a", "2024"), (2, "b", "2025"))
    source = {
        "kind": "table",
        "url_env": "SHOP_URL",
        "query": "SELECT id, upper(mail) AS mail FROM customers",
    }
    values, delivery, _ = told(channel, source)
    assert values == ["A", "B"]
    assert delivery.watermark is None


@pytest.mark.usefixtures("shop")
def test_a_cursor_that_is_no_column_is_told(channel):
    source = {
        "kind": "table",
        "url_env": "SHOP_URL",
        "query": "SELECT id, mail FROM customers",
        "cursor": "changed",
    }
    with pytest.raises((ChannelContractError, DeliveryUnreadable), match="changed"):
        told(channel, source)


@pytest.mark.usefixtures("shop")
def test_a_table_that_is_not_there_is_told_without_the_url(channel):
    with pytest.raises(DeliveryUnreadable, match=r"SHOP_URL .*no such table: gone") as error:
        told(channel, SOURCE | {"table": "gone"})
    assert "sqlite://" not in str(error.value)


def test_a_variable_that_is_not_set_is_told(channel, monkeypatch):
    monkeypatch.delenv("SHOP_URL", raising=False)
    with pytest.raises(DeliveryUnreadable, match="the environment variable SHOP_URL is not set"):
        told(channel)


@pytest.mark.usefixtures("shop")
def test_a_vanished_column_breaks_the_contract(channel):
    spec = channel.declare(source=SOURCE, identifiers={"email": "email"})
    (delivery,) = deliveries(spec, channel.settings)
    with pytest.raises(ChannelContractError, match=r"'email' is not there .the nearest is 'mail'"):
        list(read(spec, delivery))
