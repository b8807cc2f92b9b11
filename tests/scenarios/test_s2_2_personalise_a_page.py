"""S2.2: a shop front-end asks what to show a visitor, and why some things are not shown."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from cdp.conclude import conclude
from cdp.model.persona import Situation, StatedPersona
from cdp.personas import Personas
from cdp.settings import settings
from cdp.store import keys
from cdp.store.database import Database
from tests.scenarios.test_s2_1_jason import DESKTOP, PHONE, TABLET
from tests.scenarios.world import CLICK, World
from tests.service.ingest.conftest import Service, running

NOW = datetime.now(UTC).replace(microsecond=0)
GOODS = {
    "Swimwear": ("bikini", "trunks"),
    "Sandals": ("flip-flop",),
    "Suits": ("pinstripe", "navy"),
}
PERSONAS = (
    {
        "name": "Beach",
        "signals": {"category": {"swimwear": 0.5, "sandals": 0.2}, "device": {"tablet": 0.5}},
    },
    {"name": "Office", "signals": {"category": {"suits": 0.6}, "device": {"desktop": 0.6}}},
)


def view(
    user: str, category: str, product: str, minutes: float, agent: str = TABLET
) -> dict[str, Any]:
    """A view so many minutes ago."""
    at = NOW - timedelta(minutes=minutes)
    properties = {"product_id": product, "category": category}
    return {
        "type": "track", "event": "Product Viewed", "userId": user, "properties": properties,
        "messageId": f"{user}-{product}-{minutes}", "timestamp": at.isoformat(),
        "context": {"userAgent": agent},
    }  # fmt: skip


@pytest.fixture(scope="module")
def shop(new_database: Callable[[], AbstractContextManager[Database]]) -> Iterator[Service]:
    """Others look at goods; bea has bought the bikini and looks at swimwear now."""
    with new_database() as database, running(database) as service:
        for n in range(6):
            day = 60 * 24 * (n + 2)
            said = [view(f"u{n}", c, p, day, PHONE) for c, goods in GOODS.items() for p in goods]
            service.push(*said)
        line = {"product_id": "bikini", "category": "Swimwear", "price": 30, "quantity": 1}
        order = {"order_id": "o-1", "revenue": 30, "currency": "EUR", "products": [line]}
        bought = view("bea", "", "", 60 * 24 * 9, PHONE) | {
            "event": "Order Completed",
            "properties": order,
        }
        service.push(bought)
        conclude(database)  # what personas are learnt from
        personas = Personas(database=database)
        for persona in PERSONAS:
            personas.define(StatedPersona.model_validate(persona), now=NOW)
        for user in ("bea", "cas"):
            service.push(*(view(user, "Swimwear", "trunks", 3 - n) for n in range(3)))
        yield service


def page(shop: Service, ref: str, **query: Any) -> dict[str, Any]:
    key = keys.create(shop.database, "front end", ["read"])[1]
    asked = {"at": NOW.isoformat(), **query}
    answer = shop.http.get(f"/v1/profiles/{ref}/page", params=asked, auth=httpx.BasicAuth(key, ""))
    assert answer.status_code == 200, answer.text
    return answer.json()


def values(shown: list[dict[str, Any]]) -> list[str]:
    return [each["value"] for each in shown]


def test_the_page_has_the_persona_the_categories_and_the_goods(shop: Service):
    found = page(shop, "user_id:cas", categories=2, products=3)
    assert found["situation"]["persona"]["name"] == "Beach"
    assert values(found["categories"])[0] == "swimwear"
    assert len(found["categories"]) == 2
    assert values(found["products"])[0] == "trunks"
    assert found["products"][0]["category"] == "Swimwear"
    assert found["excluded"] == []


def test_what_is_owned_already_is_left_out_and_told(shop: Service):
    found = page(shop, "user_id:bea", products=4)
    assert "bikini" not in values(found["products"])
    assert {"what": "product", "value": "bikini", "why": "owned already"} in found["excluded"]


def test_a_visitor_nobody_knows_is_shown_what_is_general(shop: Service):
    found = page(shop, "anonymous_id:never-seen", categories=3)
    assert found["situation"]["profile_id"] is None
    assert found["situation"]["session"] is None
    assert len(found["categories"]) == 3


def test_it_is_told_the_same_without_a_query_where_the_way_is_shorter(shop: Service):
    key = keys.create(shop.database, "front end", ["read"])[1]
    refs = ("user_id:bea", "anonymous_id:never-seen", "no-reference", "customer_id:", UUID(int=7))
    for ref, call in product(refs, ("page", "situation")):
        path = f"/v1/profiles/{ref}/{call}"
        plain, asked = (
            shop.http.get(path, params=query, auth=httpx.BasicAuth(key, ""))
            for query in ({}, {"none": ""})
        )
        assert plain.status_code == asked.status_code
        assert without_times(plain.json()) == without_times(asked.json())
    assert shop.http.get("/v1/profiles/user_id:bea/page").status_code == 401


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    situation = answer.get("situation", answer)
    return answer | {"situation": {**situation, "at": None}, "at": None}


def test_without_consent_neither_history_nor_session_is_used(shop: Service):
    refusal = {"categoryPreferences": {"Personalisation": False}}
    said = view("dot", "Suits", "navy", 2, DESKTOP)
    said["context"]["consent"] = refusal
    shop.push(said, view("dot", "Suits", "navy", 1, DESKTOP))

    refused, unknown = page(shop, "user_id:dot"), page(shop, "anonymous_id:never-seen")
    assert {"what": "history", "why": "not consented"} in refused["excluded"]
    assert refused["categories"] == unknown["categories"]
    assert refused["situation"]["session"] is None


CLICKS = [
    ("Suits", "navy", 25),
    ("Swimwear", "trunks", 12),
    ("Swimwear", "bikini", 7),
    ("Sandals", "flip-flop", 1),
]


def test_pushed_and_loaded_from_a_file_the_situation_is_the_same(
    new_database: Callable[[], AbstractContextManager[Database]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    def told(personas: Personas, ref: str) -> list[Any]:
        found: Situation = personas.situation(ref, at=NOW)
        assert found.session
        chances = {each.name: each.probability for each in found.probabilities}
        return [chances, found.reasons, found.session]

    def ready(database: Database) -> Personas:
        personas = Personas(database=database)
        for persona in PERSONAS:
            personas.define(StatedPersona.model_validate(persona), now=NOW)
        return personas

    with new_database() as database, running(database) as service:
        personas = ready(database)
        for category, product, minutes in CLICKS:
            service.push(view("eve", category, product, minutes))
        pushed = told(personas, "user_id:eve")

    monkeypatch.setenv("CDP_DATA", str(tmp_path))
    settings.cache_clear()
    with new_database() as database:
        world = World(database, tmp_path)
        personas = ready(database)
        rows = [
            CLICK | {
                "event_id": str(n), "event": "product_viewed", "cookie_id": "ck-eve", "category": category,
                "product_id": product,
                "at": (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            for n, (category, product, minutes) in enumerate(CLICKS)
        ]  # fmt: skip
        world.jsonl(f"web_clickstream/events-{NOW:%Y-%m-%d}.jsonl.gz", rows[::-1])
        world.ingest("web_clickstream")
        loaded = told(personas, "cookie_id:ck-eve")
    settings.cache_clear()

    assert loaded == pushed
