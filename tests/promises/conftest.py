"""Fresh worlds, many to a test."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.promises.world import World


@pytest.fixture(scope="session")
def new_world(new_database) -> Callable[[ExitStack], World]:
    """Makes an empty world that ends with the given stack: Hypothesis needs one per example."""

    def make(stack: ExitStack) -> World:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        return World(stack.enter_context(new_database()), folder)

    return make
