"""The two clients are one source."""

import inspect

from cdp.client import AsyncClient, Client
from tests.client.twin import TWIN, twins


def test_the_synchronous_client_is_written_from_the_asynchronous_one():
    found = {place: place.read_text("utf-8") for place in TWIN.glob("*.py")}
    assert found == twins(), "run python -m tests.client.twin"


def test_both_have_the_same_verbs_with_the_same_arguments():
    verbs = [name for name in vars(AsyncClient) if not name.startswith("_")]
    for base in AsyncClient.__mro__:
        verbs += [name for name in vars(base) if not name.startswith("_")]
    for verb in set(verbs) - {"aclose"}:
        twin = inspect.signature(getattr(Client, verb))
        assert inspect.signature(getattr(AsyncClient, verb)).parameters == twin.parameters
