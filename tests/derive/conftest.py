"""A market of one test."""

from pathlib import Path

import pytest
import yaml

from cdp.derive.policy import derive_policy
from cdp.derive.registry import computed_traits, known_traits
from cdp.settings import settings
from cdp.store.database import Database
from tests.derive.market import Market


@pytest.fixture
def market(database: Database, tmp_path: Path) -> Market:
    return Market(database, tmp_path)


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Sets the policy file of the installation."""

    def write(**sections: object) -> None:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump(sections))
        monkeypatch.setenv("CDP_POLICY", str(file))
        forget()

    def forget() -> None:
        for kept in (settings, derive_policy, computed_traits, known_traits):
            kept.cache_clear()

    yield write
    forget()
