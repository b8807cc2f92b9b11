"""A club whose file has two bad rows of four, and a till with one bad line of three."""

from pathlib import Path

import pytest

from cdp.channel.spec import ChannelSpec
from cdp.store.database import Database
from tests.quarantine.world import BASKETS, CLUB, MEMBERS, TILL, declared, landed


@pytest.fixture
def club(database: Database, tmp_path: Path) -> ChannelSpec:
    return landed(database, declared(tmp_path, "club", CLUB, MEMBERS))


@pytest.fixture
def till(database: Database, tmp_path: Path) -> ChannelSpec:
    return landed(database, declared(tmp_path, "till", TILL, BASKETS))
