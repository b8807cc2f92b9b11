"""A small shop whose profiles are served over a socket."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import httpx
import pytest
import uvicorn

from cdp.profiles import CustomerProfiles
from cdp.service.app import create_app
from cdp.store import keys
from cdp.store.database import Database
from tests.promises.world import World

BLANK = dict.fromkeys(
    ("email", "phone", "card", "given", "born", "city", "likes", "gender", "order_no", "spent",
     "says", "club")
)  # fmt: skip


def a_row(channel: str, key: str, day: int, **said: str) -> dict[str, str | None]:
    """What a channel says of one of its records on a day of January 2024."""
    return BLANK | {"channel": channel, "key": key, "at": f"2024-01-{day:02d}T10:00:00Z"} | said


PEOPLE = [
    a_row("crm", "1", 1, email="ann@example.com", given="Ann", city="Oslo", gender="f"),
    a_row("shop", "7", 2, email="Ann@Example.com", city="Rome", order_no="o1", spent="9.90"),
    a_row(
        "shop",
        "7",
        3,
        email="ann@example.com",
        city="Rome",
        order_no="o2",
        spent="20.00",
        likes="chess",
    ),
    a_row("shop", "7", 4, email="ann@example.com", city="Rome", order_no="o3", spent="5.00"),
    a_row("crm", "2", 1, email="bo@example.com", given="Bo", phone="+12125550142"),
    a_row("crm", "3", 1, given="Robert", born="1980-03-01", phone="+12125550142"),
    a_row("crm", "4", 1, email="cy@example.com", given="Cyril", city="Oslo"),
]


BETWEEN_LOOKS = 0.02  # s


@dataclass
class Served:
    """A store behind a socket."""

    database: Database
    url: str
    world: World

    @property
    def profiles(self) -> CustomerProfiles:
        return self.world.profiles

    def key(self, *scopes: str, **limits) -> str:
        """A fresh key."""
        return keys.create(self.database, "test", scopes or ("read",), **limits)[1]

    def http(self, *scopes: str, **limits) -> httpx.Client:
        """A plain HTTP client with a fresh key."""
        return httpx.Client(base_url=self.url, auth=(self.key(*scopes, **limits), ""), timeout=60)


@contextmanager
def serving(database: Database, folder: Path, *, concluding: bool = True) -> Iterator[Served]:
    """Serves a store on a free port; one that lives in the past must not be `concluding`."""
    app = create_app(database)
    if not concluding:
        app.state.concluder.stop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who asks before the server is up waits for it
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield Served(database, url, World(database, folder))
        finally:  # else a test that fails here waits for the server for ever
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def shop(new_database, tmp_path_factory) -> Iterator[Served]:
    """The shop that tests only read, or change in people of their own."""
    with new_database() as database, serving(database, tmp_path_factory.mktemp("shop")) as served:
        served.world.feed([PEOPLE])
        yield served


def eventually(holds: Callable[[], object], seconds: float = 60.0) -> object:
    """What `holds` gives once it is true; for what another thread does."""
    end, pause = monotonic() + seconds, Event()
    while not (found := holds()):
        assert monotonic() < end, "it did not come to pass in time"
        pause.wait(BETWEEN_LOOKS)  # the processor is the other thread's
    return found
