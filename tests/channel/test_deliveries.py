"""Which files a channel reads, in which order, and what tells them apart."""

import datetime as dt
import hashlib
import os

import pytest

from cdp.channel.delivery import deliveries
from cdp.errors import ChannelDeclarationError, DeliveryUnreadable


def drop(channel, name: str, text: str = "id\n1\n", mtime: int = 1_700_000_000) -> None:
    path = channel.drop / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (mtime, mtime))


def listed(channel, **source) -> list:
    spec = channel.declare(source={"kind": "files"} | source)
    return list(deliveries(spec, channel.settings))


def test_files_come_by_day_then_time_then_name(channel):
    drop(channel, "s/x_2024-01-02.csv", mtime=1)
    drop(channel, "s/x_2024-01-01.csv", mtime=3)
    drop(channel, "s/y_2024-01-01.csv", mtime=2)
    partition = {"pattern": r"_(\d{4}-\d\d-\d\d)", "start": "2024-01-01"}
    found = listed(channel, path="{data}/s/*.csv", partition=partition)
    assert [each.name for each in found] == [
        "y_2024-01-01.csv",
        "x_2024-01-01.csv",
        "x_2024-01-02.csv",
    ]
    assert found[2].partition == "2024-01-02"
    assert found[2].delivered_at == dt.datetime(2024, 1, 2, tzinfo=dt.UTC)


def test_a_name_without_the_declared_day_is_told(channel):
    drop(channel, "s/x.csv")
    with pytest.raises(ChannelDeclarationError, match=r"x\.csv: the pattern .* finds no ISO date"):
        listed(channel, path="{data}/s", partition={"pattern": "_(.*)", "start": "2024-01-01"})


def test_a_folder_means_the_data_files_in_it(channel):
    for name in ("a.csv", "b.csv.gz", "c.jsonl", ".hidden.csv", "notes.md", "d.csv.part"):
        drop(channel, "s/" + name)
    assert [each.name for each in listed(channel, path="{data}/s")] == [
        "a.csv",
        "b.csv.gz",
        "c.jsonl",
    ]


def test_a_pattern_may_reach_into_folders_and_find_nothing(channel):
    drop(channel, "s/2024/a.csv")
    assert [each.name for each in listed(channel, path="{data}/s/**/*.csv")] == ["2024/a.csv"]
    assert listed(channel, path="{data}/nothing/*.csv") == []


def test_a_relative_path_starts_at_the_declaration(channel):
    (channel.folder / "own.csv").write_text("id\n1\n")
    assert [each.path for each in listed(channel, path="own.csv")] == [channel.folder / "own.csv"]


def test_a_plain_path_that_is_not_there_is_told(channel):
    with pytest.raises(
        DeliveryUnreadable, match=r"gone\.csv: there is no such file or folder; .*CDP_DATA"
    ):
        listed(channel, path="{data}/gone.csv")


def test_size_time_and_hash_tell_files_apart(channel):
    drop(channel, "a.csv", "id\n1\n")
    (found,) = listed(channel, path="{data}/a.csv")
    assert found.size == 5
    assert found.mtime == found.delivered_at == dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)
    assert found.sha256 == hashlib.sha256(b"id\n1\n").hexdigest()
    assert found.watermark is None


def test_a_changed_second_file_makes_another_delivery(channel):
    drop(channel, "a.csv", "id\n1\n")
    drop(channel, "b.csv", "id,mail\n1,x\n")
    join = {"path": "{data}/b.csv", "by": "id", "columns": ["mail"]}
    (before,) = listed(channel, path="{data}/a.csv", joins=[join])
    known = before.size, before.mtime, before.sha256
    drop(channel, "b.csv", "id,mail\n1,yy\n", mtime=1_800_000_000)
    (after,) = listed(channel, path="{data}/a.csv", joins=[join])
    assert all(
        old != new for old, new in zip(known, (after.size, after.mtime, after.sha256), strict=True)
    )
