"""One demo and one small world, generated once for all tests of this folder."""

import pytest

from cdp.generate import generate, generate_demo

SEED = 7


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    return generate_demo(tmp_path_factory.mktemp("demo"), SEED)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("world"), 800, SEED, bad_rows=0.1)
