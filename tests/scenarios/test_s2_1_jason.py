"""S2.1: years of street style, then a holiday at the sea, then a new job: the persona follows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from cdp.client import Client
from cdp.conclude import conclude
from cdp.model.persona import StatedPersona
from cdp.personas import Personas
from cdp.store import keys
from tests.served import eventually
from tests.service.ingest.conftest import Service, running

NOW = datetime.now(UTC).replace(microsecond=0)
LAST_WEEK = NOW - timedelta(days=7)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
TABLET = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
STREET = {
    "name": "Street style",
    "who": {"top_category": ["Sneakers", "Hoodies"]},
    "share": 0.2,
    "signals": {"category": {"sneakers": 0.4, "hoodies": 0.3}, "device": {"phone": 0.8}},
}
HOLIDAY = {
    "name": "Beach holiday",
    "share": 0.2,
    "signals": {
        "category": {"swimwear": 0.5, "sandals": 0.2},
        "device": {"tablet": 0.4},
        "place": {"brighton": 0.2, "rimini": 0.2},
    },
}
BUSINESS = {
    "name": "Business outfit",
    "share": 0.2,
    "signals": {"category": {"suits": 0.5, "shirts": 0.2}, "device": {"desktop": 0.7}},
}


class Shop:
    """The push API of a shop with three hand-written personas, and one visitor after the other."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.read_key = keys.create(service.database, "front end", ["read"])[1]
        self.sent = 0

    def message(
        self, call: str, user: str, at: datetime, agent: str, city: str, **said: Any
    ) -> Any:
        self.sent += 1
        context = {"userAgent": agent, "location": {"city": city}, "timezone": "Europe/London"}
        return {
            "type": call, "userId": user, "messageId": f"m-{self.sent}", "context": context,
            "timestamp": at.isoformat(), **said,
        }  # fmt: skip

    def orders(self, user: str, categories: list[str]) -> None:
        """An order a month up to the last one, on a phone in Leeds."""
        messages = []
        for n, category in enumerate(categories):
            line = {
                "product_id": f"{category}-{n}",
                "category": category,
                "price": 60,
                "quantity": 1,
            }
            order = {
                "order_id": f"{user}-{n}",
                "revenue": 60,
                "currency": "GBP",
                "products": [line],
            }
            at = NOW - timedelta(days=40 + 30 * n)
            messages.append(
                self.message(
                    "track", user, at, PHONE, "Leeds", event="Order Completed", properties=order
                )
            )
        self.push(*messages)

    def view(
        self, user: str, category: str, at: datetime, agent: str = TABLET, city: str = "Brighton"
    ) -> None:
        product = {"product_id": f"new-{category}", "category": category}
        self.push(
            self.message("track", user, at, agent, city, event="Product Viewed", properties=product)
        )

    def push(self, *messages: Any) -> None:
        self.service.push(*messages)
        self.service.settle()

    def situation(self, user: str, at: datetime) -> dict[str, Any]:
        found = self.get(f"/v1/profiles/user_id:{user}/situation", at=at.isoformat())
        return found.json()

    def business(self, user: str) -> dict[str, Any]:
        """The situation of now where suits are among its reasons; else nothing."""
        auth = httpx.BasicAuth(self.read_key, "")
        answer = self.service.http.get(f"/v1/profiles/user_id:{user}/situation", auth=auth)
        if answer.status_code == 404:
            return {}
        told = answer.json()
        return told if "suits" in {each["value"] for each in told["reasons"]} else {}

    def is_refused(self, user: str) -> bool:
        """Whether a page says that it may not go by the visitor's history and session."""
        page = self.get(f"/v1/profiles/user_id:{user}/page").json()
        return {"what": "history", "why": "not consented"} in page["excluded"]

    def persona(self, user: str, at: datetime) -> str:
        return self.situation(user, at)["persona"]["name"]

    def conclude(self, now: datetime = NOW) -> None:
        conclude(self.service.database, now=now)

    def on_record(self, user: str) -> list[dict[str, Any]]:
        return self.get(f"/v1/profiles/user_id:{user}/situations").json()["data"]

    def cells(self, user: str) -> list[str]:
        profile = self.service.person(user_id=user)
        with self.service.database.autocommit() as connection:
            found = connection.execute(
                "SELECT cell FROM profile_cell WHERE profile_id = %s AND dimension = 'situation' "
                "AND left_at IS NULL",
                (profile.profile_id,),
            )
            return [cell for (cell,) in found]

    def get(self, path: str, **query: Any) -> httpx.Response:
        auth = httpx.BasicAuth(self.read_key, "")
        answer = self.service.http.get(path, params=query, auth=auth)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture(scope="module")
