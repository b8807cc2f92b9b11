"""Who is one person and who is not, situation by situation."""

from datetime import date
from itertools import permutations

import polars as pl
import pytest
from people import a_record, clustering_of, people, people_in

from cdp.identity.clusters.clustering import cluster
from cdp.identity.policy.declaration import identity_policy


def test_records_with_the_same_email_are_one_person():
    assert people_in(
        a_record("crm", "Anna", email="anna@example.com"),
        a_record("news", email="anna@example.com"),
        a_record("shop", email="ben@example.com"),
    ) == people("crm news", "shop")


def test_records_that_share_nothing_are_answered_like_all_others():
    alone = (a_record("shop", email="a@example.com"), a_record("crm", "Ben", phone="+1"))
    sharing = (a_record("x", email="c@example.com"), a_record("y", email="c@example.com"))
    short, whole = clustering_of(*alone), clustering_of(*alone, *sharing)
    assert short.members.equals(whole.members.head(2))
    for frame in ("joined", "refused", "blocked"):
        assert getattr(short, frame).is_empty()
        assert getattr(short, frame).schema == getattr(whole, frame).schema


def test_the_jacket_buyer_is_found_by_phone_alone():
    assert people_in(
        a_record("shop", "Anna", shop_user_id="17", phone="+12125550100"),
        a_record("store", loyalty_card="c9", phone="+12125550100"),
    ) == people("shop store")


def test_anna_and_ben_of_one_family_phone_stay_two():
    world = (a_record("a", "Anna", phone="+1"), a_record("b", "Ben", phone="+1"))
    assert people_in(*world) == people("a", "b")
    assert clustering_of(*world).refused.rows() == [(0, 1, "phone", "+1", "given names unlike")]


def test_bob_and_robert_of_one_phone_are_one():
    assert people_in(
        a_record("a", "Bob", phone="+1"), a_record("b", "ROBERT", phone="+1")
    ) == people("a b")


def test_a_couple_sharing_an_email_stays_two():
    assert people_in(
        a_record("a", "Anna", email="smiths@example.com"),
        a_record("b", "Ben", email="smiths@example.com"),
    ) == people("a", "b")


def test_father_and_son_of_one_name_and_phone_stay_two():
    assert people_in(
        a_record("father", "John", date(1951, 3, 8), phone="+1"),
        a_record("son", "John", date(1984, 11, 2), phone="+1"),
    ) == people("father", "son")


def test_twins_of_one_phone_stay_two():
    born = date(2001, 5, 6)
    assert people_in(
        a_record("anna", "Anna", born, phone="+1"), a_record("eva", "Eva", born, phone="+1")
    ) == people("anna", "eva")


def test_a_date_that_a_form_filled_in_parts_nobody():
    assert people_in(
        a_record("a", "John", date(1951, 3, 8), phone="+1"),
        a_record("b", "John", date(1900, 1, 1), phone="+1"),
    ) == people("a b")


def test_what_people_do_not_share_joins_them_whatever_their_names():
    assert people_in(
        a_record("a", "Anna", loyalty_card="c1"), a_record("b", "Maximilian", loyalty_card="c1")
    ) == people("a b")


def test_two_loyalty_cards_of_one_phone_are_two_people():
    world = (
        a_record("a", loyalty_card="c1", phone="+1"),
        a_record("b", loyalty_card="c2", phone="+1"),
    )
    assert people_in(*world) == people("a", "b")
    assert clustering_of(*world).refused["reason"].to_list() == ["two strong ids: loyalty_card"]


def test_two_customer_numbers_with_one_email_are_one_person_entered_twice():
    assert people_in(
        a_record("a", "Anna", customer_id="17", email="anna@example.com"),
        a_record("b", "Anna", customer_id="42", email="anna@example.com"),
    ) == people("a b")


def test_the_shared_tablet_keeps_two_profiles_in_any_order_of_arrival():
    world = (
        a_record("login-1", user_id="1", cookie_id="k"),
        a_record("login-2", user_id="2", cookie_id="k"),
        a_record("clicks", cookie_id="k"),
    )
    # The clicks could be of either; the smallest record key takes them, and it stays so.
    for arrival in permutations(world):
        assert people_in(*arrival) == people("clicks login-1", "login-2")


