"""The promises of the design, over random inputs: order, repetition, one truth, provenance, ids."""

import random
from contextlib import ExitStack
from datetime import UTC, datetime

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from tests.promises.world import Row, rows

examples = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def batched(said: list[Row], size: int) -> list[list[Row]]:
    return [said[start : start + size] for start in range(0, len(said), size)]


@examples
@given(said=rows(), seed=st.integers(0, 999), size=st.integers(1, 6))
def test_any_order_batching_and_repetition_end_in_the_same_people(new_world, said, seed, size):
    mixed = [*said, *said[: len(said) // 2]]
    random.Random(seed).shuffle(mixed)  # noqa: S311  a shuffle, no secret
    with ExitStack() as stack:
        plain, shuffled = new_world(stack), new_world(stack)
        plain.feed([said])
        shuffled.feed(batched(mixed, size))
        assert shuffled.people() == plain.people()


@examples
@given(said=rows())
def test_rows_pushed_one_by_one_and_loaded_in_bulk_are_one_truth(new_world, said):
    with ExitStack() as stack:
        bulk, single = new_world(stack), new_world(stack)
        bulk.feed([said])
        single.feed([[row] for row in said])
        assert single.people() == bulk.people()


@examples
@given(said=rows())
def test_the_same_rows_again_change_nothing(new_world, said):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        people, ids = world.people(), world.ids()
        again = world.feed([said])
        assert (world.people(), world.ids()) == (people, ids)
        assert [(report.landed.versions, report.landed.events) for report in again] == [
            (0, 0)
        ] * len(again)


@examples
@given(said=rows(), more=rows())
def test_an_id_once_given_out_always_answers_for_its_record(new_world, said, more):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        handed_out = {
            record.record_uid: (record.channel, record.record_key)
            for uid in world.ids()
            for record in world.profiles.records(uid)
        }
        world.feed([[row | {"at": row["at"].replace("2024", "2025")} for row in more]])
        for uid, record in handed_out.items():
            profile = world.profiles.get(uid)
            assert record in {(r.channel, r.record_key) for r in world.profiles.records(uid)}
            assert str(profile.profile_id) in world.ids()


@examples
@given(said=rows(), size=st.integers(1, 5))
def test_a_profile_as_of_a_time_is_what_it_was_then(new_world, said, size):
    with ExitStack() as stack:
        world = new_world(stack)
        seen = []
        for batch in batched(said, size):
            world.feed([batch])
            now = datetime.now(UTC)
            seen.append((now, {uid: world.profiles.get(uid) for uid in world.ids()}))
        for moment, profiles in seen:
            for uid, profile in profiles.items():
                assert world.profiles.get(uid, as_of=moment) == profile


@examples
@given(said=rows())
def test_every_value_names_its_source_its_rule_and_the_values_that_lost(new_world, said):
    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([said])
        for uid in world.ids():
            profile = world.profiles.get(uid)
            for name in profile.traits:
                why = world.profiles.explain(uid, name)
                assert why.value == profile.traits[name]
                assert why.carried_by
                assert all(s.value == why.value for s in why.carried_by) or why.rule == "union"
                assert all(s.value != why.value for s in why.lost)


@examples
@given(said=rows(), broken=st.lists(st.integers(0, 13), max_size=5))
def test_every_row_read_is_accepted_or_in_quarantine(new_world, said, broken):
    for index in broken:
        if index < len(said):
            said[index] = said[index] | {"born": "the day before yesterday"}
    bad = sum(row["born"] == "the day before yesterday" for row in said)
    with ExitStack() as stack:
        world = new_world(stack)
        reports = world.feed([said])
        status = world.profiles.status()
        assert sum(report.landed.read for report in reports) == len(said)
        assert sum(channel.rows_accepted for channel in status.channels) == len(said) - bad
        assert sum(channel.open_quarantine for channel in status.channels) == bad
