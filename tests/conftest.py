"""A real Postgres for every test: one server, migrated once, copied as a template."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from cdp.store.database import Database
from cdp.store.embedded import embedded_url
from cdp.store.schema import migrate


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a server of this test run, with a migrated database called `template`."""
    url = embedded_url(Path(tmp_path_factory.mktemp("pg")))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE template")
    database = Database(url.replace("/postgres?", "/template?"))
    migrate(database)
    database.close()
    return url


@pytest.fixture
def database(server: str) -> Iterator[Database]:
    """An empty, migrated store."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template STRATEGY file_copy")
        store = Database(server.replace("/postgres?", f"/{name}?"))
        yield store
        store.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
