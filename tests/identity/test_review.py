"""What the model leaves open is decided by a steward, pair by pair, and is asked only once."""

import io
import json
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from cdp.cli import main
from cdp.cli.logs import log
from cdp.identities import Identities
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.policy.versions import apply
from cdp.identity.steward.review import decided_pairs, models, precision
from cdp.model.review import PairToReview
from cdp.settings import settings
from tests.identity.rows import a_row as a_world_row
from tests.identity.town import Town, a_row

SAID = {"by": "ada", "reason": "asked them"}


def keys(pair: PairToReview) -> set[str]:
    return {pair.left.record_key, pair.right.record_key}


def waiting(town: Town, limit: int = 100) -> list[PairToReview]:
    return list(Identities(database=town.database).review(limit))


def test_what_lies_between_the_thresholds_waits_with_its_evidence(first_town: Town):
    found = waiting(first_town)
    thresholds = identity_policy().matching
    assert len(found) >= 10
    for pair in found:
        assert pair.why == "proposed"
        assert thresholds.propose <= (pair.probability or 0) < thresholds.merge
        assert pair.left.profile_id != pair.right.profile_id
        assert sum(step.weight for step in pair.waterfall) == pytest.approx(pair.weight, abs=0.01)
    assert all(one.rank >= other.rank for one, other in pairwise(found))


def test_both_records_are_told_side_by_side(first_town: Town):
    pair = waiting(first_town, limit=1)[0]
    fields = {each.field: each for each in pair.fields}
    assert {"given name", "family name"} <= fields.keys()
    for each in fields.values():
        if each.left and each.left == each.right:
            assert each.agreement == "same"
        if not (each.left and each.right):
            assert each.agreement == "unknown"


def test_a_decided_pair_waits_no_more_and_stays_decided(town: Town):
    identities = Identities(database=town.database)
    yes, no, *rest = waiting(town)
    identities.decide(yes, same=True, **SAID)
    identities.decide(no, same=False, **SAID)
    assert town.together(*keys(yes))
    assert not town.together(*keys(no))
    town.link(full=True)
    assert town.together(*keys(yes))
    assert not town.together(*keys(no))
    left = [keys(pair) for pair in waiting(town)]
    assert keys(yes) not in left
    assert keys(no) not in left
    assert len(left) <= len(rest)


def test_a_pair_that_became_one_by_itself_waits_no_more(town: Town):
    pair = next(each for each in waiting(town) if mails(each) and not unlike(each))
    town.tell("desk", [a_row("1", mail=mail) for mail in mails(pair)])
    for key in keys(pair):
        Identities(database=town.database).link("desk:1", key, **SAID)
    assert keys(pair) not in [keys(each) for each in waiting(town)]


def mails(pair: PairToReview) -> list[str]:
    return [
        mail
        for each in pair.fields
        if each.field == "e-mail" and each.left and each.right
        for mail in (each.left, each.right)
    ]


def unlike(pair: PairToReview) -> bool:
    return any(each.agreement == "different" for each in pair.fields if "name" in each.field)


def test_what_the_firewall_holds_back_waits_too(world):
    policy = identity_policy()
    guards = policy.cluster.model_copy(update={"most_records": 2})
    apply(world.database, policy.model_copy(update={"cluster": guards}), by="ada")
    world.feed([[a_world_row(key, email="x@example.com") for key in "abc"]])
    (pair,) = Identities(database=world.database).review()
    assert (pair.why, pair.reason, pair.weight) == ("held back", "firewall: records", None)
    assert {pair.left.records, pair.right.records} == {1, 2}


def test_decisions_say_how_often_the_model_is_right(town: Town):
    identities = Identities(database=town.database)
    first, second, third, *_ = waiting(town)
    identities.decide(first, same=True, **SAID)
    identities.decide(second, same=True, **SAID)
    identities.decide(third, same=False, **SAID)
    decided = decided_pairs(town.database)
    assert [each.same for each in decided] == [True, True, False]
    assert [each.weight for each in decided] == pytest.approx(
        [pair.weight for pair in (first, second, third)]
    )
    from_propose = precision(decided, [0.6])[0]
    assert (from_propose.pairs, from_propose.same, from_propose.recall) == (3, 2, 1.0)
    assert precision(decided, [0.9999])[0].precision is None


