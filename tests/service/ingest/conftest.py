"""The service on a real socket, in a thread of the test's own process."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from cdp.model.profile import Profile
from cdp.profiles import CustomerProfiles
from cdp.service.app import create_app
from cdp.store import keys
from cdp.store.database import Database
from tests.served import eventually


@dataclass(frozen=True)
class Service:
    """A running service, a write key for it, and a look into its store."""

    url: str
    write_key: str
    database: Database
    http: httpx.Client
    profiles: CustomerProfiles

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        """POST JSON with the key as Basic user."""
        return self.http.post(path, json=body, auth=(self.write_key, ""), **options)

    def push(self, *messages: dict[str, Any], **envelope: Any) -> None:
        """Push messages as one batch; when this returns they are visible."""
        answer = self.post("/v1/batch", {"batch": list(messages)} | envelope)
        assert (answer.status_code, answer.json()) == (200, {"success": True}), answer.text
        self.settle()

    def settle(self) -> None:
        """Wait until what was answered is folded."""
        eventually(lambda: not self._unfolded())

    def _unfolded(self) -> int:
        return self.profiles.status().stale_profiles

    def person(self, **identifier: str) -> Profile:
        """The one profile that an identifier finds."""
        (found,) = self.profiles.find(**identifier)
        return found

    def timeline(self, **identifier: str) -> list[tuple[str, dict[str, Any]]]:
        """Kinds and properties of a profile's events, oldest first."""
        found = self.profiles.timeline(self.person(**identifier).profile_id, limit=1000)
        events = sorted(found, key=lambda event: event.occurred_at)
        return [(event.kind, dict(event.properties)) for event in events]

    def figures(self) -> dict[str, int]:
        """Rows read, accepted and quarantined of all that was pushed about persons."""
        with self.database.autocommit() as connection:
            row = connection.execute(
                "SELECT sum(rows_read), sum(rows_accepted), sum(rows_quarantined) FROM delivery "
                "WHERE channel = 'shop'"
            ).fetchone()
        assert row
        return dict(zip(("read", "accepted", "quarantined"), map(int, row), strict=True))

    def quarantine(self) -> list[tuple[str | None, str, str]]:
        """Field, rule and reason of what is in quarantine."""
        with self.database.autocommit() as connection:
            query = "SELECT field, rule, reason FROM quarantine ORDER BY recorded_at, row"
            return list(connection.execute(query).fetchall())


@contextmanager
def running(database: Database) -> Iterator[Service]:
    """The service on `database` with a fresh write key, stopped gracefully at the end."""
    _, write_key = keys.create(
        database, "web shop", ["ingest"], channel="shop", requests_per_second=100_000
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who asks before the server is up waits for it
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(
            uvicorn.Config(create_app(database), log_config=None, access_log=False)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=url, timeout=30) as http:
                profiles = CustomerProfiles(database=database)
                yield Service(url, write_key, database, http, profiles)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def service(database: Database) -> Iterator[Service]:
    """The service on an empty store."""
    with running(database) as found:
        yield found


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    """Makes a message with an id of its own."""

    def make(call: str, **said: Any) -> dict[str, Any]:
        return {"type": call, "messageId": str(uuid4())} | said

    return make
