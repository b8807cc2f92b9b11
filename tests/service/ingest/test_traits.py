"""Traits: reserved ones in their canonical names, others as they are, absent and null ones."""

from collections.abc import Callable
from typing import Any

import pytest

from cdp.channel.push import traits
from tests.service.ingest.conftest import Service

Message = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "said",
    [
        {"firstName": "Ann", "lastName": "Lee", "postalAddress": None},
        {"first_name": "Ann", "last_name": "Lee"},
        {"name": {"first": "Ann", "last": "Lee"}},
    ],
)
def test_names_are_read_in_every_spelling(said: dict[str, Any]):
    assert traits.person(said).traits["name"] == {"given": "Ann", "family": "Lee"}


def test_reserved_traits_get_their_canonical_names_and_types():
    stated = traits.person(
        {
            "address": {"street": "1 Main St", "postalCode": "01234", "state": "CA", "line2": "b"},
            "age": "31",
            "birthday": "1990-05-31",
            "createdAt": "2019-02-03T10:00:00Z",
            "description": "runs",
            "title": "Clerk",
            "email": "ann@example.com",
            "phone": 15551234567,
            "favoriteColor": "teal",
            "interests": ["run"],
        }
    )
    assert stated.identifiers == {"email": "ann@example.com", "phone": "15551234567"}
    assert stated.traits == {
        "address": {"street": "1 Main St", "postcode": "01234", "region": "CA"},
        "custom.address_line2": "b",
        "age": 31,
        "birth_date": "1990-05-31",
        "customer_since": "2019-02-03",
        "bio": "runs",
        "job_title": "Clerk",
        "custom.favoriteColor": "teal",
        "interests": ["run"],
    }


def test_a_value_that_the_registry_does_not_admit_is_kept_as_custom():
    stated = traits.person({"age": "grown up", "birthday": "in May", "gender": {"a": 1}})
    assert stated.traits == {
        "custom.age": "grown up",
        "custom.birthday": "in May",
        "custom.gender": {"a": 1},
    }


def test_null_takes_a_trait_back_and_an_absent_one_stays(service: Service, message: Message):
    service.push(
        message(
            "identify",
            userId="u-1",
            timestamp="2024-01-01T00:00:00Z",
            traits={"plan": "pro", "age": 31, "firstName": "Ann", "address": {"city": "Pune"}},
        )
    )
    service.push(
        message(
            "identify",
            userId="u-1",
            timestamp="2024-01-02T00:00:00Z",
            traits={"plan": None, "lastName": "Lee", "address": {"city": None}},
        )
    )
    assert dict(service.person(user_id="u-1").traits) == {
        "age": 31,
        "name": {"given": "Ann", "family": "Lee"},
    }


def test_the_later_statement_wins_though_it_arrived_first(service: Service, message: Message):
    for day, plan in (("02", "late"), ("01", "early")):
        service.push(
            message("identify", userId="u", timestamp=f"2024-01-{day}", traits={"plan": plan})
        )
    assert service.person(user_id="u").traits == {"custom.plan": "late"}


def test_two_identifies_of_one_moment_both_count(service: Service, message: Message):
    moment = "2024-01-01T00:00:00.000Z"
    service.push(
        message("identify", userId="u", timestamp=moment, traits={"email": "ann@example.com"}),
        message("identify", userId="u", timestamp=moment, traits={"plan": "pro"}),
    )
    person = service.person(user_id="u")
    assert person.identifiers["email"] == ["ann@example.com"]
    assert person.traits == {"custom.plan": "pro"}


def test_traits_of_the_context_stand_in_for_absent_ones(service: Service, message: Message):
    service.push(message("identify", userId="u", context={"traits": {"plan": "pro"}}))
    assert service.person(user_id="u").traits == {"custom.plan": "pro"}
