"""Another policy: what it would change, what it changes, and taking it back."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saying import a_row

from cdp.errors import InvalidRequest
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.policy.preview import preview
from cdp.identity.policy.versions import apply, revert, versions
from cdp.profile.fold import fold_stale_profiles
from cdp.settings import settings as environment
from tests.promises.world import World, rows

examples = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# Changes of guards alone, of normal forms, and of what is blocked.
CHANGES = (
    {"namespaces": {"phone": {"vetoes": []}}},
    {"namespaces": {"phone": {"links": False}}},
    {"namespaces": {"phone": {"shared_by": 1}, "email": {"shared_by": 1}}},
    {"namespaces": {"loyalty_card": {"per_profile": 1}, "email": {"priority": 95}}},
    {"namespaces": {"loyalty_card": {"normaliser": "exact"}}},
    {"blocked_values": ["ann@example.com", "+12125550142"]},
    {"email_rules": [{"domains": ["example.com"], "canonical": "example.org"}]},
    {"cluster": {"most_given_names": 1, "most_birth_dates": 1}},
    {"spread": {"records": 1, "ids": 1, "emails": 1}},
)


def policy_of(*changes):
    """The shipped policy extended by some changes."""
    document = {}
    for change in changes:
        for section, value in change.items():
            held = document.setdefault(section, type(value)())
            if isinstance(value, list):
                held += value
            elif section == "namespaces":
                for name, entry in value.items():
                    held.setdefault(name, {}).update(entry)
            else:
                held.update(value)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(yaml.safe_dump(document))
        return identity_policy.__wrapped__(file)


STATE = {
    "profiles": "SELECT profile_id::text, subject, records, body::text, search_text FROM profile ORDER BY 1",
    "clusters": "SELECT record_uid::text, profile_id::text, component_id::text FROM source_record ORDER BY 1",
    "identifiers": """SELECT namespace, value, record_uid::text, observed_at::text, recorded_at::text
        FROM record_identifier WHERE withdrawn_at IS NULL ORDER BY 1, 2, 3""",
    "blocks": "SELECT namespace, value, records, blocked_at::text FROM identifier_block ORDER BY 1, 2",
    "refusals": "SELECT record_uid::text, other_uid::text, namespace, value, reason FROM refused_link ORDER BY 1, 2, 3, 4",
}


def state(world):
    """Everything that tells who is who, and the profiles to the byte."""
    fold_stale_profiles(world.database)
    with world.database.autocommit() as connection:
        return {name: connection.execute(query).fetchall() for name, query in STATE.items()}


@pytest.fixture
def new_world(new_database, tmp_path_factory):
    """Makes an empty world that ends with the given stack."""

    def make(stack):
        return World(stack.enter_context(new_database()), tmp_path_factory.mktemp("world"))

    return make


def new_family(database, folder):
    """Ann and Bob with one phone, and a club card that Ann also writes with a dash."""
    world = World(database, folder)
    world.feed([[
        a_row("crm", "1", given="Ann", email="ann@example.com", phone="+12125550142"),
        a_row("crm", "2", given="Bob", email="bob@example.com", phone="+12125550142"),
        a_row("shop", "3", given="Ann", card="98-26 1137"),
        a_row("club", "4", given="Ann", card="98261137"),
    ]])  # fmt: skip
    return world


@pytest.fixture
def family(database, tmp_path):
    return new_family(database, tmp_path)


@pytest.fixture(scope="module")
def untouched(new_database, tmp_path_factory):
    """A family of which nothing is changed."""
    with new_database() as database:
        yield new_family(database, tmp_path_factory.mktemp("family"))


def test_a_preview_tells_a_merge_with_its_evidence_and_writes_nothing(untouched):
    before = state(untouched)
    found = preview(untouched.database, policy_of({"namespaces": {"phone": {"vetoes": []}}}))
    assert (found.merges, found.splits) == (1, 0)
    assert (found.profiles_before, found.profiles_after) == (3, 2)
    (merge,) = found.sample
    assert merge.kind == "merge"
    assert [(step.namespace, step.value) for step in merge.evidence] == [("phone", "+12125550142")]
    assert found.elsewhere == {merge.other_id: merge.profile_id}
    assert [each.records for each in found.largest_before][:3] == [2, 1, 1]
    assert [d.key for d in found.differences] == ["namespaces.phone.vetoes"]
    assert state(untouched) == before


def test_a_preview_tells_a_split_with_what_joined_and_what_would_part(untouched):
    found = preview(
        untouched.database, policy_of({"namespaces": {"loyalty_card": {"normaliser": "exact"}}})
    )
    assert (found.merges, found.splits) == (0, 1)
    assert (found.identifiers_lost, found.identifiers_gained) == (1, 1)
    (split,) = found.sample
    assert [step.value for step in split.evidence] == ["98261137"]
    assert [each.kind for each in split.obstacles] == ["nothing in common"]


def test_a_value_that_a_policy_makes_junk_is_told(untouched):
    found = preview(
        untouched.database, policy_of({"namespaces": {"loyalty_card": {"shared_by": 1}}})
    )
    assert [(each.namespace, each.value, each.records) for each in found.blocked] == [
        ("loyalty_card", "98261137", 2)
    ]
    (split,) = found.sample
    assert [each.kind for each in split.obstacles] == ["blocked value"]


def test_what_was_previewed_is_what_is_applied(family):
    policy = policy_of({"namespaces": {"phone": {"vetoes": []}}})
    told = preview(family.database, policy)
    done = apply(family.database, policy, by="ada", note="one household, one customer")
    assert (done.version, done.merges, done.splits) == (2, told.merges, told.splits)
    with family.database.autocommit() as connection:
        causes = connection.execute(
            "SELECT action, cause FROM identity_log WHERE logged_at = "
            "(SELECT max(applied_at) FROM policy_version)"
        ).fetchall()
    assert ("merge", "policy version 2") in causes


def test_a_raised_limit_lets_a_value_join_again(family):
    apply(family.database, policy_of({"namespaces": {"loyalty_card": {"shared_by": 1}}}), by="ada")
    assert len(state(family)["blocks"]) == 1
    assert len(state(family)["profiles"]) == 4
    apply(family.database, policy_of({"namespaces": {"loyalty_card": {"shared_by": 2}}}), by="ada")
    assert state(family)["blocks"] == []
    assert len(state(family)["profiles"]) == 3


def test_ingestion_goes_on_by_the_live_policy_and_says_that_the_file_differs(
    family, monkeypatch, tmp_path, caplog
):
    file = tmp_path / "policy.yaml"
    file.write_text("namespaces: {phone: {vetoes: []}}")
    monkeypatch.setenv("CDP_POLICY", str(file))
    environment.cache_clear()
    try:
        for key in ("5", "6"):
            family.feed([[a_row("crm", key, given="Cyril", phone="+12125550142")]])
    finally:
        environment.cache_clear()
    told = [each.message for each in caplog.records if "cdp identity preview" in each.message]
    assert len(told) == 1
    assert len(state(family)["profiles"]) == 4
    assert [each.version for each in versions(family.database)] == [1]


def test_the_versions_tell_who_when_and_why(family):
    apply(family.database, policy_of(CHANGES[0]), by="ada", note="a try")
    revert(family.database, by="bea", note="no good")
    apply(family.database, policy_of(CHANGES[1]), by="ada")
    told = [
        (v.version, v.live, v.applied_by, v.note, v.reverted_by) for v in versions(family.database)
    ]
    assert told == [
        (3, True, "ada", "", None),
        (2, False, "ada", "a try", "bea"),
        (1, False, "first ingestion", "", None),
    ]


def test_a_policy_that_is_live_and_a_first_version_cannot_be_applied_or_reverted(untouched):
    with pytest.raises(InvalidRequest, match="live already, as version 1"):
        apply(untouched.database, identity_policy(), by="ada")
    with pytest.raises(InvalidRequest, match="no policy has been applied"):
        revert(untouched.database, by="ada")


@examples
@given(said=rows(), changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3))
def test_reverting_a_policy_gives_back_every_profile_to_the_byte(new_world, said, changes):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        before = state(world)
        apply(world.database, policy_of(*changes), by="ada")
        changed = state(world)
        revert(world.database, by="ada")
        assert state(world) == before
        apply(world.database, policy_of(*changes), by="ada")
        again = state(world)
        for name in ("profiles", "clusters", "refusals"):
            assert again[name] == changed[name]


@examples
@given(said=rows(), more=rows(), change=st.sampled_from(CHANGES))
def test_a_policy_applied_late_ends_where_it_would_have_from_the_start(
    new_world, said, more, change
):
    later = [row | {"at": row["at"].replace("2024", "2025")} for row in more]
    with ExitStack() as stack:
        late, early = new_world(stack), new_world(stack)
        apply(early.database, policy_of(change), by="ada")
        early.feed([said, later])
        late.feed([said])
        apply(late.database, policy_of(change), by="ada")
        late.feed([later])
        assert late.people() == early.people()