Review = Callable[..., str]


@pytest.fixture
def review(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Review]:
    """`cdp identity review` with these keys; what it said."""
    monkeypatch.setenv("CDP_DATABASE_URL", town.database.url)
    settings.cache_clear()

    def run(keys: str, *options: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(keys))
        with pytest.raises(SystemExit) as ended:
            main(["-v", "identity", "review", "--by", "ada", *options])
        assert ended.value.code in (0, None)
        said = capsys.readouterr()
        run.logged = said.err
        return said.out

    yield run
    log.close()  # -v opened it, on an output that ends with the test
    settings.cache_clear()


def test_one_key_decides_and_u_takes_it_back(town: Town, review: Review):
    first, second, *_ = waiting(town)
    said = review("ynu?sq")
    assert "2 pairs decided" not in said
    assert "1 pairs decided, 1 skipped" in said
    assert town.together(*keys(first))
    decisions = Identities(database=town.database).decisions()
    assert [(each.kind, each.decided_by) for each in decisions] == [("link", "ada")]
    assert keys(second) in [keys(each) for each in waiting(town)]


def test_another_key_only_says_which_there_are(review: Review):
    said = review("xq")
    assert said.count("y same") == 2
    assert "0 pairs decided" in said


def test_the_details_are_the_waterfall(town: Town, review: Review):
    pair = waiting(town)[0]
    said = review("?q")
    assert "how they agree" in said
    assert pair.waterfall[1].level in said


def test_no_word_of_a_person_is_logged(town: Town, review: Review):
    pair = waiting(town)[0]
    review("yq")
    words = {each.left for each in pair.fields} | {each.right for each in pair.fields}
    assert "reviewed" in review.logged
    assert not [word for word in words - {None} if len(word) > 1 and word in review.logged]


def test_the_list_as_data(town: Town, review: Review):
    listed = json.loads(review("", "--json", "--limit", "3"))
    assert [each["rank"] for each in listed] == [pair.rank for pair in waiting(town, 3)]


def test_the_command_line_tells_the_precision_and_the_model(
    town: Town, review: Review, capsys: pytest.CaptureFixture[str]
):
    review("yq")
    assert waiting(town)

    def said(*command: str) -> str:
        with pytest.raises(SystemExit):
            main(["identity", *command])
        return capsys.readouterr().out

    assert "1 decided pairs, 1 of them one person" in said("evaluate", "--decisions")
    told = said("model")
    assert town_model(town) in told
    assert "exchanged" in told
    linked = json.loads(said("link", "--json"))
    assert (linked["compared"], linked["model"]) == (0, town_model(town))


def town_model(town: Town) -> str:
    return models(town.database)[0].version


@pytest.mark.usefixtures("review")
def test_in_a_terminal_no_enter_is_needed(town: Town):
    master, slave = pty.openpty()
    command = [Path(sys.executable).with_name("cdp"), "identity", "review", "--by", "ada"]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, close_fds=True) as run:
        said = _read_until(master, "q quit")
        _press(master, slave, b"n")
        said += _read_until(master, "q quit")
        _press(master, slave, b"q")
        assert run.wait(60) == 0
    os.close(slave)
    os.close(master)
    assert "different people: decision" in said
    (decision,) = Identities(database=town.database).decisions()
    assert decision.kind == "cannot_link"


def _press(terminal: int, end: int, key: bytes) -> None:
    # What is typed before the question is thrown away: nobody decides on a pair unseen.
    while termios.tcgetattr(end)[3] & termios.ICANON:
        select.select([], [], [], 0.05)
    os.write(terminal, key)


def _read_until(terminal: int, words: str) -> str:
    said = ""
    while words not in said:
        said += os.read(terminal, 4096).decode(errors="replace")
    return said
