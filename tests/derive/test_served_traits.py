"""Computed traits over HTTP, by the client and on the command line."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from cdp.cli import main
from cdp.client import Client
from cdp.conclude import conclude
from cdp.errors import ProfileNotFound, UnknownTrait
from cdp.settings import settings
from cdp.store.database import Database
from tests.derive.market import NOW
from tests.served import PEOPLE, Served, serving


@pytest.fixture(scope="module")
def shop(
    new_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """A shop of which nothing is concluded but by the tests, as of NOW."""
    folder = tmp_path_factory.mktemp("shop")
    with new_database() as database, serving(database, folder, concluding=False) as served:
        served.world.feed([PEOPLE])
        yield served


def test_the_client_reads_lists_and_explains_computed_traits(shop: Served):
    with Client(shop.url, shop.key("read")) as client:
        with pytest.raises(ProfileNotFound, match="nothing was concluded"):
            client.computed("email:ann@example.com")
        conclude(shop.database, now=NOW)
        ann = client.computed("email:ann@example.com")
        assert ann == shop.profiles.computed("email:ann@example.com")
        assert (ann.traits["orders"], ann.traits["spent"], ann.parameters) == (3, 34.9, 1)
        why = client.explain_computed("email:ann@example.com", "average_order")
        assert (why.value, why.trait.formula) == (11.6333, "spent / orders with an amount")
        with pytest.raises(UnknownTrait, match="'average_order'"):
            client.explain_computed("email:ann@example.com", "averageorder")
        assert client.computed_traits() == shop.profiles.computed_traits()


def test_a_key_of_some_fields_sees_conclusions_only_where_it_names_them(shop: Served):
    conclude(shop.database, now=NOW)
    place = "/v1/profiles/email:ann%40example.com/computed"
    with shop.http("read", fields=["traits.name"]) as http:
        assert http.get(place).status_code == 403
    with shop.http("read", fields=["computed"]) as http:
        assert http.get(place).json()["traits"]["orders"] == 3


def test_the_command_line_derives_shows_and_explains(
    shop: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CDP_DATABASE_URL", shop.database.url)
    settings.cache_clear()

    def cdp(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert not ended.value.code
        return capsys.readouterr().out

    assert "profiles derived" in cdp("derive", "run", "--now", "2026-06-01")
    shown = json.loads(cdp("derive", "show", "email:ann@example.com", "--json"))
    assert shown["traits"]["orders"] == 3
    assert "11.63" in cdp("derive", "explain", "email:ann@example.com", "average_order")
    assert json.loads(cdp("derive", "parameters"))[0]["prediction"]["state"] == "not enough data"
    assert "version 1" in cdp("derive", "fit", "--now", "2026-06-01")
    assert "profiles derived" in cdp("derive", "rebuild", "--now", "2026-06-01")
    settings.cache_clear()
