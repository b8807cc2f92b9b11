"""The client on its own: retries, time-outs, buffered events, and the fake store it ships."""

import asyncio
import subprocess
import sys
from datetime import datetime

import httpx
import pytest

from cdp.client import AsyncClient, Client, Patience, ServiceError
from cdp.client.messages import MOST_IN_A_BATCH
from cdp.client.testing import FakeStore, a_profile
from cdp.errors import (
    InvalidRequest,
    KeyRefused,
    ProfileNotFound,
    RateLimitExceeded,
    StoreUnavailable,
)
from tests.served import eventually

ANN = a_profile(email="ann@example.com", traits={"name": {"given": "Ann"}})
BRISK = Patience(retries=3, first_wait=0.001)


def client_of(store: httpx.MockTransport, **options) -> Client:
    return Client("http://store", "key", transport=store, **{"patience": BRISK} | options)


def test_the_fake_store_answers_like_a_service():
    store = FakeStore([ANN], key="key")
    with client_of(store) as client:
        assert client.get("email:ann@example.com") == ANN
        assert client.find(email="ann@example.com") == [ANN]
        assert [len(each.profiles) for each in client.lookup(["email:ann@example.com", "?"])] == [
            1,
            0,
        ]
        assert [each.profile_id for each in client.every_change()] == [ANN.profile_id]
        with pytest.raises(ProfileNotFound):
            client.get("email:bo@example.com")
        for refused in (
            lambda: client.get(":"),
            client.find,
            lambda: client.lookup(["email:ann@example.com"] * 501),
            lambda: client.changes("yesterday"),
        ):
            with pytest.raises(InvalidRequest):
                refused()
    with Client("http://store", "other", transport=store) as client, pytest.raises(KeyRefused):
        client.get(ANN.profile_id)


def test_the_fake_store_serves_the_asynchronous_client_too():
    async def ask():
        async with AsyncClient("http://store", "key", transport=FakeStore([ANN])) as client:
            await client.track("Product Viewed", user_id="u1")
            return await client.get(ANN.profile_id)

    assert asyncio.run(ask()) == ANN


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_service_calls_passing_is_tried_again(status):
    store = FakeStore([ANN])
    for _ in range(3):
        store.fail_next(status)
    with client_of(store) as client:
        assert client.get(ANN.profile_id) == ANN


def test_patience_ends_and_the_error_tells_why_and_which_request():
    store = FakeStore([ANN])
    for _ in range(4):
        store.fail_next(429, "rate_limit_error", retry_after="0", request_id="r-1")
    with client_of(store) as client, pytest.raises(RateLimitExceeded) as raised:
        client.get(ANN.profile_id)
    assert raised.value.request_id == "r-1"


def test_the_wait_is_what_the_service_asks_and_a_random_share_more():
    patience = Patience(retries=2, first_wait=1.0, longest_wait=10.0)
    waits = [patience.wait(0, 503, {"retry-after": "2"}, repeatable=True) for _ in range(20)]
    assert all(2 <= wait <= 3 for wait in waits)
    assert len(set(waits)) > 1
    assert patience.wait(2, 503, {}, repeatable=True) is None
    assert patience.wait(0, 503, {"retry-after": "3600"}, repeatable=True) is None
    assert patience.wait(0, 404, {}, repeatable=True) is None
    assert patience.wait(0, 502, {}, repeatable=False) is None


def test_a_change_whose_answer_was_lost_is_not_sent_twice():
    asked = []

    def lose(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ReadTimeout("slow")

    with client_of(httpx.MockTransport(lose)) as client:
        with pytest.raises(StoreUnavailable):
            client.rectify(ANN.profile_id, "gender", "f", reason="x")
        assert len(asked) == 1
        with pytest.raises(StoreUnavailable):
            client.get(ANN.profile_id)
        assert len(asked) == 1 + 4


def test_an_error_this_client_does_not_know_is_still_an_error():
    store = FakeStore()
    store.fail_next(418, "teapot")
    with client_of(store) as client, pytest.raises(ServiceError, match="as the test wants"):
        client.get(ANN.profile_id)


def test_identifiers_are_encoded_in_the_path():
    seen = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, text=ANN.model_dump_json())

    with client_of(httpx.MockTransport(keep)) as client:
        client.get("url:https://x.y/ä?b#c")
    assert seen == [b"/v1/profiles/url%3Ahttps%3A%2F%2Fx.y%2F%C3%A4%3Fb%23c"]


