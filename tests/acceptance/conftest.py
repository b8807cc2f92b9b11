"""A store of the channels that a module names in CHANNELS, and a shop that delivers what it likes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cdp.store.database import Database
from tests.acceptance.drop import Shop
from tests.acceptance.shared import Store, store_of


@pytest.fixture(scope="module")
def store(
    request: pytest.FixtureRequest, new_database: Callable[[], AbstractContextManager[Database]]
) -> Iterator[Store]:
    with store_of(request.module.CHANNELS, new_database) as made:
        yield made


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)
