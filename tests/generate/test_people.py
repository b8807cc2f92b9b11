"""Who the invented people are, and how channels see them."""

import dataclasses
from pathlib import Path

import phonenumbers
import polars as pl
import pytest
from email_validator import validate_email

from cdp.generate.chance import Chance
from cdp.generate.contacts import phone_numbers
from cdp.generate.people import companies_of, people_of, random_homes
from cdp.generate.view import HABITS, Habits, seen, with_typos


@pytest.fixture(scope="module")
def people():
    chance = Chance(1, "people")
    return people_of(random_homes(5_000, chance), companies_of(20, chance), chance)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 997])
def test_there_are_exactly_as_many_people_as_asked_for(count):
    chance = Chance(count, "people")
    people = people_of(random_homes(count, chance), companies_of(5, chance), chance)
    assert people["person_id"].to_list() == list(range(count))


def test_every_phone_number_is_valid_and_nobody_elses(people):
    numbers = pl.concat([people["mobile"], people["landline"].unique()])
    assert numbers.is_unique().all()
    assert all(
        phonenumbers.is_valid_number(phonenumbers.parse(number, "US"))
        for number in numbers.sample(500, seed=1)
    )


def test_phone_numbers_do_not_repeat():
    assert phone_numbers(pl.Series(range(400_000)).to_numpy()).is_unique().all()


def test_every_mailbox_is_its_owners_and_under_a_reserved_domain(people):
    for column in ("email", "second_email", "work_email"):
        mail = people[column].drop_nulls()
        assert mail.is_unique().all()
        assert mail.str.contains(r"@(?:[a-z0-9-]+\.)?example\.(?:com|net|org)$").all()
        for address in mail.sample(100, seed=1):
            validate_email(address, check_deliverability=False)


def test_a_household_shares_its_address_and_its_landline(people):
    homes = people.group_by("household_id").agg(pl.col("street", "landline").n_unique())
    assert homes["street"].max() == homes["landline"].max() == 1


def test_no_two_members_of_a_household_share_a_name_and_a_birth_date(people):
    assert people.select("household_id", "given", "birth_date").is_unique().all()


def test_a_channel_sees_some_people_wrongly_and_most_people_rightly(people):
    view = seen(people, HABITS["crm"], Chance(1, "crm"))
    right = (view["given_name"] == people["given"]).fill_null(value=False).mean()
    assert 0.8 < right < 0.95


def test_former_names_are_seen_only_of_those_who_changed_theirs(people):
    view = seen(people, HABITS["memberships"], Chance(1, "memberships"))
    former = (view["family_name"] == people["birth_family"]).fill_null(value=False)
    assert former.any()
    assert people.filter(former)["birth_family"].null_count() == 0


def test_a_typo_changes_one_or_two_neighbouring_letters_of_longer_words():
    written = pl.Series(["Elizabeth", "Bo", None] * 300)
    typed = with_typos(written, 1.0, Chance(1, "typos"))
    assert typed.filter(written == "Bo").unique().to_list() == ["Bo"]
    assert typed.null_count() == written.null_count()
    lengths = typed.filter(written == "Elizabeth").str.len_chars().unique().sort().to_list()
    assert lengths == [8, 9, 10]


def test_the_documented_departures_are_those_that_are_made():
    text = (Path(__file__).parents[2] / "docs/generator.md").read_text("utf-8")
    for field in dataclasses.fields(Habits):
        rates = [f"{getattr(habits, field.name):g}" for habits in HABITS.values()]
        assert f"| {field.name} | {' | '.join(rates)} |" in text
