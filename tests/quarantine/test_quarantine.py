"""Refused rows wait as they came, and come back by the road that every row takes."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from cdp import quarantine
from cdp.errors import ChannelContractError, InvalidRequest, QuarantineNotFound
from cdp.profiles import CustomerProfiles
from tests.quarantine.world import CLUB, MEMBERS, TILL, declared, landed


def waiting(database, key: str = "no"):
    """The open rows, by what stands in the column `key`."""
    return {row.raw[key]: row for row in quarantine.rows(database)}


def status(database):
    return CustomerProfiles(database=database).status()


def named(database, email: str):
    found = CustomerProfiles(database=database).find(email=email)
    return [profile.identity.name.given for profile in found]


def mend(database, key: str, **fields: str):
    row = waiting(database)[key]
    return {row.quarantine_id: quarantine.mended_row(row, fields)}


@pytest.mark.usefixtures("club")
def test_a_refused_row_says_where_it_stood_and_which_rule_it_broke(database):
    bo = waiting(database)["2"]
    assert (bo.channel, bo.delivery, bo.row) == ("club", "may.csv", 3)
    assert (bo.field, bo.rule, bo.value, bo.state) == ("born", "type", "1st of May", "open")
    assert bo.raw["mail"] == "bo@example.com"
    assert quarantine.row(database, bo.quarantine_id) == bo


@pytest.mark.usefixtures("club", "till")
def test_rows_are_listed_by_channel_and_state(database):
    assert len(quarantine.rows(database)) == 4
    assert {row.channel for row in quarantine.rows(database, channel="till")} == {"till"}
    assert quarantine.rows(database, state="replayed") == []
    assert len(quarantine.rows(database, state=None, limit=3)) == 3


@pytest.mark.usefixtures("club")
def test_an_unknown_channel_or_id_is_an_error_and_not_an_empty_answer(database):
    with pytest.raises(InvalidRequest, match="did you mean 'club'"):
        quarantine.rows(database, channel="clubb")
    with pytest.raises(QuarantineNotFound, match="quarantine list"):
        quarantine.row(database, uuid4())
    with pytest.raises(InvalidRequest, match="'17' is not"):
        quarantine.row(database, "17")


def test_a_mended_row_becomes_a_profile(database, club):
    result = quarantine.replay(database, club, mended=mend(database, "2", born="1985-05-01"))
    assert (result.replayed, result.still_open, result.profiles_changed) == (1, 0, 1)
    assert named(database, "bo@example.com") == ["Bo"]
    assert set(waiting(database)) == {"3"}


def test_a_replayed_row_is_kept_as_it_came(database, club):
    bo = waiting(database)["2"]
    quarantine.replay(database, club, mended=mend(database, "2", born="1985-05-01"))
    kept = quarantine.row(database, bo.quarantine_id)
    assert (kept.raw, kept.state) == (bo.raw, "replayed")
    assert kept.replayed_at is not None


def test_a_mended_row_speaks_at_the_time_of_its_delivery(database, tmp_path):
    spec = declared(tmp_path, "club", CLUB, MEMBERS)
    delivered = datetime(2024, 5, 1, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "club" / "in" / "may.csv", (delivered, delivered))
    landed(database, spec)
    quarantine.replay(database, spec, mended=mend(database, "2", born="1985-05-01"))
    profiles = CustomerProfiles(database=database)
    (bo,) = profiles.find(email="bo@example.com")
    (record,) = profiles.records(bo.profile_id)
    assert record.versions[0].observed_at == datetime(2024, 5, 1, tzinfo=UTC)
    assert record.versions[0].recorded_at > record.versions[0].observed_at


def test_replaying_twice_changes_nothing(database, club):
    mended = mend(database, "2", born="1985-05-01")
    quarantine.replay(database, club, mended=mended)
    before = status(database)
    again = quarantine.replay(database, club, mended=mended)
    assert (again.replayed, again.still_open, again.profiles_changed) == (0, 0, 0)
    assert status(database) == before


def test_a_row_that_fails_again_stays_with_its_new_reason(database, club):
    result = quarantine.replay(
        database, club, mended=mend(database, "2", born="1985-05-01", mail="")
    )
    assert (result.replayed, result.still_open) == (0, 1)
    bo = waiting(database)["2"]
    assert (bo.field, bo.rule) == ("identifiers.email", "required")
    assert bo.raw["born"] == "1st of May"


def test_replay_without_a_mend_leaves_everything_as_it_was(database, club):
    before = quarantine.rows(database)
    result = quarantine.replay(database, club)
    assert (result.replayed, result.still_open) == (0, 2)
    assert quarantine.rows(database) == before


@pytest.mark.usefixtures("club")
def test_a_mended_declaration_lets_all_rows_of_the_channel_pass(database, tmp_path):
    lenient = CLUB | {
        "columns": {},
        "traits": {"name.given": "name"},
        "identifiers": {"email": "mail"},
    }
    result = quarantine.replay(database, declared(tmp_path, "club", lenient, MEMBERS))
    assert (result.replayed, result.still_open) == (2, 0)
    assert status(database).source_records == 4


@pytest.mark.usefixtures("club")
def test_only_the_rows_asked_for_are_replayed(database, tmp_path):
    lenient = CLUB | {"columns": {}, "traits": {}, "identifiers": {"email": "mail"}}
    spec = declared(tmp_path, "club", lenient, MEMBERS)
    cy = waiting(database)["3"].quarantine_id
    assert quarantine.replay(database, spec, ids=[cy]).replayed == 1
    assert set(waiting(database)) == {"2"}


def test_the_counts_of_a_delivery_stay_what_they_were(database, club):
    quarantine.replay(database, club, mended=mend(database, "2", born="1985-05-01"))
    (counts,) = status(database).channels
    assert (counts.rows_read, counts.rows_accepted, counts.rows_quarantined) == (4, 2, 2)
    assert counts.open_quarantine == 1


def test_a_row_that_was_delivered_again_meanwhile_is_not_double(database, club, tmp_path):
    mended = mend(database, "2", born="1985-05-01")
    better = MEMBERS.replace("1st of May", "1985-05-01")
    landed(database, declared(tmp_path, "club", CLUB, better))
    before = CustomerProfiles(database=database).find(email="bo@example.com")
    quarantine.replay(database, club, mended=mended)
    assert CustomerProfiles(database=database).find(email="bo@example.com")[0].records == 1
    assert (
        before[0].traits
        == CustomerProfiles(database=database).find(email="bo@example.com")[0].traits
    )


@pytest.mark.usefixtures("club")
def test_parallel_replays_take_each_row_once(database, tmp_path):
    lenient = CLUB | {
        "columns": {},
        "traits": {"name.given": "name"},
        "identifiers": {"email": "mail"},
    }
    spec = declared(tmp_path, "club", lenient, MEMBERS)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: quarantine.replay(database, spec), range(4)))
    assert sum(result.replayed for result in results) == 2
    assert sum(result.still_open for result in results) == 0
    assert status(database).source_records == 4


@pytest.mark.usefixtures("club")
def test_a_row_of_another_channel_is_refused(database, till):
    with pytest.raises(InvalidRequest, match="is of channel 'club', not of 'till'"):
        quarantine.replay(database, till, ids=[waiting_ids(database, "club")[0]])


def waiting_ids(database, channel: str):
    return [row.quarantine_id for row in quarantine.rows(database, channel=channel)]


@pytest.mark.usefixtures("club")
def test_a_misspelt_field_names_the_nearest(database):
    with pytest.raises(InvalidRequest, match="did you mean 'mail'"):
        quarantine.mended_row(waiting(database)["2"], {"mial": "x@example.com"})


def test_a_row_that_lacks_a_column_changes_nothing(database, club):
    bo = waiting(database)["2"].quarantine_id
    with pytest.raises(ChannelContractError, match="mail"):
        quarantine.replay(
            database, club, mended={bo: {"no": "2", "name": "Bo", "born": "1985-05-01"}}
        )
    assert set(waiting(database)) == {"2", "3"}


def test_a_line_that_was_no_row_is_replayed_when_its_columns_are_given(database, tmp_path):
    spec = landed(
        database, declared(tmp_path, "club", CLUB, MEMBERS + "5,Ed,ed@example.com,1999-09-09,x\n")
    )
    (line,) = [row for row in quarantine.rows(database) if isinstance(row.raw, str)]
    assert quarantine.replay(database, spec, ids=[line.quarantine_id]).still_open == 1
    with pytest.raises(InvalidRequest, match="--file"):
        quarantine.mended_row(line, {"born": "1999-09-09"})
    whole = {"no": "5", "name": "Ed", "mail": "ed@example.com", "born": "1999-09-09"}
    assert quarantine.replay(database, spec, mended={line.quarantine_id: whole}).replayed == 1
    assert named(database, "ed@example.com") == ["Ed"]


def spent(database) -> Decimal:
    (profile,) = CustomerProfiles(database=database).find(loyalty_card="K1")
    return sum(part.amount for part in profile.behaviour)


def test_a_group_comes_back_whole_though_one_row_of_it_was_mended(database, till):
    assert spent(database) == Decimal("7.50")
    five = waiting(database, "paid")["five"]
    mended = {five.quarantine_id: quarantine.mended_row(five, {"paid": "5.00"})}
    assert quarantine.replay(database, till, mended=mended).replayed == 2
    assert spent(database) == Decimal("22.50")


def test_a_part_of_a_group_never_stands_for_the_whole(database, till):
    ten = waiting(database, "paid")["10.00"].quarantine_id
    assert quarantine.replay(database, till, ids=[ten]).replayed == 0
    assert spent(database) == Decimal("7.50")


def test_a_broken_line_of_a_group_that_landed_without_it_stays(database, tmp_path):
    text = (
        "card,basket,paid,at\nK1,B1,10.00,2024-05-01T10:00:00\nK1,B1,5.00,2024-05-01T10:00:00,x\n"
    )
    spec = landed(database, declared(tmp_path, "till", TILL, text))
    (line,) = quarantine.rows(database)
    whole = {"card": "K1", "basket": "B1", "paid": "5.00", "at": "2024-05-01T10:00:00"}
    assert quarantine.replay(database, spec, mended={line.quarantine_id: whole}).still_open == 1
    assert spent(database) == Decimal("10.00")


@pytest.mark.usefixtures("club")
def test_a_channel_that_uses_row_numbers_cannot_be_replayed(database, tmp_path):
    numbered = CLUB | {"record": {"key": "_row"}}
    with pytest.raises(InvalidRequest, match="delivered again"):
        quarantine.replay(database, declared(tmp_path, "club", numbered, MEMBERS))


def test_a_row_of_json_lines_comes_back_with_what_was_joined_to_it(database, tmp_path):
    joined = CLUB | {
        "source": {
            "kind": "files",
            "path": "in/*.jsonl",
            "null_values": ["NA"],
            "joins": [{"path": "names.csv", "by": "no", "columns": ["name"]}],
        }
    }
    spec = declared(tmp_path, "club", joined, "")
    place = tmp_path / "club"
    (place / "names.csv").write_text("no,name\n1,Ann\n")
    (place / "in" / "may.jsonl").write_text('{"no": "1", "mail": "NA", "born": "NA"}\n')
    landed(database, spec)
    mended = mend(database, "1", mail="ann@example.com")
    assert quarantine.replay(database, spec, mended=mended).replayed == 1
    assert named(database, "ann@example.com") == ["Ann"]
