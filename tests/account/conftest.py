"""A store of firms for each test."""

from pathlib import Path

import pytest

from cdp.store.database import Database
from tests.account.firms import Firms


@pytest.fixture
def firms(database: Database, tmp_path: Path) -> Firms:
    """No firms yet."""
    return Firms(database, tmp_path)
