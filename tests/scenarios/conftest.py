"""A world whose files lie in a folder of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cdp.settings import settings
from cdp.store.database import Database
from tests.scenarios.world import World


@pytest.fixture(scope="module")
def module_world(
    new_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """One world for a module that tells it once and reads it often."""
    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch, new_database() as database:
        patch.setenv("CDP_DATA", str(data))
        settings.cache_clear()
        yield World(database, data)
    settings.cache_clear()


@pytest.fixture
def world(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world of the test's own."""
    monkeypatch.setenv("CDP_DATA", str(tmp_path))
    settings.cache_clear()
    yield World(database, tmp_path)
    settings.cache_clear()
