"""Small worlds of records, and a town whose records have been linked once, copied for each test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from cdp.identities import Identities
from cdp.store.database import Database
from tests.identity.town import Town, background, neighbours
from tests.promises.conftest import new_world
from tests.promises.world import World

__all__ = ["new_world"]


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path)


@pytest.fixture
def identities(database: Database) -> Identities:
    return Identities(database=database)


@pytest.fixture(scope="session")
def first_town(
    new_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """The town after its first linking; not to be changed."""
    with new_database() as database:
        town = Town(database, tmp_path_factory.mktemp("town"))
        crm, shop = background()
        town.tell("crm", crm)
        town.tell("shop", shop)
        town.tell("club", neighbours())
        town.first = town.link()
        yield town


@pytest.fixture
def town(first_town: Town, server: str, tmp_path: Path) -> Iterator[Town]:
    """The linked town, a copy of the test's own."""
    source = first_town.database.url.partition("?")[0].rpartition("/")[2]
    first_town.database.close()  # a database in use cannot be copied
    name = f"t{uuid4().hex}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        database = Database(server.replace("/postgres?", f"/{name}?"))
        yield Town(database, tmp_path)
        database.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
