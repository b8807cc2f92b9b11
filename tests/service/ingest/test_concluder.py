"""What follows from a push is drawn beside the requests."""

from uuid import uuid4

from structlog.testing import capture_logs

from cdp.errors import ProfileNotFound
from cdp.service.concluder import Concluder
from cdp.store.database import Database
from tests.served import eventually
from tests.service.ingest.conftest import Service


def an_order(user: str) -> dict[str, object]:
    properties = {"order_id": str(uuid4()), "revenue": 80, "currency": "EUR"}
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": user,
        "properties": properties,
        "messageId": str(uuid4()),
    }


def orders(service: Service, user: str) -> object:
    """What is concluded of a user's orders; None while nothing is."""
    try:
        found = service.profiles.computed(service.person(user_id=user).profile_id)
    except ProfileNotFound:
        return None
    return found.traits.get("orders")


def test_computed_traits_follow_a_push(service: Service) -> None:
    service.push(an_order("ann"))
    assert eventually(lambda: orders(service, "ann") == 1)
    service.push(an_order("ann"), an_order("ann"))
    assert eventually(lambda: orders(service, "ann") == 3)


def test_it_outlives_a_database_that_is_away_and_ends_when_told(database: Database) -> None:
    elsewhere = database.url.replace("/t", "/absent-t", 1)
    concluder = Concluder(Database(elsewhere))
    concluder.start()
    with capture_logs() as said:
        concluder.wake()
        assert eventually(lambda: [line["error"] for line in said] != [])
    concluder.stop()
    assert {line["event"] for line in said} == {"unconcluded"}
