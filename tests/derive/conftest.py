"""A market of one test."""

from pathlib import Path

import pytest

from cdp.store.database import Database
from tests.derive.market import Market


@pytest.fixture
def market(database: Database, tmp_path: Path) -> Market:
    return Market(database, tmp_path)
