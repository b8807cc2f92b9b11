"""S1.3: top spenders who buy what is new, from everywhere in the shop; told beside how they feel."""

import json

import pytest

from cdp.audience.words import trait, viewed
from cdp.client import Client
from cdp.model.audience import AudienceDeclaration
from tests.scenarios.shop import NOW, Goods, Shop
from tests.scenarios.world import World
from tests.served import serving

NAME = "advocates"
NEW = Goods("9001", "PARKAS", "WOMEN")
LATEST = Goods("9900", "CAPES", "WOMEN")
SHIRT, SCARF = Goods("3001", "SHIRTS", "MEN"), Goods("7001", "SCARVES", "ACCESSORIES")
OLD = Goods("1001", "COATS", "WOMEN")

CONDITION = (
    (trait("lifecycle") == "active")
    & (trait("value_tier") == "top")
    & (trait("new_arrival_share") >= 0.3)
    & (trait("departments") >= 3)
    & viewed(product=LATEST.product, within="30d")
)


def an_advocate(
    shop: Shop,
    key: str,
    *,
    last: float = 20,
    paid: float = 900.0,
    early: float = 85,
    goods: tuple[Goods, ...] = (SHIRT, SCARF),
    looks_at: Goods = LATEST,
    **said,
) -> None:
    """Somebody of whom all of it is true, unless said otherwise."""
    shop.customer(key, **said)
    shop.order(key, early, NEW, paid=paid)
    shop.order(key, last, *goods, paid=paid)
    shop.view(key, 12, looks_at)


NEAR_MISSES = {
    "only at risk": {"last": 91, "early": 99},
    "no top spender": {"paid": 40.0},
    "buys late": {"early": 65},
    "buys from one department": {"goods": (OLD,)},
    "did not look": {"looks_at": OLD},
}


def key_of(words: str) -> str:
    return words.replace(" ", "-")


@pytest.fixture(scope="module")
def shop(module_world: World) -> Shop:
    told = Shop(module_world)
    an_advocate(told, "ada")
    an_advocate(told, "dora")
    an_advocate(told, "refuser", consent="N")
    for words, said in NEAR_MISSES.items():
        an_advocate(told, key_of(words), **said)
    told.crowd(40, OLD, paid=[20.0, 50.0, 90.0, 120.0])
    told.customer("first")
    told.order("first", 100, NEW, paid=60.0)  # the day on which it was new
    told.review("ada", NEW, 5, "Wonderful parka, I love it and the fit is perfect.")
    told.review("dora", NEW, 1, "Terrible quality, the zip broke after a week. Very disappointed.")
    told.deliver_online()
    told.segments.save(NAME, CONDITION, by="eva", now=NOW)
    return told


def test_those_are_found_of_whom_all_of_it_is_true(shop: Shop):
    assert shop.members(NAME) == {"ada", "dora", "refuser"}


@pytest.mark.parametrize("words", NEAR_MISSES)
def test_who_fails_a_single_condition_is_told_which(shop: Shop, words: str):
    told = shop.segments.why(f"customer_id:{key_of(words)}", NAME, now=NOW)
    assert [part.holds for part in told.reason.parts].count(False) == 1


def test_the_list_is_handed_on_over_http_beside_how_they_feel(shop: Shop, tmp_path):
    with serving(shop.world.database, tmp_path, concluding=False) as served:
        key = served.key("read", "steward")
        with Client(served.url, key) as client:
            client.declare_audience(
                AudienceDeclaration(
                    name="advocates",
                    segment=NAME,
                    purpose="marketing",
                    medium="email",
                    fields=("name.given", "sentiment", "sentiment_tone"),
                )
            )
            assert client.audience_size("advocates").left_out == {"denied": 1}
            said = b"".join(client.export_audience("advocates", kind="jsonl")).decode()
            happy = client.count(f'segment="{NAME}" & !sentiment=negative')
            (done,) = client.audience_exports("advocates")
    told = {row["name.given"]: row for row in map(json.loads, said.splitlines())}
    assert set(told) == {"Ada", "Dora"}
    assert told["Ada"]["sentiment_tone"] == "positive"
    # A disappointed advocate hurts most.
    assert told["Dora"]["sentiment_tone"] == "negative"
    assert told["Dora"]["sentiment"] < 0 < told["Ada"]["sentiment"]
    assert (happy.people, happy.parts[f"segment={NAME}"]) == (2, 3)
    assert (done.people, done.format, done.state) == (2, "jsonl", "done")
