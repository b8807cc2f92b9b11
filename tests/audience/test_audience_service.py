"""Crossings and audiences over HTTP: what keys may, what is streamed, and what is pushed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from cdp.audiences import Audiences
from cdp.client import Client, signature
from cdp.crossings import Crossings
from cdp.errors import (
    AudienceNotFound,
    InvalidRequest,
    PushFailed,
    ScopeMissing,
    UnknownTrait,
    WebhookNotFound,
)
from cdp.model.audience import AudienceDeclaration, Holdout
from cdp.service import audience_push
from cdp.service.audience_push import push
from cdp.store import audit, webhooks
from tests.audience.circle import Circle, a_person
from tests.served import Served, serving
from tests.service.api.test_webhooks import Receiver, answer_with

EVERYBODY = AudienceDeclaration(
    name="everybody",
    crossing="subject=person",
    purpose="newsletter",
    medium="email",
    fields=("name.given", "gender"),
    holdout=Holdout(name="none_to_speak_of", share=1e-12),
)


@pytest.fixture(scope="module")
def shop(new_database, tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("circle")
    with new_database() as database, serving(database, tmp_path_factory.mktemp("served")) as served:
        people = [a_person(f"p{n:02}", gender="fm"[n % 2]) for n in range(12)]
        Circle(database, folder).bring(*people, a_person("no", says="denied"))
        Audiences(database=database).declare(EVERYBODY)
        yield served


@pytest.fixture
def client(shop: Served) -> Iterator[Client]:
    with Client(shop.url, shop.key("read", "steward")) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def a_webhook(shop: Served, receiver: Receiver, *kinds: str):
    with shop.database.autocommit() as connection:
        return webhooks.add(connection, receiver.url, kinds, "whsec_x", datetime.now(UTC))


def test_the_client_tells_of_crossings_what_the_library_tells(shop: Served, client: Client):
    library = Crossings(database=shop.database)
    of = "gender=f & !gender=m"
    assert client.count(of) == library.count(of)
    assert client.cells("gender") == library.cells("gender")
    assert list(client.people_in(of, fields=["name.given"])) == list(
        library.people(of, fields=["name.given"]).data
    )
    assert client.matrix("gender", "subject") == library.matrix("gender", "subject")
    assert client.upset("gender=f", "gender=m") == library.upset("gender=f", "gender=m")
    since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
    assert client.movement("gender", since, until) == library.movement("gender", since, until)
    told = client.moved("gender", since, until, before="(none)", after="f")
    assert len(told.data) == 6
    assert client.distinguish("gender=f").a == "gender=f"


def test_errors_are_those_of_the_library(client: Client):
    with pytest.raises(InvalidRequest, match="'gender'"):
        client.count("gendre=f")
    with pytest.raises(UnknownTrait):
        client.people_page("gender=f", fields=["gendre"])
    with pytest.raises(AudienceNotFound, match="'everybody'"):
        client.audience("everbody")
    with pytest.raises(AudienceNotFound):
        b"".join(client.export_audience("nobody"))
    with pytest.raises(InvalidRequest, match="write it like"):
        client.count("=")


def test_an_audience_is_declared_sized_streamed_and_put_away(shop: Served, client: Client):
    said = EVERYBODY.model_copy(update={"name": "women", "crossing": "gender=f", "holdout": None})
    made = client.declare_audience(said)
    assert client.audience("women") == made
    assert {each.name for each in client.audiences()} == {"everybody", "women"}
    assert client.audience_size("women").addressable == 6
    lines = b"".join(client.export_audience("women", kind="jsonl", fields=["gender"])).splitlines()
    assert [json.loads(line)["gender"] for line in lines] == ["f"] * 6
    (done,) = client.audience_exports("women")
    assert (done.people, done.state) == (6, "done")
    key_id = done.exported_by.removeprefix("key ")
    audited = [
        e for e in audit.newest(shop.database, None, 100) if e["request_id"] == done.export_id
    ]
    assert {(each["key_id"], each["action"]) for each in audited} == {(key_id, "export audience")}
    assert len(audited) == 6
    assert client.audience_effect("women", kinds=["order"]).addressed.people == 6
    client.archive_audience("women")
    assert {each.name for each in client.audiences()} == {"everybody"}


def test_an_identifier_is_suppressed_and_the_suppression_taken_back(client: Client):
    before = client.audience_size("everybody").addressable
    client.suppress("email:P00@example.com", note="asked")
    assert client.audience_size("everybody").left_out["do_not_contact"] == 1
    (told,) = client.suppressions()
    assert (told.value, told.note) == ("p00@example.com", "asked")
    client.lift_suppression("email:p00@example.com")
    assert client.audience_size("everybody").addressable == before


def test_a_key_hands_on_what_it_may_see_for_the_purposes_it_is_for(shop: Served):
    def refused(*scopes: str, **limits) -> None:
        with Client(shop.url, shop.key(*scopes, **limits)) as client, pytest.raises(ScopeMissing):
            b"".join(client.export_audience("everybody"))

    refused("read")
    refused("read", "steward", fields=["identifiers", "traits.name"])
    refused("read", "steward", purposes=["support"])
    key = shop.key("read", "steward", fields=["identifiers", "demographics", "identity"])
    with Client(shop.url, key) as client:
        assert b"".join(client.export_audience("everybody")).count(b"\n") == 13
        with pytest.raises(ScopeMissing):
            client.people_page("gender=f", fields=["address.city"])
        with pytest.raises(ScopeMissing):
            client.distinguish("gender=f")


def test_a_push_is_signed_in_pages_and_tried_again(shop: Served, receiver: Receiver, monkeypatch):
    monkeypatch.setattr(audience_push, "PEOPLE_IN_A_PAGE", 5)
    answers = iter([200, 503, 200, 200, 200])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        answer_with(next(answers))(handler)

    receiver.answers = answer
    audience = Audiences(database=shop.database).get("everybody")
    webhook = a_webhook(shop, receiver, "audience")
    done = push(shop.database, audience, webhook, by="eva", private=True, first_pause=0.01)
    sent = [(headers["Cdp-Delivery"], json.loads(body)) for headers, body in receiver.got]
    assert [said["page"] for _, said in sent] == [0, 1, 1, 2, 3]
    assert sent[1] == sent[2]
    pages = {said["page"]: said for _, said in sent}
    assert [len(pages[n]["people"]) for n in range(4)] == [5, 5, 2, 0]
    assert [pages[n]["last"] for n in range(4)] == [False, False, False, True]
    person = pages[0]["people"][0]
    assert (person["contact"], person["name.given"]) == ("p00@example.com", "P00")
    for headers, body in receiver.got:
        signature.verify("whsec_x", body, headers[signature.HEADER])
    assert (done.people, done.format, done.target) == (12, "webhook", str(webhook))
    assert done.state == "done"


def test_a_push_that_is_never_taken_is_on_record_as_failed(shop: Served, receiver: Receiver):
    receiver.answers = answer_with(500)
    audiences = Audiences(database=shop.database)
    webhook = a_webhook(shop, receiver, "audience")
    with pytest.raises(PushFailed, match="page 0"):
        push(shop.database, audiences.get("everybody"), webhook, by="eva", private=True,
             first_pause=0.01)  # fmt: skip
    assert len(receiver.got) == audience_push.MOST_ATTEMPTS
    assert audiences.exports("everybody", limit=1)[0].state == "failed"


def test_a_webhook_of_changes_gets_no_list_of_people(shop: Served, client: Client, receiver):
    webhook = a_webhook(shop, receiver, "changed")
    with pytest.raises(WebhookNotFound, match="kind audience"):
        client.push_audience("everybody", webhook)
    assert receiver.got == []
