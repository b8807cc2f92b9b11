"""Parquet files, whose columns have types of their own."""

import datetime as dt
import io
import json
from decimal import Decimal

import polars as pl
import pytest

from cdp.errors import DeliveryUnreadable


def packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


FRAME = pl.DataFrame(
    {
        "id": [1, 2],
        "at": [dt.datetime(2024, 1, 1, 10), None],  # noqa: DTZ001 - a naive column is the case
        "paid": [2.19, float("nan")],
    }
)
SPEC = {
    "columns": {
        "paid": {"type": "money", "currency": "USD"},
        "at": {"type": "datetime", "timezone": "Asia/Kolkata"},
    },
    "events": [
        {"kind": "order", "occurred_at": "at", "amount": "paid", "where": "paid is not null"}
    ],
}


def test_native_types_are_used(channel):
    batch = channel.batch(channel.files("a.parquet", packed(FRAME), **SPEC))
    (event,) = batch.events.to_dicts()
    assert event["record_key"] == "1"
    assert event["amount"] == Decimal("2.19")
    assert event["occurred_at"] == dt.datetime(2024, 1, 1, 4, 30, tzinfo=dt.UTC)
    assert batch.rejects.is_empty(), "NaN is an empty cell, not a bad one"


def test_a_rejected_row_is_kept_as_json(channel):
    frame = FRAME.with_columns(id=pl.Series([None, 2]))
    batch = channel.batch(channel.files("a.parquet", packed(frame), **SPEC))
    assert batch.rejects["row"].to_list() == [1]
    assert json.loads(batch.rejects["raw"][0])["paid"] == 2.19


def test_bytes_are_text_at_any_depth_and_what_is_no_utf8_stays_to_be_seen(channel):
    """Spark, Hive and Impala write texts so."""
    said = {
        "id": [b"u1", b"\xff2", b""],
        "mail": [b"a@ex.example", None, b"x"],
        "tags": [[b"x"]] * 3,
    }
    batch = channel.batch(
        channel.files("a.parquet", packed(pl.DataFrame(said)), traits={"interests": "tags"})
    )
    assert batch.records["record_key"].to_list() == ["u1", "\\xff2"]
    assert json.loads(batch.records["content"][0])["traits"]["interests"] == ["x"]
    assert json.loads(batch.rejects["raw"][0]) == {"id": None, "mail": "x", "tags": ["x"]}
    nested = pl.DataFrame({"id": [1], "tags": [[b"\xff"]]})
    with pytest.raises(DeliveryUnreadable, match="column 'tags' holds bytes that are no UTF-8"):
        channel.batch(channel.files("a.parquet", packed(nested)))


def test_a_truncated_file_is_unreadable(channel):
    with pytest.raises(DeliveryUnreadable, match=r"a\.parquet: the file is no whole Parquet file"):
        channel.batch(channel.files("a.parquet", packed(FRAME)[:-20], **SPEC))


def test_a_file_without_rows_still_shows_its_columns(channel):
    assert channel.batch(channel.files("a.parquet", packed(FRAME.clear()), **SPEC)).rows_read == 0
