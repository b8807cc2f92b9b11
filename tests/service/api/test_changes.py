"""The feed of changes misses nothing, and merges name both ids."""

from contextlib import ExitStack
from threading import Thread

from cdp.profile import rectify
from cdp.profile.fold import fold_stale_profiles
from cdp.store.profile import changes
from tests.promises.conftest import new_world
from tests.served import a_row

__all__ = ["new_world"]


def test_a_change_that_is_committed_late_is_not_missed(new_world):

    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([[a_row("crm", "1", 1, given="Ann"), a_row("crm", "2", 1, given="Bo")]])
        ids = world.ids()
        cursor = world.profiles.changes().next
        seen: list[str] = []

        def mark(uid: str) -> None:
            world.profiles.rectify(uid, "gender", "x", reason="a change")

        # The first change is made but not committed when the second one asks for its place.
        with world.database.transaction() as tx:
            rectify.rectify(tx, ids[0], "gender", "y", by="test", reason="late")
            second = Thread(target=mark, args=(ids[1],))
            second.start()
            page = world.profiles.changes(cursor)
            seen += [str(each.profile_id) for each in page.data]
        second.join()
        page = world.profiles.changes(page.next)
        seen += [str(each.profile_id) for each in page.data]
        assert seen == ids
        fold_stale_profiles(world.database)
        assert list(world.profiles.changes(page.next).data) == []


def test_a_merge_names_the_old_id_and_the_one_it_is_part_of(new_world):

    with ExitStack() as stack:
        world = new_world(stack)
        world.feed([[a_row("crm", "1", 1, email="a@example.com"),
                     a_row("crm", "2", 1, phone="+12125550142")]])  # fmt: skip
        older, newer = world.ids()
        cursor = world.profiles.changes().next
        world.feed([[a_row("shop", "9", 2, email="a@example.com", phone="+12125550142")]])
        told = {str(each.profile_id): each for each in world.profiles.changes(cursor).data}
        assert told[older].kind == "changed"
        assert told[newer].kind == "merged"
        assert str(told[newer].merged_into) == older
        assert str(world.profiles.get(newer).profile_id) == older


def test_a_profile_comes_once_a_page_as_it_is_now_and_what_changed_nothing_does_not_come(new_world):

    with ExitStack() as stack:
        world = new_world(stack)
        row = a_row("crm", "1", 1, given="Ann")
        for day in range(1, 4):
            world.feed([[a_row("crm", "1", day, given="Ann", city=f"City {day}")]])
        page = world.profiles.changes(with_profiles=True)
        (change,) = page.data
        assert change.profile.traits["address"] == {"city": "City 3"}
        world.feed([[row | {"city": "City 1"}]])
        assert list(world.profiles.changes(page.next).data) == []


def test_changes_that_later_ones_stand_for_are_dropped_and_no_cursor_grows_too_old(
    new_world, monkeypatch
):
    monkeypatch.setattr(changes, "FEW", 1)
    with ExitStack() as stack:
        world = new_world(stack)
        for day in range(1, 7):
            world.feed([[a_row("crm", "1", day, given="Ann", city=f"City {day}")]])
            with world.database.autocommit() as connection:
                connection.execute("ANALYZE profile, profile_change")
        old = world.profiles.changes(limit=1).next
        world.feed([[a_row("crm", "2", 1, given="Bo")]])
        assert {str(each.profile_id) for each in world.profiles.changes(old).data} <= set(
            world.ids()
        )
        assert {str(each.profile_id) for each in world.profiles.every_change()} == set(world.ids())
        with world.database.autocommit() as connection:
            kept = connection.execute("SELECT count(*) FROM profile_change").fetchone()
    assert kept
    assert kept[0] < 7
