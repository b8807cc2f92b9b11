"""CSV files as the world sends them."""

import gzip
import json

import pyarrow as pa
import pytest

from cdp.channel import blocks
from cdp.errors import ChannelContractError, DeliveryUnreadable

MAIL = {"identifiers": {"email": "mail"}}
HEADER = "id,mail\n"


def rows_of(batch) -> list[str]:
    return batch.identifiers["value"].to_list()


def reasons_of(batch) -> list[tuple[int, str]]:
    return [(row["row"], row["reason"]) for row in batch.rejects.to_dicts()]


def test_each_row_is_a_record_with_its_line_number(channel):
    batch = channel.batch(channel.files("a.csv", HEADER + "1,a@x\n2,b@x\n", **MAIL))
    assert batch.rows_read == 2
    assert batch.records.select("row", "record_key").rows() == [(2, "1"), (3, "2")]
    assert rows_of(batch) == ["a@x", "b@x"]
    assert json.loads(batch.records["content"][0]) == {
        "traits": {},
        "identifiers": {"email": "a@x"},
    }


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
def test_packed_files_are_unpacked(channel, name):
    data = (HEADER + "1,a@x\n").encode()
    packed = gzip.compress(data) if name.endswith("gz") else pa.compress(data, "zstd", asbytes=True)
    assert rows_of(channel.batch(channel.files(name, packed, **MAIL))) == ["a@x"]


def test_a_ragged_row_is_rejected_with_its_line_and_text(channel):
    batch = channel.batch(channel.files("a.csv", HEADER + "1,a@x\n2\n3,c@x,more\n4,d@x\n", **MAIL))
    assert batch.rows_read == 4
    assert rows_of(batch) == ["a@x", "d@x"]
    assert reasons_of(batch) == [
        (3, "the row has 1 cells, the header 2"),
        (4, "the row has 3 cells, the header 2"),
    ]
    assert [json.loads(raw) for raw in batch.rejects["raw"]] == ["2", "3,c@x,more"]


def test_a_quote_that_never_closes_costs_its_own_line_only(channel):
    batch = channel.batch(
        channel.files("a.csv", HEADER + '1,"a@x\n2,b@x\n3,"c@x"\n4,d@x\n', **MAIL)
    )
    assert rows_of(batch) == ["b@x", "c@x", "d@x"]
    assert [row for row, _ in reasons_of(batch)] == [2]


def test_a_stray_quote_at_the_end_of_the_file_does_not_swallow_it(channel):
    batch = channel.batch(channel.files("a.csv", HEADER + '1,"a@x\n2,b@x\n3,c@x\n', **MAIL))
    assert rows_of(batch) == ["b@x", "c@x"]
    assert batch.rows_read == 3


def test_cells_may_hold_line_breaks_delimiters_and_quotes(channel):
    data = HEADER + '1,"a\nb,c ""d"""\n2,b@x\n'
    batch = channel.batch(channel.files("a.csv", data, **MAIL))
    assert rows_of(batch) == ['a\nb,c "d"', "b@x"]
    assert batch.records["row"].to_list() == [2, 4]


def test_a_cell_over_several_lines_may_lie_across_two_blocks(channel, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 16)
    data = HEADER + "".join(f'{n},"line\nbreak {n}"\n' for n in range(50))
    batch = channel.batch(channel.files("a.csv", data, **MAIL))
    assert rows_of(batch) == [f"line\nbreak {n}" for n in range(50)]
    assert batch.rejects.is_empty()


def test_wrong_bytes_are_rejected_row_by_row_with_advice(channel):
    data = HEADER.encode() + b"1,a@x\n2,J\xf6rg\n3,c@x\n"
    batch = channel.batch(channel.files("a.csv", data, **MAIL))
    assert rows_of(batch) == ["a@x", "c@x"]
    (row, reason), *_ = reasons_of(batch)
    assert row == 3
    assert "not UTF-8" in reason
    assert "encoding" in reason


def test_the_declared_encoding_is_used(channel):
    data = (HEADER + "1,Jörg\n").encode("cp1252")
    spec = channel.files("a.csv", data, source={"encoding": "cp1252"}, **MAIL)
    assert rows_of(channel.batch(spec)) == ["Jörg"]


def test_bytes_that_the_declared_encoding_does_not_have_make_the_file_unreadable(channel):
    spec = channel.files(
        "a.csv", HEADER.encode() + b"1,\x81\n", source={"encoding": "cp1252"}, **MAIL
    )
    with pytest.raises(DeliveryUnreadable, match=r"a\.csv: the file is not cp1252"):
        channel.batch(spec)