def shop(new_database: Any) -> Iterator[Shop]:
    """Jason and others have ordered for years; the three personas are written by hand."""
    with new_database() as database, running(database) as service:
        shop = Shop(service)
        shop.orders("jason", ["Sneakers", "Hoodies", "Sneakers", "Sneakers", "Hoodies"] * 3)
        shop.orders("mary", ["Suits", "Swimwear", "Sneakers", "Sandals"] * 3)
        for n in range(20):
            shop.orders(f"other-{n}", [("Suits", "Swimwear", "Shirts", "Books")[n % 4]])
        shop.conclude()
        personas = Personas(database=database)
        for persona in (STREET, HOLIDAY, BUSINESS):
            personas.define(StatedPersona.model_validate(persona), now=NOW)
        yield shop


def test_by_the_third_swimwear_view_at_the_sea_the_persona_is_the_holiday_one(shop: Shop):
    before = shop.situation("jason", LAST_WEEK - timedelta(hours=1))
    assert before["session"] is None
    assert before["persona"]["name"] == "Street style"

    for n in range(3):
        shop.view("jason", "Swimwear", LAST_WEEK - timedelta(minutes=3 - n))
    now = shop.situation("jason", LAST_WEEK)

    assert now["persona"]["name"] == "Beach holiday"
    assert now["persona"]["probability"] > 0.8
    assert {each["value"] for each in now["reasons"]} == {"swimwear", "tablet", "brighton"}
    assert any(each["words"].startswith("looked at swimwear 3 times") for each in now["reasons"])
    assert now["history"] == before["history"]
    assert now["history"]["name"] == "Street style"


def test_next_week_on_a_desktop_with_suits_it_is_business(shop: Shop):
    for n in range(3):
        shop.view("jason", "Suits", NOW - timedelta(minutes=3 - n), DESKTOP, "Leeds")

    assert shop.persona("jason", NOW) == "Business outfit"
    assert shop.situation("jason", NOW)["history"]["name"] == "Street style"
    # What fitted in the week before is still told of that time.
    assert shop.persona("jason", LAST_WEEK) == "Beach holiday"


def test_near_misses_stay_what_they_are(shop: Shop):
    at_sea = NOW - timedelta(days=2)
    for n in range(3):
        shop.view("jason", "Sneakers", at_sea - timedelta(minutes=3 - n), PHONE)
    assert shop.persona("jason", at_sea) == "Street style"

    glance = NOW - timedelta(days=3)
    for n, category in enumerate(["Sneakers", "Hoodies", "Swimwear", "Sneakers"]):
        shop.view("jason", category, glance - timedelta(minutes=4 - n), PHONE, "Leeds")
    assert shop.persona("jason", glance) == "Street style"


def test_a_session_ends_by_half_an_hour_of_silence(shop: Shop):
    last = NOW - timedelta(days=5)
    for n in range(3):
        shop.view("mary", "Swimwear", last - timedelta(minutes=2 - n))

    assert shop.persona("mary", last + timedelta(minutes=29)) == "Beach holiday"
    afterwards = shop.situation("mary", last + timedelta(minutes=31))
    assert afterwards["session"] is None
    assert afterwards["persona"] == afterwards["history"]


def test_a_visitor_nobody_knows_gets_one_from_the_session_alone(shop: Shop):
    for n in range(2):
        shop.view("stranger", "Suits", NOW - timedelta(minutes=2 - n), DESKTOP, "Leeds")
    assert shop.persona("stranger", NOW) == "Business outfit"


