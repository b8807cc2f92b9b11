"""A shape no declaration can express, made plain by one pure function."""

import json

import pytest

from cdp.channel.preview import preview
from cdp.errors import ChannelContractError

WIDE = '''\
import polars as pl


def long(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per answer."""
    return frame.unpivot(["q1", "q2"], index=["_row", "id"], variable_name="question", value_name="answer")
'''
ANSWERS = {
    "python": "answers:long",
    "events": [
        {
            "kind": "answer",
            "occurred_at": "'2024-01-01'",
            "score": "answer",
            "properties": {"question": "question"},
        }
    ],
}


def survey(channel, source: str, data: str):
    (channel.folder / "answers.py").write_text(source)
    return channel.files("a.csv", data, **ANSWERS)


def test_the_function_reshapes_the_raw_rows(channel):
    batch = channel.batch(survey(channel, WIDE, "id,q1,q2\n7,1,0\n"))
    assert batch.rows_read == 1
    assert [json.loads(text)["question"] for text in batch.events["properties"]] == ["q1", "q2"]


def test_rows_made_of_one_row_are_rejected_together(channel):
    batch = channel.batch(survey(channel, WIDE, "id,q1,q2\n7,1,bad\n8,0,0\n"))
    assert batch.rows_read == 2
    assert batch.rejects["row"].to_list() == [2]
    assert json.loads(batch.rejects["raw"][0]) == {"id": "7", "q1": "1", "q2": "bad"}
    assert batch.events["record_key"].to_list() == ["8", "8"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return frame.drop('_row')", "must keep the column '_row'"),
        ("return None", "gave NoneType, not a polars DataFrame"),
        ("return frame['nothing']", "the function failed with ColumnNotFoundError at answers.py:2"),
    ],
)
def test_a_function_that_breaks_its_promise_is_told(channel, body, message):
    spec = survey(channel, f"def long(frame):\n    {body}\n", "id,q1,q2\n7,1,0\n")
    with pytest.raises(ChannelContractError, match=message):
        channel.batch(spec)


def test_only_a_check_shows_the_words_of_the_function_s_error(channel):
    """They may hold cells."""
    spec = survey(channel, "def long(frame):\n    raise ValueError(frame['id'][0])\n", "id\nzoe\n")
    with pytest.raises(ChannelContractError) as ingested:
        channel.batch(spec)
    assert "zoe" not in str(ingested.value)
    with pytest.raises(ChannelContractError, match=r"ValueError at answers.py:2.*: zoe$"):
        preview(spec, channel.drop / "a.csv", settings=channel.settings)