def test_events_are_sent_together_when_there_are_enough_of_them():
    store = FakeStore()
    with client_of(store, flush_seconds=60) as client:
        for n in range(MOST_IN_A_BATCH - 1):
            client.track("Product Viewed", {"n": n}, user_id="u1")
        assert store.messages == []
        client.identify({"gender": "f"}, user_id="u1")
        assert len(store.messages) == MOST_IN_A_BATCH
        client.page("Home", anonymous_id="a1")
    assert [each["type"] for each in store.messages[-2:]] == ["identify", "page"]
    assert len({each["messageId"] for each in store.messages}) == MOST_IN_A_BATCH + 1


def test_events_are_sent_after_a_while_though_they_are_few():
    store = FakeStore()
    with client_of(store, flush_seconds=0.01) as client:
        client.group("g1", {"name": "Initech"}, user_id="u1")
        client.alias("a1", user_id="u1")
        eventually(lambda: len(store.messages) == 2)


def test_events_wait_for_a_service_that_is_away_and_keep_their_ids():
    store = FakeStore()
    with client_of(store, flush_seconds=60, patience=Patience(retries=0)) as client:
        client.track("Order Completed", user_id="u1", message_id="m1")
        store.fail_next(503)
        with pytest.raises(StoreUnavailable):
            client.flush()
        assert store.messages == []
        client.flush()
    assert [each["messageId"] for each in store.messages] == ["m1"]


def test_a_program_goes_on_saying_events_while_the_service_is_away():
    store, many = FakeStore(), MOST_IN_A_BATCH + 50
    store.fail_next(503)
    with client_of(store, flush_seconds=60, patience=Patience(retries=0)) as client:
        for n in range(many):
            client.track("Product Viewed", {"n": n}, user_id="u1")
        assert store.messages == []
    assert [each["properties"]["n"] for each in store.messages] == list(range(many))


def test_a_program_that_ends_without_closing_its_client_sends_what_waits(caplog):
    program = """
import atexit
from cdp.client import Client
from cdp.client.testing import FakeStore
store = FakeStore()
atexit.register(lambda: print([each["event"] for each in store.messages]))
Client("http://store", "key", transport=store, flush_seconds=60).track("x", user_id="u1")
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("['x']\n", "")

    async def track(store: FakeStore) -> None:
        patience = Patience(retries=0)
        client = AsyncClient(
            "http://store", "key", transport=store, flush_seconds=60, patience=patience
        )
        await client.track("x", user_id="u1")

    store = FakeStore()
    asyncio.run(track(store))
    assert [each["event"] for each in store.messages] == ["x"]
    store.fail_next(503)
    asyncio.run(track(store))
    assert "1 messages could not be sent" in caplog.text


def test_a_closed_client_takes_no_events():
    with client_of(FakeStore()) as client:
        client.track("x", user_id="u1")
    with pytest.raises(InvalidRequest, match="closed"):
        client.track("y", user_id="u1")


def test_an_event_is_sent_as_it_was_when_it_was_said():
    store, cart = FakeStore(), []
    with client_of(store, flush_seconds=60) as client:
        for product in ("a", "b"):
            cart.append(product)
            client.track("Cart Viewed", {"products": cart}, user_id="u1")
    assert [each["properties"]["products"] for each in store.messages] == [["a"], ["a", "b"]]


def test_what_goes_wrong_for_good_behind_the_scenes_is_told_at_the_next_event():
    store = FakeStore()
    store.fail_next(401, "authentication_error")
    with client_of(store, flush_seconds=0.01) as client:
        client.track("x", user_id="u1")
        eventually(lambda: client._failure)
        with pytest.raises(KeyRefused):
            client.track("y", user_id="u1")


def test_an_event_of_nobody_and_one_too_large_are_refused_at_once():
    with client_of(FakeStore()) as client:
        with pytest.raises(InvalidRequest):
            client.track("x")
        with pytest.raises(InvalidRequest):
            client.track("x", {"text": "a" * 40_000}, user_id="u1")
        with pytest.raises(InvalidRequest, match="no time zone"):
            client.track("x", user_id="u1", timestamp=datetime(2024, 5, 31))  # noqa: DTZ001  the fault
