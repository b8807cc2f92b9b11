"""One store per module, of the channels that the module names in CHANNELS."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from cdp.store.database import Database
from tests.acceptance.shared import Store, store_of


@pytest.fixture(scope="module")
def store(
    request: pytest.FixtureRequest, new_database: Callable[[], AbstractContextManager[Database]]
) -> Iterator[Store]:
    with store_of(request.module.CHANNELS, new_database) as made:
        yield made