def test_a_record_without_a_name_does_not_bridge_two_people():
    world = (
        a_record("anna", "Anna", phone="+1"),
        a_record("ben", "Ben", phone="+1"),
        a_record("nobody", phone="+1"),
    )
    for arrival in permutations(world):
        assert people_in(*arrival) == people("anna nobody", "ben")


def test_a_record_without_a_name_does_not_bridge_two_people_by_two_values():
    world = (
        a_record("anna", "Anna", phone="+1"),
        a_record("ben", "Ben", email="home@example.com"),
        a_record("nobody", phone="+1", email="home@example.com"),
    )
    for arrival in permutations(world):
        assert people_in(*arrival) == people("anna", "ben nobody")  # e-mail is the stronger


def test_a_profile_never_gets_a_second_user_id_even_over_three_records():
    world = (
        a_record("a", user_id="1", email="x@example.com"),
        a_record("b", email="x@example.com", loyalty_card="c"),
        a_record("c", loyalty_card="c", user_id="2"),
    )
    for arrival in permutations(world):
        assert people_in(*arrival) == people("a", "b c")  # the card is the stronger
        assert clustering_of(*arrival).refused["reason"].to_list() == ["limit: user_id"]


def test_a_value_on_too_many_records_joins_nobody_and_is_reported():
    crowd = [a_record(f"r{n:03}", phone="+1") for n in range(51)]
    assert len(people_in(*crowd[:50])) == 1
    assert len(people_in(*crowd)) == 51
    assert clustering_of(*crowd).blocked.rows() == [("phone", "+1", 51)]


def test_a_value_known_as_junk_joins_nobody_though_its_carriers_are_not_all_here():
    blocked = pl.DataFrame({"namespace": ["phone"], "value": ["+1"]})
    world = (a_record("a", phone="+1"), a_record("b", phone="+1"))
    assert people_in(*world, blocked=blocked) == people("a", "b")


def test_people_of_one_household_or_address_are_not_one_person():
    assert people_in(
        a_record("a", household_id="7", address="1 main st"),
        a_record("b", household_id="7", address="1 main st"),
    ) == people("a", "b")


def test_a_company_and_its_clerk_never_become_one():
    assert people_in(
        a_record("acme", subject="account", phone="+1"),
        a_record("clerk", phone="+1"),
        a_record("acme-again", subject="account", phone="+1"),
    ) == people("acme acme-again", "clerk")


def test_a_profile_is_named_by_its_oldest_record_and_so_is_its_component():
    members = clustering_of(
        a_record("old", "Ben", phone="+1"),
        a_record("young", "Anna", phone="+1", email="anna@example.com"),
        a_record("younger", email="anna@example.com"),
    ).members
    assert members.rows() == [(0, 0, 0), (1, 0, 1), (2, 0, 1)]


def test_each_record_says_by_what_it_hangs_on():
    joined = clustering_of(
        a_record("a", email="a@example.com", phone="+1"),
        a_record("b", email="a@example.com", phone="+1"),
        a_record("c", phone="+1"),
    ).joined
    assert joined.rows() == [(1, 0, "email", "a@example.com", 0), (2, 0, "phone", "+1", 0)]


def test_a_late_bridge_is_what_holds_two_older_records_together():
    joined = clustering_of(
        a_record("a", email="a@example.com"),
        a_record("b", phone="+1"),
        a_record("bridge", email="a@example.com", phone="+1"),
    ).joined
    assert joined.rows() == [(1, 0, "phone", "+1", 2), (2, 0, "email", "a@example.com", 0)]


@pytest.mark.parametrize("world", [[], [a_record("alone")], [a_record("a", email="x@example.com")]])
def test_nothing_to_join_is_no_trouble(world):
    clustering = clustering_of(*world)
    assert clustering.members.height == len(world)
    assert (clustering.joined.height, clustering.refused.height) == (0, 0)


def test_ids_may_be_texts_and_values_hashes():
    records = pl.DataFrame({
        "record_uid": ["018f-b", "018f-a"], "record_key": ["x", "y"], "subject": "person",
        "given_name": ["Anna", None], "family_name": pl.Series([None, None], dtype=pl.String),
        "birth_date": pl.Series([None, None], dtype=pl.Date),
    })  # fmt: skip
    identifiers = pl.DataFrame({
        "record_uid": ["018f-b", "018f-a"], "namespace": "email", "value": [77, 77],
    })  # fmt: skip
    members = cluster(records, identifiers, identity_policy()).members
    assert members["profile_id"].to_list() == ["018f-a", "018f-a"]
