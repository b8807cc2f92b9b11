"""`cdp quarantine`: what was refused, why, and how it comes back."""

import json
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from cdp import quarantine
from cdp.model.status import QuarantinedRow


@pytest.fixture
def rows(cdp, database) -> dict[str, QuarantinedRow]:
    """The two refused rows of the club, by number of member."""
    assert cdp("ingest").code == 0
    return {row.raw["no"]: row for row in quarantine.rows(database)}


def listed(cdp, *options: str) -> list[QuarantinedRow]:
    return TypeAdapter(list[QuarantinedRow]).validate_json(
        cdp("quarantine", "list", "--json", *options).out
    )


def test_list_shows_place_and_reason(cdp, database, rows):
    answer = cdp("quarantine", "list", "--channel", "club")
    assert all(str(row.quarantine_id) in answer.out for row in rows.values())
    assert "club may.csv:3" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 100
    assert listed(cdp) == quarantine.rows(database)


def test_show_gives_the_row_as_it_came(cdp, rows):
    uid = str(rows["2"].quarantine_id)
    answer = cdp("quarantine", "show", uid)
    assert "may.csv, row 3" in answer.out
    assert "1st of May" in answer.out
    assert (
        QuarantinedRow.model_validate_json(cdp("quarantine", "show", uid, "--json").out)
        == rows["2"]
    )


def test_one_row_is_mended_on_the_spot(cdp, rows):
    uid = str(rows["2"].quarantine_id)
    answer = cdp("quarantine", "replay", uid, "--set", "born=1985-05-01")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[-1].split() == ["club", "1", "0", "1"]
    assert "Bo" in cdp("profile", "find", "email=bo@example.com").out
    assert [row.raw["no"] for row in listed(cdp)] == ["3"]
    assert len(listed(cdp, "--all")) == 2


def test_several_rows_are_mended_in_a_file(cdp, rows, tmp_path):
    mended = tmp_path / "mended.jsonl"
    mended.write_text("".join(
        json.dumps({"quarantine_id": str(row.quarantine_id), "raw": row.raw | fields}) + "\n"
        for row, fields in ((rows["2"], {"born": "1985-05-01"}), (rows["3"], {"mail": "cy@example.com"}))
    ))  # fmt: skip
    assert cdp("quarantine", "replay", "--file", str(mended)).code == 0
    assert listed(cdp) == []
    assert cdp("quarantine", "list").err == "no quarantined row waits\n"


@pytest.mark.usefixtures("rows")
def test_rows_that_fail_again_fail_the_command(cdp):
    answer = cdp("quarantine", "replay", "--channel", "club")
    assert answer.code == 1
    assert answer.out.splitlines()[-1].split() == ["club", "0", "2", "0"]
    assert "cdp quarantine list" in answer.err


@pytest.mark.usefixtures("rows")
def test_an_unknown_row_is_an_error(cdp):
    for command in ("show", "replay"):
        answer = cdp("quarantine", command, str(uuid4()))
        assert answer.code == 1
        assert "`cdp quarantine list` shows them" in answer.err


def test_a_row_whose_channel_is_declared_no_more_says_so(cdp, rows, channels):
    (channels / "club").rename(channels / "shop")
    answer = cdp("quarantine", "replay", str(rows["2"].quarantine_id))
    assert answer.code == 1
    assert "no channel 'club' is declared" in answer.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ((), "give the ids of rows"),
        (("--channel", "club", "17"), "give the ids of rows"),
        (("--set", "born=1985-05-01"), "--set mends the one row"),
        (("17", "--set", "born"), "is not name=value"),
        (("--file", "none.jsonl"), "none.jsonl"),
    ],
)
def test_a_wrong_question_is_a_usage_error(cdp, arguments, hint):
    answer = cdp("quarantine", "replay", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert hint in answer.err


def test_a_broken_line_of_a_mended_file_is_named(cdp, tmp_path):
    mended = tmp_path / "mended.jsonl"
    mended.write_text('\n{"quarantine_id": "17", "raw": {}}\n')
    answer = cdp("quarantine", "replay", "--file", str(mended))
    assert answer.code == 2
    assert "mended.jsonl line 2 is not" in answer.err
