"""Policy and explanation on the command line, as a data engineer and a steward use them."""

import json

import pytest

from tests.quarantine.world import CLUB, declared

MEMBERS = """no,name,mail,born
1,Ann,ann@example.com,1980-03-01
2,Bob,ann@example.com,1991-12-24
3,Ann,a.nn@example.com,1980-03-01
"""


@pytest.fixture
def club(cdp, channels):
    """Two members who gave one address, and one who spells it with a dot; ingested."""
    declared(channels, "club", CLUB, MEMBERS)
    assert cdp("ingest").code == 0
    return cdp


@pytest.fixture
def without_dots(tmp_path):
    """A policy by which dots in addresses of example.com mean nothing."""
    file = tmp_path / "dots.yaml"
    file.write_text("email_rules: [{domains: [example.com], ignore_dots: true}]")
    return str(file)


def test_a_policy_is_tried_put_live_and_taken_back(club, without_dots):
    tried = club("identity", "preview", "--policy", without_dots)
    assert "merges                        1" in tried.out
    assert (
        "club:3 (Ann, born 1980-03-01) and club:1 (Ann, born 1980-03-01) share email" in tried.out
    )
    done = club("identity", "apply", "--policy", without_dots, "--by", "ada", "--note", "dots")
    assert "applied: version 2 is live; of 3 records: merges 1, splits 0" in done.out
    assert json.loads(club("profile", "find", "email=a.n.n@example.com", "--json").out)
    assert "the policy file differs" in club("status").out
    back = club("identity", "revert", "--by", "bea")
    assert "reverted: version 1 is live" in back.out
    listed = club("identity", "policy").out
    assert "ada" in listed
    assert "reverted" in listed
    assert "differs" not in club("status").out


def test_a_policy_that_is_live_already_is_not_applied_again(club):
    answer = club("identity", "apply", "--by", "ada")
    assert (answer.code, answer.out) == (1, "")
    assert "live already, as version 1" in answer.err


def test_the_differences_of_a_file_are_listed_key_by_key(club, without_dots):
    told = json.loads(club("identity", "policy", "--policy", without_dots, "--json").out)
    (difference,) = told["differences"]
    assert difference["key"] == "email_rules"
    assert difference["proposed"][0]["domains"] == ["example.com"]


def test_a_profile_is_explained_and_so_is_who_is_not_in_it(club, without_dots):
    club("identity", "apply", "--policy", without_dots, "--by", "ada")
    told = club("identity", "explain", "club:1").out
    assert "2 records, policy version 2" in told
    assert "share email ann@example.com" in told
    path = club("identity", "explain", "club:1", "--from", "club:3", "--to", "club:1").out
    assert "From the one to the other" in path
    apart = club("identity", "why-not", "club:1", "club:2").out
    assert (
        "different people: both carry email ann@example.com, but given names unlike: Ann | Bob"
        in " ".join(apart.split())
    )
    as_data = json.loads(club("identity", "why-not", "club:1", "club:2", "--json").out)
    assert as_data["obstacles"][0]["reason"] == "given names unlike"


def test_what_the_firewall_holds_is_listed(club):
    told = club("identity", "held").out
    assert "Largest profiles" in told
    assert json.loads(club("identity", "held", "--json").out)["junk"] == []
