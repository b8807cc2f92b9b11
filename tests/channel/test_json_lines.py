"""JSON lines: nested, ragged and broken ones."""

import json

import pytest

from cdp.channel import blocks
from cdp.errors import ChannelContractError

MAIL = {"identifiers": {"email": "mail"}}


def test_values_become_text_and_keys_may_lack(channel):
    data = '{"id": 1, "mail": "a@x"}\n{"id": "2"}\n{"mail": null, "id": 3.5}\n'
    batch = channel.batch(channel.files("a.jsonl", data, **MAIL))
    assert batch.records.select("row", "record_key").rows() == [(1, "1"), (2, "2"), (3, "3.5")]
    assert batch.identifiers["value"].to_list() == ["a@x"]


def test_a_path_reaches_into_nested_objects(channel):
    data = '{"id": 1, "user": {"mail": "a@x", "tags": ["t", "u"]}}\n{"id": 2, "user": "none"}\n'
    spec = channel.files(
        "a.jsonl",
        data,
        columns={"mail": {"path": "user.mail"}, "tags": {"type": "list", "path": "user.tags"}},
        traits={"interests": "tags"},
        **MAIL,
    )
    batch = channel.batch(spec)
    assert [json.loads(text) for text in batch.records["content"]] == [
        {"identifiers": {"email": "a@x"}, "traits": {"interests": ["t", "u"]}},
        {"identifiers": {"email": None}, "traits": {"interests": None}},
    ]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": 2, "mail": ',
        b"[1, 2]",
        b'"text"',
        b"17",
        b'{"id": 2} {"id": 3}',
        b'{"id": NaN}',
        b'{"id": 2, "mail": "J\xf6rg"}',
        b'{"id": 2, "mail": "a\\u0000b"}',
        b'{"id": 2, "mail": "\\ud800"}',
        b"id,mail",
    ],
)
def test_a_line_that_is_no_object_of_text_is_rejected_alone(channel, line):
    data = b'{"id": 1, "mail": "a@x"}\n' + line + b'\n\n{"id": 4, "mail": "d@x"}\n'
    batch = channel.batch(channel.files("a.jsonl", data, **MAIL))
    assert batch.rows_read == 3
    assert batch.records.select("row", "record_key").rows() == [(1, "1"), (4, "4")]
    assert batch.rejects.select("row", "rule").rows() == [(2, "json")]
    assert json.loads(batch.rejects["raw"][0]) == line.decode("utf-8", "backslashreplace").strip()


def test_a_rejected_row_keeps_its_line_whole(channel):
    data = '{"id": 1, "mail": "a", "more": {"x": [1]}}\n{"id": null, "mail": "b", "more": 2}\n'
    batch = channel.batch(channel.files("a.jsonl", data, **MAIL))
    assert json.loads(batch.rejects["raw"][0]) == {"id": None, "mail": "b", "more": 2}


def test_a_key_that_no_line_has_breaks_the_contract(channel):
    spec = channel.files("a.jsonl", '{"id": 1, "e_mail": "a@x"}\n', **MAIL)
    with pytest.raises(ChannelContractError, match=r"'mail' is not there .the nearest is 'e_mail'"):
        channel.batch(spec)


def test_a_key_may_lack_in_later_blocks(channel, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 32)
    data = '{"id": 1, "mail": "a@x"}\n' + '{"id": 2}\n' * 20 + '{"id": 3, "mail": "c@x"}\n'
    batch = channel.batch(channel.files("a.jsonl", data, **MAIL))
    assert batch.rows_read == 22
    assert batch.identifiers["value"].to_list() == ["a@x", "c@x"]