def test_a_utf_16_file_is_told_from_its_mark(channel):
    data = (HEADER + "1,a@x\n").encode("utf-16")
    with pytest.raises(DeliveryUnreadable, match="declare `encoding: utf-16`"):
        channel.batch(channel.files("a.csv", data, **MAIL))
    spec = channel.files("a.csv", data, source={"encoding": "utf-16"}, **MAIL)
    assert rows_of(channel.batch(spec)) == ["a@x"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(channel):
    data = b"\xef\xbb\xbf" + (HEADER + "1,a@x\n").encode()
    assert rows_of(channel.batch(channel.files("a.csv", data, **MAIL))) == ["a@x"]


def test_a_zero_character_is_rejected(channel):
    batch = channel.batch(channel.files("a.csv", HEADER + "1,a\0b\n2,b@x\n", **MAIL))
    assert rows_of(batch) == ["b@x"]
    assert "zero character" in batch.rejects["reason"][0]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
def test_a_truncated_file_is_unreadable_and_says_what_to_do(channel, name):
    data = (HEADER + "".join(f"{n},{n * 7919}@x\n" for n in range(1000))).encode()
    packed = gzip.compress(data) if name.endswith("gz") else pa.compress(data, "zstd", asbytes=True)
    with pytest.raises(DeliveryUnreadable, match=r"truncated.*Have it sent again"):
        channel.batch(channel.files(name, packed[:-200], **MAIL))


def test_a_file_that_is_not_packed_as_its_name_says_is_unreadable(channel):
    with pytest.raises(DeliveryUnreadable, match="cannot be unpacked"):
        channel.batch(channel.files("a.csv.gz", HEADER + "1,a@x\n", **MAIL))


def test_a_renamed_column_is_told_with_the_nearest_name(channel):
    spec = channel.files("a.csv", "id,mail\n1,a@x\n", identifiers={"email": "e_mail"})
    with pytest.raises(
        ChannelContractError,
        match=r"a\.csv: column 'e_mail' .*nearest is 'mail'.*identifiers\.email",
    ):
        channel.batch(spec)


def test_a_vanished_column_is_told_even_of_a_file_without_rows(channel):
    with pytest.raises(ChannelContractError, match="column 'mail' is not there"):
        channel.batch(channel.files("a.csv", "id,phone\n", **MAIL))


def test_a_column_that_may_be_absent_is_empty(channel):
    spec = channel.files("a.csv", "id\n1\n", columns={"mail": {"absent": "ok"}}, **MAIL)
    batch = channel.batch(spec)
    assert batch.records.height == 1
    assert batch.identifiers.is_empty()


def test_a_column_told_twice_breaks_the_contract(channel):
    with pytest.raises(ChannelContractError, match="column 'mail' twice"):
        channel.batch(channel.files("a.csv", "id,mail,mail\n1,a,b\n", **MAIL))


@pytest.mark.parametrize("data", ["", "id,mail\n", "\n"])
def test_an_empty_file_has_no_rows(channel, data):
    spec = channel.files(
        "a.csv", data, columns={"id": {"absent": "ok"}, "mail": {"absent": "ok"}}, **MAIL
    )
    assert channel.batch(spec).rows_read == 0


def test_lines_without_anything_are_no_rows(channel):
    batch = channel.batch(channel.files("a.csv", HEADER + "\n1,a@x\r\n\r\n2,b@x", **MAIL))
    assert batch.records.select("row", "record_key").rows() == [(3, "1"), (5, "2")]
    assert batch.rows_read == 2


def test_lines_that_end_in_a_bare_cr_are_told(channel):
    with pytest.raises(DeliveryUnreadable, match="bare CR"):
        channel.batch(channel.files("a.csv", "id,mail\r1,a@x\r", **MAIL))


def test_delimiter_quote_and_null_values_are_as_declared(channel):
    data = "id;mail\n1;'a;b'\n2;NA\n"
    source = {"delimiter": ";", "quote": "'", "null_values": ["NA", ""]}
    batch = channel.batch(channel.files("a.csv", data, source=source, **MAIL))
    assert rows_of(batch) == ["a;b"]


def test_null_values_hold_for_rows_read_one_by_one(channel):
    source = {"null_values": ["NA"]}
    batch = channel.batch(
        channel.files("a.csv", HEADER + "1,NA\n2\n3,c@x\n", source=source, **MAIL)
    )
    assert rows_of(batch) == ["c@x"]


def test_tab_separated_values_are_told_by_their_name(channel):
    assert rows_of(channel.batch(channel.files("a.tsv", "id\tmail\n1\ta,b\n", **MAIL))) == ["a,b"]


def test_rows_keep_their_lines_over_several_blocks(channel, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 64)
    data = HEADER + "".join(f"{n},{n}@x\n" if n % 9 else f"{n}\n" for n in range(1, 200))
    batch = channel.batch(channel.files("a.csv", data, **MAIL))
    assert batch.rows_read == 199
    assert all(
        int(key) + 1 == row for row, key in batch.records.select("row", "record_key").iter_rows()
    )
    assert all(
        int(json.loads(raw)) + 1 == row
        for row, raw in batch.rejects.select("row", "raw").iter_rows()
    )
