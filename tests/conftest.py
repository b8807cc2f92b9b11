"""A real Postgres for every test: one server, migrated once, copied as a template."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest

from cdp.store.database import Database
from cdp.store.embedded import embedded_url
from cdp.store.schema import migrate


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server of this test run, with a migrated database called `template`."""
    # Not pytest's own folder: its next session would take the server's user's way into it.
    with TemporaryDirectory(prefix="cdp-test-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(Path(folder))
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            # A test's data need not outlive a power cut.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template")
        database = Database(url.replace("/postgres?", "/template?"))
        migrate(database)
        database.close()
        yield url


@pytest.fixture(scope="session")
def new_database(server: str) -> Callable[[], AbstractContextManager[Database]]:
    """Makes an empty, migrated store that is dropped at the end of its `with`."""

    @contextmanager
    def make() -> Iterator[Database]:
        name = f"t{uuid4().hex}"
        with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template")
            store = Database(server.replace("/postgres?", f"/{name}?"))
            yield store
            store.close()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return make


@pytest.fixture
def database(new_database: Callable[[], AbstractContextManager[Database]]) -> Iterator[Database]:
    """An empty, migrated store."""
    with new_database() as store:
        yield store
