"""The promises on decisions, over random rows: exact undo, lasting ids, and re-runs that change nothing."""

from contextlib import ExitStack
from datetime import UTC, datetime

import hypothesis.strategies as st
from hypothesis import HealthCheck, example, given, settings

from cdp.identities import Identities
from cdp.identity.resolve import resolve_everything
from cdp.profile.fold import fold_stale_profiles
from tests.promises.decided import (
    SAID,
    bodies,
    clusters,
    decide,
    decisions,
    merges,
    owners,
    standing_merges,
)
from tests.promises.world import World, row, rows

examples = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def later(said):
    """The same rows a year after."""
    return [row | {"at": row["at"].replace("2024", "2025")} for row in said]


def re_resolve(world: World) -> None:
    resolve_everything(world.database)
    fold_stale_profiles(world.database)


@examples
@example(  # two kept apart by a birth date, and one who comes with the other's
    said=[
        row("crm", "4", 1, phone="+12125550142", born="1980-03-01"),
        row("club", "3", 2, phone="+12125550142", card="c-100", born="1991-12-24"),
    ],
    bridge=[row("club", "4", 3, card="c-100", born="1980-03-01")],
)
@given(said=rows(), bridge=rows(most=1))
def test_undoing_the_merge_of_a_record_gives_back_every_other_profile_to_the_byte(
    new_world, said, bridge
):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        before, seen = bodies(world), merges(world)
        world.feed([[row | {"key": "9", "channel": "crm"} for row in later(bridge)]])
        joined = world.profiles.of_record("crm", "9")
        together = {each.record_uid for each in world.profiles.records(joined.profile_id)}
        came = world.profiles.records(joined.profile_id)[-1].record_uid
        for merge in standing_merges(world, but=seen):
            if merge["other_id"] == came:
                Identities(database=world.database).undo(merge["entry_id"], **SAID)
        assert standing_merges(world, but=seen) == []
        # Its evidence may lead to others, which those it is kept apart from had ruled out.
        apart = world.profiles.of_record("crm", "9").profile_id
        found = {each.record_uid for each in world.profiles.records(apart)}
        assert found & together == {came}
        before.pop(apart, None)
        after = bodies(world)
        del after[apart]
        assert after == before


@examples
@given(said=rows(), link=st.tuples(st.integers(0, 20), st.integers(0, 20)))
def test_a_link_that_is_revoked_leaves_no_trace_in_any_profile(new_world, said, link):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        before = bodies(world)
        uids = sorted(owners(world))
        one, other = (uids[n % len(uids)] for n in link)
        if one == other:
            return
        identities = Identities(database=world.database)
        linked = identities.link(one, other, **SAID)
        assert owners(world)[one] == owners(world)[other]
        identities.revoke(linked.decision.decision_id, **SAID)
        assert bodies(world) == before


@examples
@given(said=rows(), more=rows(most=4), size=st.integers(1, 5))
def test_an_undone_merge_is_as_if_it_had_been_forbidden_from_the_start(new_world, said, more, size):
    with ExitStack() as stack:
        undone, forbidden = new_world(stack), new_world(stack)
        for world in (undone, forbidden):
            world.feed([said])
        known = set(owners(undone))
        names = dict(zip(sorted(known), sorted(owners(forbidden)), strict=True))
        seen = merges(undone)
        undone.feed([later(more)])
        of_known = [each for each in standing_merges(undone, but=seen) if each["other_id"] in known]
        if not of_known:
            return
        entry = of_known[0]
        Identities(database=undone.database).undo(entry["entry_id"], **SAID)
        pair = [names[entry["profile_id"]], names[entry["other_id"]]]
        Identities(database=forbidden.database).cannot_link(*pair, **SAID)
        forbidden.feed([later(more)])
        assert undone.people() == forbidden.people()
        for again in (later(more), said):
            undone.feed([again[n : n + size] for n in range(0, len(again), size)])
        re_resolve(undone)
        assert undone.people() == forbidden.people(), "no run makes the merge again"


@examples
@given(said=rows(), more=rows(), decided=decisions, decided_later=decisions)
def test_every_id_ever_given_out_answers_for_its_record(
    new_world, said, more, decided, decided_later
):
    with ExitStack() as stack:
        world = new_world(stack)
        given_out = set()
        for batch, verdicts in ((said, decided), (later(more), decided_later)):
            world.feed([batch])
            given_out |= set(world.ids())
            decide(world, verdicts)
            given_out |= set(world.ids())
        owner = {str(uid): str(profile) for uid, profile in owners(world).items()}
        assert given_out <= owner.keys()
        for uid, profile in owner.items():
            assert str(world.profiles.get(uid).profile_id) == profile
        assert set(world.ids()) == set(owner.values())


@examples
@given(said=rows(), decided=decisions)
def test_a_full_re_run_finds_what_the_single_steps_have_found(new_world, said, decided):
    with ExitStack() as stack:
        world = new_world(stack)
        for row in said:
            world.feed([[row]])
        decide(world, decided)
        before, log = bodies(world), merges(world)
        resolved = resolve_everything(world.database)
        assert (resolved.merges, resolved.splits, resolved.blocks, resolved.cuts) == (0, 0, 0, 0)
        assert fold_stale_profiles(world.database) == 0
        assert (bodies(world), merges(world)) == (before, log)


@examples
@given(said=rows(), decided=decisions)
def test_decisions_outlive_a_reload_and_hold_in_any_order_of_rows(new_world, said, decided):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        decide(world, decided)
        before = clusters(world)
        world.feed([[row] for row in reversed(said)])
        assert clusters(world) == before


@examples
@given(said=rows(), decided=decisions)
def test_a_profile_as_of_a_time_is_what_it_was_whatever_was_decided_since(new_world, said, decided):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        seen = []
        for decision in decided:
            decide(world, [decision])
            seen.append((datetime.now(UTC), {uid: world.profiles.get(uid) for uid in world.ids()}))
        for moment, profiles in seen:
            for uid, profile in profiles.items():
                assert world.profiles.get(uid, as_of=moment) == profile
