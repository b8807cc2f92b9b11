"""What follows from a push is drawn beside the requests."""

from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from cdp.errors import ProfileNotFound
from cdp.service import concluder
from cdp.service.concluder import Concluder
from cdp.store.database import Database
from tests.served import eventually
from tests.service.ingest.conftest import Service


def an_order(user: str) -> dict[str, Any]:
    properties = {"order_id": str(uuid4()), "revenue": 80, "currency": "EUR"}
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": user,
        "properties": properties,
        "messageId": str(uuid4()),
    }


def orders(service: Service, user: str, trait: str = "orders") -> object:
    """What is concluded of a user's orders; None while nothing is."""
    try:
        found = service.profiles.computed(service.person(user_id=user).profile_id)
    except ProfileNotFound:
        return None
    return found.traits.get(trait)


def test_computed_traits_follow_a_push(service: Service) -> None:
    service.push(an_order("ann"))
    assert eventually(lambda: orders(service, "ann") == 1)
    service.push(an_order("ann"), an_order("ann"))
    assert eventually(lambda: orders(service, "ann") == 3)


def test_a_refund_is_of_the_order_and_in_its_currency_where_it_does_not_say(service: Service):
    bought = [an_order("ann"), an_order("ann")]
    whole, partly = ({"order_id": each["properties"]["order_id"]} for each in bought)
    partly["total"] = 30
    back = [
        {**each, "event": "Order Refunded", "messageId": str(uuid4()), "properties": said}
        for each, said in zip(bought, (whole, partly), strict=True)
    ]
    service.push(*bought, *back)
    assert eventually(lambda: orders(service, "ann", "net_spent") == 50)


def test_a_long_run_rests_between_its_transactions(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concluder, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(concluder, "REST", 1_000_000)
    monkeypatch.setattr(concluder, "LONGEST_PAUSE_SECONDS", 0.3)
    with capture_logs() as said:
        service.push(an_order("ann"))
        runs = lambda: [line for line in said if line.get("derived")]  # noqa: E731
        assert eventually(runs)
    # It links, it derives, it brings into segments.
    assert runs()[0]["milliseconds"] >= 3 * 300


def test_it_outlives_a_database_that_is_away_and_ends_when_told(database: Database) -> None:
    elsewhere = database.url.replace("/t", "/absent-t", 1)
    absent = Concluder(Database(elsewhere))
    absent.start()
    with capture_logs() as said:
        absent.wake()
        assert eventually(lambda: [line["error"] for line in said] != [])
    absent.stop()
    assert {line["event"] for line in said} == {"unconcluded"}
