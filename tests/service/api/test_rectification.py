"""What a steward sets right stays right: through reloads, merges, splits and in the past."""

from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from cdp.errors import InvalidRequest
from cdp.identities import Identities
from tests.promises.conftest import new_world
from tests.served import a_row

__all__ = ["new_world"]


@pytest.fixture
def world(new_world):
    with ExitStack() as stack:
        yield new_world(stack)


def test_it_outlives_reloads_newer_statements_and_more_trusted_channels(world):
    world.feed([[a_row("shop", "1", 1, email="a@example.com", gender="m", city="Oslo")]])
    (uid,) = world.ids()
    world.profiles.rectify(uid, "gender", "f", reason="she said so")
    world.profiles.rectify(uid, "address", {"city": "Bergen"}, reason="she moved")
    world.feed([[a_row("shop", "1", 9, email="a@example.com", gender="m", city="Rome"),
                 a_row("crm", "5", 9, email="a@example.com", gender="m", city="Rome")]])  # fmt: skip
    traits = world.profiles.get(uid).traits
    assert (traits["gender"], traits["address"]) == ("f", {"city": "Bergen"})
    why = world.profiles.explain(uid, "gender")
    assert (why.rule, why.carried_by[0].channel) == ("rectified", "steward")
    assert {each.channel for each in why.lost} == {"shop", "crm"}


def test_a_value_can_be_set_right_to_nothing(world):
    world.feed([[a_row("shop", "1", 1, email="a@example.com", gender="m", likes="chess")]])
    (uid,) = world.ids()
    world.profiles.rectify(uid, "gender", None, reason="asked for")
    world.profiles.rectify(uid, "interests", ["surf"], reason="asked for")
    assert world.profiles.get(uid).traits == {"interests": ["surf"]}


def test_it_goes_with_its_record_when_people_are_merged_and_split(world):
    world.feed([[a_row("crm", "1", 1, email="a@example.com", gender="m"),
                 a_row("crm", "2", 1, phone="+12125550142", gender="m")]])  # fmt: skip
    first, second = world.ids()
    world.profiles.rectify(second, "gender", "f", reason="she said so")
    world.feed([[a_row("shop", "9", 2, email="a@example.com", phone="+12125550142", gender="m")]])
    assert world.profiles.get(first).traits["gender"] == "f"
    with Identities(database=world.database) as identities:
        identities.detach(second, by="test", reason="two people")
        assert world.profiles.get(first).traits["gender"] == "m"
        assert world.profiles.get(second).traits["gender"] == "f"


def test_of_two_words_the_later_stands_and_withdrawing_takes_both_back(world):
    world.feed([[a_row("shop", "1", 1, gender="m")]])
    (uid,) = world.ids()
    world.profiles.rectify(uid, "gender", "f", reason="first")
    world.profiles.rectify(uid, "gender", "x", reason="second")
    assert world.profiles.get(uid).traits["gender"] == "x"
    world.profiles.withdraw_rectification(uid, "gender")
    assert world.profiles.get(uid).traits["gender"] == "m"
    with pytest.raises(InvalidRequest):
        world.profiles.withdraw_rectification(uid, "gender")
    assert [each.reason for each in world.profiles.rectifications(uid)] == ["second", "first"]


def test_the_past_is_as_it_was_known(world):
    world.feed([[a_row("shop", "1", 1, gender="m")]])
    (uid,) = world.ids()
    before = datetime.now(UTC)
    world.profiles.rectify(uid, "gender", "f", reason="she said so")
    during = datetime.now(UTC)
    world.profiles.withdraw_rectification(uid, "gender")
    known = [
        world.profiles.get(uid, as_of=moment).traits["gender"]
        for moment in (before, during, datetime.now(UTC))
    ]
    assert known == ["m", "f", "m"]


@pytest.mark.parametrize(
    ("trait", "value"),
    [("gender", 1), ("children", "two"), ("children", True), ("birth_date", "2024-13-01"),
     ("address", "Oslo"), ("address", {"planet": "Mars"}), ("interests", "chess"),
     ("income", "much")],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(shop, trait, value):
    ann = shop.profiles.find(email="ann@example.com")[0]
    with pytest.raises(InvalidRequest):
        shop.profiles.rectify(ann.profile_id, trait, value, reason="x")
