"""Who the messages are about: anonymous visitors, users, aliases, companies, shared devices."""

from collections.abc import Callable
from typing import Any

from tests.service.ingest.conftest import Service

Message = Callable[..., dict[str, Any]]


def test_a_visitor_who_logs_in_is_one_profile_with_the_visits_before(
    service: Service, message: Message
):
    service.push(message("page", anonymousId="a-1", name="Home"))
    service.push(message("identify", anonymousId="a-1", userId="u-1", traits={"plan": "pro"}))
    service.push(message("track", userId="u-1", event="Signed Up"))
    person = service.person(user_id="u-1")
    assert person.profile_id == service.person(anonymous_id="a-1").profile_id
    assert person.records == 2
    kinds = [kind for kind, _ in service.timeline(user_id="u-1")]
    assert kinds == ["page_viewed", "signed_up"]


def test_two_users_of_one_tablet_stay_two_profiles(service: Service, message: Message):
    service.push(
        message("page", anonymousId="tablet"),
        message("identify", anonymousId="tablet", userId="ann", traits={"firstName": "Ann"}),
        message("track", anonymousId="tablet", userId="ann", event="Ann's"),
        message("identify", anonymousId="tablet", userId="bob", traits={"firstName": "Bob"}),
        message("track", anonymousId="tablet", userId="bob", event="Bob's"),
    )
    ann, bob = service.person(user_id="ann"), service.person(user_id="bob")
    assert ann.profile_id != bob.profile_id
    assert {each.kind for each in bob.behaviour} >= {"bob_s"}
    assert "bob_s" not in {each.kind for each in ann.behaviour}


def test_an_alias_joins_the_former_id(service: Service, message: Message):
    service.push(message("track", anonymousId="before", event="Visited"))
    service.push(message("alias", previousId="before", userId="u-1"))
    assert [kind for kind, _ in service.timeline(user_id="u-1")] == ["visited"]


def test_the_same_in_another_order_gives_the_same_person(service: Service, message: Message):
    service.push(message("alias", previousId="before", userId="u-1"))
    service.push(message("identify", userId="u-1", anonymousId="a-1", traits={"plan": "pro"}))
    service.push(message("track", anonymousId="before", event="Visited"))
    service.push(message("track", anonymousId="a-1", event="Viewed"))
    assert {kind for kind, _ in service.timeline(user_id="u-1")} == {"visited", "viewed"}


def test_further_ids_find_the_person(service: Service, message: Message):
    context = {
        "externalIds": [
            {"id": "idfa-9", "type": "ios.idfa", "collection": "users", "encoding": "none"},
            {"id": "acme", "type": "group_id", "collection": "accounts", "encoding": "none"},
        ],
        "device": {"id": "dev-1", "type": "ios", "advertisingId": "ad-1"},
        "traits": {"email": "Ann@Example.com"},
    }
    service.push(message("track", userId="u-1", event="Opened", context=context))
    # A column of numbers with gaps is written with a point.
    for same in (41, "41", 41.0):
        service.push(message("track", userId=same, event="Opened"))
    assert len(service.timeline(user_id="41")) == 3
    found = service.person(user_id="u-1").identifiers
    assert dict(found) == {
        "advertising_id": ["ad-1"],
        "device_id": ["dev-1"],
        "email": ["ann@example.com"],
        "ios_idfa": ["idfa-9"],
        "user_id": ["u-1"],
    }


def test_a_group_call_makes_an_account_and_the_person_belongs_to_it(
    service: Service, message: Message
):
    traits = {
        "name": "Acme",
        "industry": "Shoes",
        "employees": 12,
        "website": "https://www.acme.example/about",
        "tier": "gold",
    }
    service.push(message("group", userId="u-1", groupId="acme", traits=traits))
    (link,) = service.person(user_id="u-1").accounts
    assert (link.namespace, link.key) == ("group_id", "acme")
    account = service.person(group_id="acme")
    assert account.subject == "account"
    assert account.identifiers["company_domain"] == ["acme.example"]
    assert account.firmographics.company_name == "Acme"
    assert account.firmographics.employees == 12
    assert account.traits["custom.tier"] == "gold"


def test_the_company_of_a_person_becomes_an_account(service: Service, message: Message):
    company = {"id": "c-7", "name": "Initech", "employee_count": 400, "plan": "enterprise"}
    traits = {"company": company, "title": "VP of Engineering"}
    service.push(message("identify", userId="u-1", traits=traits))
    person = service.person(user_id="u-1")
    assert person.traits["company_name"] == "Initech"
    assert [(link.key, link.role) for link in person.accounts] == [("c-7", "VP of Engineering")]
    assert service.person(group_id="c-7").firmographics.employees == 400


def test_an_alias_of_two_users_who_both_logged_in_is_refused_and_listed(
    service: Service, message: Message
):
    service.push(message("identify", userId="u-1", traits={"plan": "pro"}))
    service.push(message("identify", userId="u-2", traits={"plan": "free"}))
    service.push(message("alias", previousId="u-1", userId="u-2"))
    assert service.person(user_id="u-1").profile_id != service.person(user_id="u-2").profile_id
    with service.database.autocommit() as connection:
        rows = connection.execute("SELECT namespace, value, reason FROM refused_link").fetchall()
    ((namespace, value, reason),) = rows
    assert (namespace, value) == ("anonymous_id", "u-1")
    assert "user_id" in reason


def test_an_id_that_programs_write_for_none_joins_nobody(service: Service, message: Message):
    people = [
        message(
            "identify", userId="undefined", anonymousId=f"a-{n}", traits={"email": f"{n}@x.org"}
        )
        for n in range(3)
    ]
    service.push(*people, message("track", userId="null", event="Visited"))
    assert len({service.person(anonymous_id=f"a-{n}").profile_id for n in range(3)}) == 3
    service.push(message("alias", userId="u", previousId="None"))
    service.push(message("group", userId="u", groupId="null"))
    assert [field for field, *_ in service.quarantine()] == ["userId", "previousId", "groupId"]
