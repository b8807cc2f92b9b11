"""Link, cannot-link, detach, undo and revoke: what each does, at once and for good."""

from datetime import UTC, datetime

import pytest

from cdp.errors import DecisionContradicted, DecisionNotFound, InvalidRequest, ProfileNotFound
from cdp.identity.resolve import resolve_everything
from tests.identity.rows import a_row, people, persons, uid_of

SAID = {"by": "eva", "reason": "spoke with her"}


def test_a_link_makes_one_of_two_who_have_nothing_in_common(world, identities):
    world.feed([[a_row("a", email="ann@example.com"), a_row("b", given="Ann")]])
    done = identities.link(uid_of(world, "a"), ("crm", "b"), **SAID)
    assert persons(world) == people("a b")
    assert [each.records for each in done.before] == [1, 1]
    assert [(each.profile_id, each.records) for each in done.after] == [(uid_of(world, "a"), 2)]
    assert (done.decision.decided_by, done.decision.reason) == ("eva", "spoke with her")


def test_a_link_stands_above_limits_and_vetoes(world, identities):
    world.feed(
        [
            [
                a_row("a", given="Ann", born="1980-03-01", email="x@example.com"),
                a_row("b", given="Cyril", born="1991-12-24", email="x@example.com"),
            ]
        ]
    )
    assert persons(world) == people("a", "b")
    identities.link(uid_of(world, "a"), uid_of(world, "b"), **SAID)
    assert persons(world) == people("a b")
    world.feed([[a_row("c", given="Ann", email="x@example.com")]])
    assert persons(world) == people("a b c"), "who says nothing new may join them"


def test_a_cannot_link_parts_two_and_nothing_joins_them_again(world, identities):
    said = [a_row("a", email="x@example.com", given="Ann"), a_row("b", email="x@example.com")]
    world.feed([said])
    assert persons(world) == people("a b")
    identities.cannot_link(uid_of(world, "a"), uid_of(world, "b"), **SAID)
    assert persons(world) == people("a", "b")
    world.feed([said, [a_row("a", 2, card="c-1"), a_row("b", 2, card="c-1")]])
    resolve_everything(world.database)
    assert persons(world) == people("a", "b")


def test_of_two_profiles_named_by_their_ids_all_records_are_kept_apart(world, identities):
    world.feed([
        [
            a_row("a", email="x@example.com"), a_row("b", email="x@example.com"),
            a_row("c", card="c-1"),
        ]
    ])  # fmt: skip
    identities.cannot_link(uid_of(world, "a"), uid_of(world, "c"), **SAID)
    world.feed([[a_row("b", 2, card="c-1")]])
    assert persons(world) == people("a b", "c")


def test_detach_takes_one_record_out_and_leaves_the_others(world, identities):
    world.feed([[a_row(key, email="x@example.com") for key in "abc"]])
    identities.detach(("crm", "b"), **SAID)
    assert persons(world) == people("a c", "b")
    with pytest.raises(InvalidRequest, match="only one of its profile"):
        identities.detach(("crm", "b"), **SAID)


def test_undo_gives_back_both_as_they_were_and_the_merge_is_not_made_again(world, identities):
    world.feed(
        [
            [
                a_row("a", email="x@example.com", spent="1.00", order_no="o1", says="granted"),
                a_row("b", email="x@example.com", city="Oslo"),
                a_row("c", phone="+12125550142", spent="2.00", order_no="o2", says="denied"),
                a_row("d", phone="+12125550142", club="choir"),
            ]
        ]
    )
    before = world.people()
    world.feed([[a_row("e", email="x@example.com", phone="+12125550142")]])
    assert persons(world) == people("a b c d e")
    merged = [
        entry for entry in identities.log(("crm", "a")) if entry.other_id == uid_of(world, "c")
    ]
    done = identities.undo(merged[0].entry_id, **SAID)
    assert persons(world) == people("a b e", "c d")
    assert done.decision.entry_id == merged[0].entry_id
    identities.undo((("crm", "a"), ("crm", "e")), **SAID)
    assert {made_of: body for made_of, body in world.people().items() if len(made_of) > 1} == before
    world.feed([[a_row("e", 2, email="x@example.com", phone="+12125550142")]])
    resolve_everything(world.database)
    assert persons(world) == people("a b", "c d", "e")


@pytest.mark.parametrize("bridge", ["a new record", "a record that was there"])
def test_what_a_record_bridged_comes_apart_in_one_call(world, identities, bridge):
    there = [
        a_row("a", email="x@example.com", spent="1.00", order_no="o1"),
        a_row("b", email="x@example.com"),
        a_row("c", phone="+12125550142", spent="2.00", order_no="o2", says="denied"),
        a_row("d", phone="+12125550142"),
        a_row("e", card="c-1", club="choir"),
    ]
    world.feed([there])
    before = world.people()
    if bridge == "a record that was there":
        world.feed([[a_row("f")]])
    joining = {"email": "x@example.com", "phone": "+12125550142", "card": "c-1"}
    world.feed([[a_row("f", 2, **joining)]])
    assert persons(world) == people("a b c d e f")
    done = identities.undo((("crm", "a"), ("crm", "f")), **SAID)
    assert [side.records for side in done.decision.sides] == [1, 2, 2, 1]
    world.feed([[a_row("f", 3, **joining)]])
    resolve_everything(world.database)
    assert persons(world) == people("a b", "c d", "e", "f")
    assert before.items() <= world.people().items()
    identities.revoke(done.decision.decision_id, **SAID)
    assert persons(world) == people("a b c d e f")