@pytest.mark.parametrize("user", ["other-1", "first-time visitor"])
def test_what_is_still_landing_moves_the_situation_and_counts_once(shop: Shop, user: str):
    product = {"product_id": "new", "category": "Suits"}
    now = datetime.now(UTC)
    views = [
        shop.message(
            "track", user, now, DESKTOP, "Leeds", event="Product Viewed", properties=product
        )
        for _ in range(3)
    ]
    with ThreadPoolExecutor(2) as pool:
        with shop.service.database.transaction() as tx:
            tx.execute(text("LOCK TABLE pushed_message IN EXCLUSIVE MODE"))  # no landing goes on
            landing = pool.submit(shop.push, *views)
            answer = eventually(lambda: shop.business(user))
            no = shop.message("identify", user, now, DESKTOP, "Leeds")
            no["context"]["consent"] = {"categoryPreferences": {"personalisation": False}}
            refusal = pool.submit(shop.push, no)
            eventually(lambda: shop.is_refused(user))
            assert not landing.done()
        landing.result(60)
        refusal.result(60)
    assert shop.is_refused(user)
    assert isinstance(answer, dict)
    landed = shop.business(user)
    assert landed["reasons"] == answer["reasons"]
    assert landed["session"]["events"] == answer["session"]["events"] == 3


def test_the_profile_holds_the_situation_where_it_is_selected(shop: Shop):
    shop.view("kim", "Suits", datetime.now(UTC) - timedelta(minutes=1), DESKTOP, "Leeds")
    shop.conclude(datetime.now(UTC))
    ref = "user_id:kim"
    apart = shop.get(f"/v1/profiles/{ref}/situation").json()
    assert apart["persona"]["name"] == "Business outfit"

    selected = shop.get(f"/v1/profiles/{ref}", fields="situation,identifiers").json()
    assert {**selected["situation"], "at": apart["at"]} == apart
    assert selected["identifiers"] == {"user_id": ["kim"]}
    assert "situation" not in shop.get(f"/v1/profiles/{ref}").json()
    with Client(shop.service.url, shop.read_key) as client:
        changes = client.persona_changes("Beach holiday", limit=1_000)
        assert {each.kind for each in changes.data} <= {"situation.entered", "situation.left"}
        assert client.persona_changes("Beach holiday", changes.next).data == []
        for get in (client.get, shop.service.profiles.get):
            found = get(ref, fields=["situation"]).situation
            assert found
            assert {**found.model_dump(mode="json"), "at": apart["at"]} == apart
    narrow = keys.create(shop.service.database, "narrow", ["read"], fields=["identifiers"])[1]
    asked = shop.service.http.get(
        f"/v1/profiles/{ref}", params={"fields": "situation"}, auth=httpx.BasicAuth(narrow, "")
    )
    assert "situation" not in asked.json()


def test_a_situation_does_not_wait_for_the_fold(shop: Shop):
    now = datetime.now(UTC)
    said = shop.message(
        "track", "leo", now, TABLET, "Rimini", event="Product Viewed",
        properties={"product_id": "bikini", "category": "Swimwear"},
    )  # fmt: skip
    with shop.service.database.transaction() as tx:
        # Nobody can fold meanwhile; what has landed is told all the same.
        tx.execute(text("LOCK TABLE profile IN SHARE MODE"))
        shop.service.post("/v1/batch", {"batch": [said]})
        assert shop.persona("leo", now) == "Beach holiday"


def test_what_was_assigned_stays_on_record(shop: Shop):
    shop.view("ann", "Swimwear", NOW - timedelta(minutes=1))
    (first,) = eventually(lambda: shop.on_record("ann"))
    assert first["persona"]["name"] == "Beach holiday"
    assert first["reasons"]
    assert sum(first["probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert eventually(lambda: "Beach holiday" in shop.cells("ann"))

    shop.conclude(NOW + timedelta(minutes=40))
    assert eventually(lambda: "Beach holiday" not in shop.cells("ann"))
    assert shop.on_record("ann") == [first]
