"""`cdp identity decide, undo, revoke, decisions, log`: a steward's day on the command line."""

import json
from getpass import getuser

import pytest

from cdp.model.identity import Decided, Decision
from tests.quarantine.world import CLUB, declared

MEMBERS = """no,name,mail,born
1,Ann,ann@example.com,1980-03-01
2,Anna,ann@example.com,
4,Di,di@example.com,1970-12-31
"""


@pytest.fixture
def club(cdp, channels):
    """Ann, who is two members by one address, and Di; ingested."""
    declared(channels, "club", CLUB, MEMBERS)
    assert cdp("ingest").code == 0
    return cdp


def records(club, member: str) -> int:
    return json.loads(club("identity", "explain", f"club:{member}", "--json").out)["records"]


def test_two_are_linked_and_the_link_is_taken_back(club):
    done = club("identity", "decide", "link", "club:1", "club:4", "--reason", "one passport")
    assert done.code == 0, done.err
    assert "now:" in done.out
    assert "(3 records)" in done.out
    listed = club("identity", "decisions")
    assert getuser() in listed.out
    assert "one passport" in listed.out
    (decision,) = json.loads(club("identity", "decisions", "--json").out)
    uid = decision["decision_id"]
    taken_back = club("identity", "revoke", uid, "--reason", "a typo", "--by", "eva")
    assert "revoked by eva" in taken_back.out
    assert club("identity", "decisions").err.strip() == "no decision stands"
    (revoked,) = json.loads(club("identity", "decisions", "--revoked", "--json").out)
    assert Decision.model_validate(revoked).revoke_reason == "a typo"


def test_a_merge_of_the_log_is_undone(club):
    log = club("identity", "log", "club:1")
    assert "merged into" in log.out
    assert "shared identifier (email ann@example.com)" in log.out
    (entry,) = json.loads(club("identity", "log", "club:1", "--json").out)
    undone = club(
        "identity", "undo", entry["entry_id"], "--reason", "mother and daughter", "--json"
    )
    decided = Decided.model_validate_json(undone.out)
    assert [each.records for each in decided.before] == [2]
    assert [each.records for each in decided.after] == [1, 1]
    assert len(records(club, "1")) == len(records(club, "2")) == 1
    assert "split from" in club("identity", "log", "club:1").out


def test_a_merge_is_undone_by_its_two_ids_and_one_record_detached(club):
    done = club("identity", "undo", "club:1", "club:2", "--reason", "two people")
    assert done.code == 0, done.err
    again = club("identity", "decide", "detach", "club:2", "--reason", "x")
    assert (again.code, "only one of its profile" in again.err) == (1, True)


def test_two_are_kept_apart_before_anything_joins_them(club):
    done = club("identity", "decide", "cannot-link", "club:1", "club:4", "--reason", "neighbours")
    assert "nobody had to move" in done.out
    refused = club("identity", "decide", "link", "club:4", "club:1", "--reason", "x")
    assert refused.code == 1
    assert "keeps them apart; `cdp identity revoke" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("decide", "link", "club:1", "club:9", "--reason", "x"), "no record in 'club'"),
        (("decide", "link", "club:1", "club:4"), "--reason"),
        (("decide", "link", "club:1", "club:4", "--reason", " "), "needs a reason"),
        (("decide", "link", "club:1", "club:1", "--reason", "x"), "same record"),
        (("undo", "club:1", "club:4", "--reason", "x"), "no merge"),
        (("undo", "club:1", "club:2", "club:4", "--reason", "x"), "name the entry"),
        (("revoke", "nonsense", "--reason", "x"), "is no id"),
        (("log", "club:9"), "no record in 'club'"),
    ],
)  # fmt: skip
def test_wrong_input_is_told_what_is_wrong(club, arguments, said):
    answer = club("identity", *arguments)
    assert answer.code != 0
    assert said in answer.err
    assert "Traceback" not in answer.err
