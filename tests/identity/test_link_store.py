"""Records that share no identifier but plainly are one person become one profile; others do not."""

import pytest

from cdp.identities import Identities
from tests.identity.town import Town, a_row, background

MARGARET = ("club:1", "club:2", "club:3", "club:4")
STEWARD = {"by": "ada", "reason": "asked her"}


def test_one_person_by_four_spellings_is_one_profile(first_town: Town):
    assert first_town.together(*MARGARET)
    assert first_town.profiles.of_record("club", "3").records == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("club:2", "club:husband"),
        ("club:twin", "club:other-twin"),
        ("club:father", "club:son"),
        ("club:1", "club:only-given"),
        ("club:1", "club:only-family"),
        ("club:1", "club:no-date"),
    ],
)
def test_people_of_one_house_or_name_stay_apart(first_town: Town, one: str, other: str):
    assert not first_town.together(one, other)


def test_most_people_who_were_seen_twice_are_found_and_nobody_else(first_town: Town):
    _, shop = background()
    seen_twice = {frozenset((f"crm:{row['no'][1:]}", f"shop:{row['no']}")) for row in shop}
    found = {one for one in first_town.clusters() if len(one) > 1} - {frozenset(MARGARET)}
    assert found <= seen_twice
    assert len(found) > 0.75 * len(seen_twice)
    assert first_town.first.resolved.merges == len(found) + len(MARGARET) - 1


def test_a_second_run_finds_nothing_to_do(town: Town):
    again = town.link()
    assert (again.compared, again.came, again.went) == (0, 0, 0)
    assert again.merging == town.link().merging > 0


def test_a_full_run_on_the_same_data_changes_nothing(town: Town):
    before = town.clusters()
    again = town.link(full=True)
    assert again.compared == again.records > 300
    assert (again.came, again.went, again.trained) == (0, 0, False)
    assert again.resolved.merges == again.resolved.splits == 0
    assert town.clusters() == before


def test_new_and_changed_records_alone_come_to_what_a_full_run_comes_to(town: Town):
    crm, shop = background(people=40, seed=9)
    town.tell("members", crm[:20])
    town.link()
    town.tell("kiosk", shop)
    moved = [row | {"given": "Zoe", "born": "1999-09-09", "mail": ""} for row in crm[:3]]
    town.tell("members", [*moved, *crm[20:]])
    run = town.link()
    assert run.compared == len(shop) + 3 + 20
    alone = town.clusters()
    whole = town.link(full=True)
    assert town.clusters() == alone
    assert (whole.came, whole.went, whole.trained) == (0, 0, False)
    assert any(len({key[0] for key in one}) > 1 for one in alone)


def test_a_record_that_says_something_else_leaves_the_person_it_was_taken_for(town: Town):
    town.tell("club", [a_row("3", given="Rufus", family="Stone", born="1931-01-30")])
    town.link()
    assert not town.together("club:1", "club:3")
    assert town.together("club:1", "club:2", "club:4")


def test_what_lands_while_a_run_compares_is_compared_by_the_next(town: Town):
    late = a_row("9", given="Maggie", family="Smith", born="1979-02-11", postcode="97301")

    def tell_meanwhile(stage: str, _records: int) -> None:
        if stage == "compare":
            town.tell("late", [late])

    town.tell("kiosk", [a_row("1", given="Ann", family="Berg", born="1984-03-09")])
    town.link(progress=tell_meanwhile)
    assert not town.together("club:1", "late:9")
    assert town.link().compared == 1
    assert town.together("club:1", "late:9")


def test_a_run_that_is_killed_loses_nothing(town: Town):
    def killed(stage: str, _records: int) -> None:
        if stage == "write":
            raise KeyboardInterrupt

    town.tell("late", [a_row("9", given="Maggie", family="Smith", born="1979-02-11")])
    before = town.clusters()
    with pytest.raises(KeyboardInterrupt):
        town.link(progress=killed)
    assert town.clusters() == before
    assert town.link().compared == 1
    assert town.together("club:1", "late:9")


def test_stewards_decisions_outlive_runs_reloads_and_another_model(town: Town):
    identities = Identities(database=town.database)
    identities.cannot_link("club:1", "club:4", **STEWARD)
    identities.link("club:father", "club:son", **STEWARD)
    assert not town.together("club:1", "club:4")
    town.tell("club", [a_row("4", given="Peggy", family="Smyth", born="1979-02-11")])
    for options in ({}, {"full": True}, {"retrain": True}):
        town.link(**options)
        assert not town.together("club:1", "club:4")
        assert town.together("club:father", "club:son")


def test_an_undone_merge_is_not_made_again(town: Town):
    identities = Identities(database=town.database)
    entry = next(
        each
        for each in identities.log("club:2")
        if each.action == "merge" and each.cause == "probably one person"
    )
    identities.undo(entry.entry_id, **STEWARD)
    assert not town.together(*MARGARET)
    apart = town.clusters()
    town.link(full=True)
    assert town.clusters() == apart


def test_a_store_without_people_has_nothing_to_learn(database, tmp_path):
    empty = Town(database, tmp_path)
    assert empty.link().model is None
    empty.tell("club", [a_row("1", mail="ann@example.com"), a_row("2", mail="bo@example.com")])
    report = empty.link()
    assert (report.model, report.records) == (None, 0)
    strangers = ("Ann Berg", "1984-03-09"), ("Bo Dahl", "1960-12-30")
    empty.tell(
        "club", [a_row(name, given=name[:3], family=name[3:], born=at) for name, at in strangers]
    )
    report = empty.link()
    assert (report.model, report.records, report.trained) == (None, 2, False)


def test_a_store_that_has_doubled_learns_anew(database, tmp_path):
    town = Town(database, tmp_path)
    crm, shop = background(people=30)
    town.tell("crm", crm[:14])
    first = town.link()
    town.tell("crm", crm[14:20])
    assert not town.link().trained
    town.tell("crm", crm[20:])
    town.tell("shop", shop)
    again = town.link()
    assert (first.trained, again.trained, again.full) == (True, True, True)
    assert again.model != first.model
