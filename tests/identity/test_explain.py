"""Why records are one person and why not, told of a store that was fed through channels."""

from contextlib import ExitStack
from uuid import uuid4

import pytest
from saying import a_row

from cdp.errors import InvalidRequest, ProfileNotFound
from cdp.identity.explanation.explain import explain_identity, why_not
from tests.promises.world import World


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    with ExitStack() as stack:
        made = World(stack.enter_context(new_database()), tmp_path_factory.mktemp("explained"))
        made.feed([[
            a_row("crm", "1", given="Ann", born="1980-03-01", email="ann@example.com"),
            a_row("shop", "7", given="Anna", email="ann@example.com", phone="+12125550142"),
            a_row("club", "9", card="9826-1137", phone="+12125550142"),
            a_row("shop", "7", given="Anna", phone="+12125550143", at="2024-01-02T10:00:00Z"),
            a_row("crm", "2", given="Bob", phone="+12125550143", email="bob@example.com"),
            a_row("shop", "8", given="Cyril", email="noreply@example.com"),
            a_row("crm", "3", given="Dora", email="noreply@example.com"),
            a_row("club", "10", given="Eve", card="1234567"),
        ]])  # fmt: skip
        query = "SELECT channel || ':' || record_key, record_uid FROM source_record"
        with made.database.autocommit() as connection:
            made.uid = dict(connection.execute(query).fetchall())
        yield made


def test_each_record_of_a_profile_tells_by_what_it_hangs_on(world):
    told = explain_identity(world.database, world.uid["crm:1"])
    assert [record.record_key for record in told.records] == ["crm:1", "shop:7", "club:9"]
    assert [(e.left.record_key, e.right.record_key, e.namespace, e.value) for e in told.tree] == [
        ("shop:7", "crm:1", "email", "ann@example.com"),
        ("club:9", "shop:7", "phone", "+12125550142"),
    ]
    assert told.profile_id == world.uid["crm:1"]


def test_the_path_between_two_records_goes_over_the_one_that_joins_them(world):
    told = explain_identity(world.database, world.uid["crm:1"], "crm:1", "club:9")
    assert [(step.left.record_key, step.right.record_key) for step in told.path] == [
        ("crm:1", "shop:7"),
        ("shop:7", "club:9"),
    ]
    assert told.shared == []
    assert told.words == (
        "crm:1 (Ann, born 1980-03-01) and shop:7 (Anna) share email ann@example.com; "
        "shop:7 (Anna) and club:9 share phone +12125550142"
    )


def test_what_two_records_share_themselves_is_told_beside_the_path(world):
    told = explain_identity(world.database, world.uid["crm:1"], "shop:7", "crm:1")
    assert [(each.namespace, each.value) for each in told.shared] == [("email", "ann@example.com")]


def test_a_record_alone_says_so(world):
    told = explain_identity(world.database, "crm:3")
    assert told.tree == []
    assert told.words.startswith("crm:3 (Dora) stands alone")


def test_a_path_into_another_profile_is_refused_with_the_way_out(world):
    with pytest.raises(InvalidRequest, match="why-not"):
        explain_identity(world.database, "crm:1", "crm:1", "crm:2")
    with pytest.raises(InvalidRequest, match="both records"):
        explain_identity(world.database, "crm:1", "crm:1")
    with pytest.raises(ProfileNotFound):
        explain_identity(world.database, uuid4())


def test_a_veto_is_told_with_the_two_values_that_clash(world):
    told = why_not(world.database, "crm:2", "crm:1")
    assert not told.one_person
    (veto,) = told.obstacles
    assert (veto.kind, veto.reason) == ("different people", "given names unlike")
    assert (veto.namespace, veto.value) == ("phone", "+12125550143")
    assert (veto.left, veto.right) == ("Bob", "Ann")


def test_a_value_that_identifies_nobody_is_told(world):
    told = why_not(world.database, "shop:8", "crm:3")
    (junk,) = told.obstacles
    assert (junk.kind, junk.namespace, junk.value) == (
        "value that joins nobody",
        "email",
        "noreply@example.com",
    )


def test_two_who_have_nothing_in_common_are_told_so(world):
    told = why_not(world.database, "email:bob@example.com", "club:10")
    assert [each.kind for each in told.obstacles] == ["nothing in common"]


def test_two_who_are_one_person_are_told_so_with_the_path(world):
    told = why_not(world.database, "club:9", "crm:1")
    assert told.one_person
    assert [step.value for step in told.path] == ["+12125550142", "ann@example.com"]
