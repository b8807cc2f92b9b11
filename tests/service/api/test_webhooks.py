"""Webhooks reach a receiver that fails, is slow, and dies; and nobody whom they should not."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from cdp.client import signature
from cdp.errors import InvalidRequest, WebhookNotFound
from cdp.service.webhook_target import checked_url
from cdp.service.webhooks import MOST_ATTEMPTS, Courier, pause
from cdp.store import webhooks
from tests.promises.conftest import new_world
from tests.promises.world import World
from tests.served import a_row

__all__ = ["new_world"]
SECRET = "whsec_test"  # noqa: S105


class Receiver:
    """Somebody's system: answers as told, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: Callable[[BaseHTTPRequestHandler], None] = answer_with(200)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                receiver.answers(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self) -> list[dict[str, Any]]:
        return [change for _, body in self.got for change in json.loads(body)["changes"]]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def answer_with(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


class Case:
    """A world with one webhook, a receiver and a clock that tests set."""

    def __init__(self, world: World, receiver: Receiver) -> None:
        self.world, self.receiver = world, receiver
        self.now = datetime.now(UTC)
        self.courier = Courier(world.database, private=True, deadline=0.5, clock=lambda: self.now)
        self.webhook_id = self.subscribe(receiver.url)

    def subscribe(self, url: str, *kinds: str):
        with self.world.database.autocommit() as connection:
            kinds = kinds or ("changed", "merged", "erased")
            return webhooks.add(connection, url, kinds, SECRET, self.now)

    def change(self, key: str, **said: str) -> None:
        self.world.feed([[a_row("crm", key, 1, **said)]])

    def deliver(self) -> int:
        """Let everything that can be due within the longest pause be tried once."""
        self.now += timedelta(hours=2)
        return self.courier.run()

    def listed(self) -> dict[str, Any]:
        with self.world.database.autocommit() as connection:
            return webhooks.every(connection)[0]


@pytest.fixture
def case(new_world) -> Iterator[Case]:
    with ExitStack() as stack:
        receiver = Receiver()
        stack.callback(receiver.close)
        yield Case(new_world(stack), receiver)


def test_a_change_arrives_signed_and_names_ids_only(case):
    case.change("1", given="Ann", email="ann@example.com")
    assert case.deliver() == 1
    ((headers, body),) = case.receiver.got
    signature.verify(SECRET, body, headers[signature.HEADER])
    (uid,) = case.world.ids()
    assert [(each["kind"], each["profile_id"]) for each in case.receiver.told()] == [
        ("changed", uid)
    ]
    assert b"ann" not in body.lower()
    assert case.deliver() == 0


def test_a_signature_of_another_body_secret_or_day_is_refused():
    header = signature.sign(SECRET, b"body", 1_000)
    signature.verify(SECRET, b"body", header, now=1_100)
    for secret, body, said, now in (
        ("other", b"body", header, 1_100),
        (SECRET, b"other", header, 1_100),
        (SECRET, b"body", header, 2_000),
        (SECRET, b"body", "nonsense", 1_100),
    ):
        with pytest.raises(InvalidRequest):
            signature.verify(secret, body, said, now=now)


def test_a_merge_names_the_old_and_the_new_id(case):
    case.change("1", email="a@example.com")
    case.change("2", phone="+12125550142")
    older, newer = case.world.ids()
    case.world.feed([[a_row("shop", "9", 2, email="a@example.com", phone="+12125550142")]])
    case.deliver()
    merged = [each for each in case.receiver.told() if each["kind"] == "merged"]
    assert [(each["profile_id"], each["merged_into"]) for each in merged] == [(newer, older)]


def test_a_receiver_that_fails_is_tried_again_later_and_hears_everything_at_last(case):
    case.receiver.answers = answer_with(500)
    case.change("1", given="Ann")
    assert case.deliver() == 1
    assert case.courier.run() == 0  # not before the pause is over
    case.change("2", given="Bo")
    case.receiver.answers = answer_with(200)
    case.deliver()
    assert {each["profile_id"] for each in case.receiver.told()} == set(case.world.ids())
    assert case.listed()["waiting"] == 0


def test_a_slow_receiver_is_given_up_in_time_and_does_not_hold_up_others(case):
    end = Event()
    case.receiver.answers = lambda handler: (end.wait(30), answer_with(200)(handler))
    other = Receiver()
    case.subscribe(other.url)
    case.change("1", given="Ann")
    began = time.monotonic()
    assert case.deliver() == 2
    assert time.monotonic() - began < 10
    assert len(other.told()) == 1
    end.set()
    other.close()
    assert case.listed()["waiting"] == 1


def test_a_receiver_that_hangs_up_or_is_gone_is_tried_again(case):
    case.receiver.answers = hang_up
    case.change("1", given="Ann")
    case.deliver()
    case.receiver.close()
    case.deliver()
    assert case.listed()["waiting"] == 1


def test_what_fails_too_often_is_dead_until_it_is_replayed(case):
    case.receiver.answers = answer_with(404)
    case.change("1", given="Ann")
    for _ in range(MOST_ATTEMPTS):
        assert case.deliver() == 1
    assert case.deliver() == 0
    with case.world.database.autocommit() as connection:
        (dead,) = webhooks.dead(connection, 10)
        assert (dead["attempts"], dead["answer"]) == (MOST_ATTEMPTS, "404")
        assert webhooks.replay(connection, [dead["delivery_id"]], case.now) == 1
    case.receiver.answers = answer_with(200)
    assert case.deliver() == 1
    assert case.listed()["dead"] == 0


def test_a_courier_that_dies_with_a_delivery_in_its_hands_loses_nothing(case):
    case.change("1", given="Ann")
    with case.world.database.autocommit() as connection:
        webhooks.fill(connection, case.now)
        assert len(webhooks.claim(connection, case.now, timedelta(seconds=60), [], 5)) == 1
    assert case.courier.run() == 0  # its lease still runs
    assert case.deliver() == 1
    assert len(case.receiver.told()) == 1


def test_an_address_that_is_none_holds_up_no_other(case):
    case.subscribe("https://exam..ple.com/")  # as it was taken once
    case.change("1", given="Ann")
    assert case.deliver() == 2
    assert len(case.receiver.got) == 1


def test_only_the_kinds_that_were_asked_for_are_told(case):
    other = Receiver()
    case.subscribe(other.url, "merged")
    case.change("1", given="Ann")
    case.deliver()
    assert len(case.receiver.told()) == 1
    assert other.told() == []
    other.close()


def test_a_removed_webhook_hears_nothing_more(case):
    case.change("1", given="Ann")
    with case.world.database.autocommit() as connection:
        webhooks.remove(connection, case.webhook_id, case.now)
        with pytest.raises(WebhookNotFound):
            webhooks.remove(connection, case.webhook_id, case.now)
    assert case.deliver() == 0


def test_pauses_grow_to_an_hour_and_differ_by_chance():
    assert timedelta(seconds=2.5) <= pause(1) <= timedelta(seconds=5)
    assert timedelta(minutes=30) <= pause(MOST_ATTEMPTS) <= timedelta(hours=1)
    assert len({pause(5) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook", "ftp://example.com", "https://", "https://user:pw@example.com",
        "https://127.0.0.1/x", "https://10.1.2.3/", "https://[::1]/", "https://localhost/",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/",
        "https://192.168.1.1", "https://100.64.0.1", "https://0.0.0.0", "https://[fd00::1]/",
        "https://example.com:port/", "https://exam..ple.com/", "https://[::1/", "https://xn--/",
        f"https://{'a' * 64}.example.com/", "https://example.com/x\n",
    ],
)  # fmt: skip
def test_addresses_that_are_private_or_unsafe_are_refused(url):
    with pytest.raises(InvalidRequest):
        checked_url(url, private=False)


def test_a_name_that_leads_to_a_private_address_is_not_followed(case):
    courier = Courier(case.world.database, private=False, clock=lambda: case.now)
    case.change("1", given="Ann")
    case.now += timedelta(hours=2)
    assert courier.run() == 1
    assert case.receiver.got == []
    assert case.listed()["waiting"] == 1