def test_an_undoing_that_is_revoked_is_undone(world, identities):
    world.feed([[a_row("a", email="x@example.com")], [a_row("b", email="x@example.com")]])
    merged = world.people()
    undone = identities.undo((uid_of(world, "a"), uid_of(world, "b")), **SAID)
    assert persons(world) == people("a", "b")
    identities.revoke(undone.decision.decision_id, **SAID)
    assert world.people() == merged
    with pytest.raises(InvalidRequest, match="revoked before"):
        identities.revoke(undone.decision.decision_id, **SAID)


def test_the_past_is_read_as_it_was_decided_then(world, identities):
    world.feed([[a_row("a", email="x@example.com"), a_row("b", email="x@example.com")]])
    uid = uid_of(world, "b")
    moments = [(datetime.now(UTC), world.profiles.get(uid))]
    parted = identities.detach(uid, **SAID)
    moments.append((datetime.now(UTC), world.profiles.get(uid)))
    identities.revoke(parted.decision.decision_id, **SAID)
    moments.append((datetime.now(UTC), world.profiles.get(uid)))
    assert [profile.records for _, profile in moments] == [2, 1, 2]
    for moment, profile in moments:
        assert world.profiles.get(uid, as_of=moment) == profile


def test_who_contradicts_a_standing_decision_is_told_which_and_what_to_do(world, identities):
    world.feed([[a_row("a", email="x@example.com"), a_row("b", email="x@example.com"), a_row("c")]])
    apart = identities.cannot_link(uid_of(world, "a"), uid_of(world, "b"), **SAID).decision
    with pytest.raises(
        DecisionContradicted, match=rf"{apart.decision_id} keeps them apart.*revoke"
    ):
        identities.link(uid_of(world, "b"), uid_of(world, "a"), **SAID)
    linked = identities.link(uid_of(world, "b"), uid_of(world, "c"), **SAID).decision
    with pytest.raises(DecisionContradicted, match=f"{apart.decision_id} keeps them apart"):
        identities.link(uid_of(world, "c"), uid_of(world, "a"), **SAID)
    with pytest.raises(DecisionContradicted, match=f"{linked.decision_id} links them"):
        identities.detach(uid_of(world, "c"), **SAID)


def test_what_cannot_be_decided_says_why(world, identities):
    world.feed([[a_row("a", email="x@example.com"), a_row("b")]])
    a, b = uid_of(world, "a"), uid_of(world, "b")
    nobody = "00000000-0000-7000-8000-000000000000"
    with pytest.raises(ProfileNotFound):
        identities.link(a, nobody, **SAID)
    with pytest.raises(ProfileNotFound, match="no record in 'crm'"):
        identities.link(a, ("crm", "zz"), **SAID)
    with pytest.raises(InvalidRequest, match="same record"):
        identities.link(a, ("crm", "a"), **SAID)
    with pytest.raises(InvalidRequest, match="reason"):
        identities.link(a, b, by="eva", reason=" ")
    with pytest.raises(InvalidRequest, match="who decides"):
        identities.link(a, b, by="", reason="x")
    with pytest.raises(DecisionNotFound, match="no decision"):
        identities.revoke(nobody, **SAID)
    with pytest.raises(DecisionNotFound, match="no merge"):
        identities.undo((a, b), **SAID)
    with pytest.raises(InvalidRequest, match="is no id"):
        identities.revoke("nonsense", **SAID)
    assert identities.decisions() == []


def test_a_merge_that_is_no_more_cannot_be_undone(world, identities):
    world.feed([[a_row("a", email="x@example.com")], [a_row("b", email="x@example.com")]])
    identities.detach(("crm", "b"), **SAID)
    with pytest.raises(InvalidRequest, match=r"not one profile any more.*cannot-link"):
        identities.undo((("crm", "a"), ("crm", "b")), **SAID)


def test_decisions_are_listed_with_who_when_and_why(world, identities):
    world.feed([[a_row("a", email="x@example.com"), a_row("b", email="x@example.com"), a_row("c")]])
    parted = identities.detach(("crm", "b"), **SAID).decision
    linked = identities.link(("crm", "a"), ("crm", "c"), by="max", reason="same passport").decision
    assert identities.decisions() == [linked, parted]
    assert identities.decisions(("crm", "b")) == [parted]
    identities.revoke(linked.decision_id, by="eva", reason="a typo")
    assert identities.decisions() == [parted]
    (revoked, _) = identities.decisions(revoked=True)
    assert (revoked.revoked_by, revoked.revoke_reason) == ("eva", "a typo")


def test_the_log_names_the_decision_behind_a_merge_and_a_split(world, identities):
    world.feed([[a_row("a"), a_row("b")]])
    linked = identities.link(("crm", "a"), ("crm", "b"), **SAID).decision
    identities.revoke(linked.decision_id, **SAID)
    split, merge = identities.log(("crm", "a"))
    assert (merge.action, merge.namespace, merge.value) == (
        "merge", "steward link", str(linked.decision_id),
    )  # fmt: skip
    assert (split.action, split.cause) == (
        "split", f"a steward's decision: revoked {linked.decision_id}",
    )  # fmt: skip
