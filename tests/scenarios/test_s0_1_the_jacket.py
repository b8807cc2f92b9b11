"""S0.1: who looked at the jacket and bought it nowhere; and what goes with it for who bought it."""

import json

import pytest

from cdp.audience.words import bought, viewed
from cdp.conclude import conclude
from cdp.model.audience import AudienceDeclaration
from tests.scenarios.shop import NOW, Goods, Shop
from tests.scenarios.world import World

LOOKED, OWNS = "looked at the jacket", "has the jacket"
JACKET = Goods("7700", "JACKETS", "OUTDOOR")
GLOVES, SCARF, BELT = (
    Goods("7701", "GLOVES", "OUTDOOR"),
    Goods("7702", "SCARVES", "OUTDOOR"),
    Goods("7703", "BELTS", "MEN"),
)
PHONE = "+1 217 555 0142"


@pytest.fixture
def shop(world: World) -> Shop:
    """Before the store's file: Bea and Cleo looked, and others bought online long ago."""
    told = Shop(world)
    told.customer("bea", phone=PHONE)
    told.customer("cleo")
    told.customer("looked-long-ago")
    told.customer("looked-at-gloves")
    told.customer("bought-online")
    told.customer("refuser", consent="N")
    told.view("bea", 3, JACKET)
    told.view(None, 5, JACKET, cookie="tablet")  # nobody knows who; later Cleo logs in there
    told.view("cleo", 4, GLOVES, cookie="tablet")
    told.view("looked-long-ago", 31, JACKET)
    told.view("looked-at-gloves", 3, GLOVES)
    told.view("bought-online", 3, JACKET)
    told.order("bought-online", 2, JACKET, paid=120.0)
    told.view("refuser", 3, JACKET)
    for n in range(8):
        told.customer(f"buyer{n}")
        told.order(f"buyer{n}", 400, JACKET, GLOVES, SCARF, paid=200.0)
    told.crowd(20, BELT, paid=[20.0])
    told.sale(41, 0.1, JACKET, GLOVES, phone=PHONE, given_name="Bea")
    told.deliver_online()
    told.segments.save(
        LOOKED,
        viewed(product=JACKET.product, within="30d") & ~bought(product=JACKET.product),
        by="eva",
        now=NOW,
    )
    told.segments.save(OWNS, bought(product=JACKET.product), by="eva", now=NOW)
    for name, segment in (("jacket", LOOKED), ("complements", OWNS)):
        told.audiences.declare(
            AudienceDeclaration(
                name=name,
                segment=segment,
                purpose="marketing",
                medium="email",
                fields=("name.given", "suggested_categories"),
            )
        )
    return told


def handed_on(shop: Shop, audience: str) -> dict[str, dict]:
    _, pieces = shop.audiences.pieces(audience, kind="jsonl")
    rows = map(json.loads, b"".join(pieces).decode().splitlines())
    return {row["contact"].partition("@")[0]: row for row in rows}


def test_both_audiences_are_right_the_moment_the_store_s_file_is_in(shop: Shop):
    assert set(handed_on(shop, "jacket")) == {"bea", "cleo"}
    assert "bea" not in handed_on(shop, "complements")
    shop.deliver_store()
    assert set(handed_on(shop, "jacket")) == {"cleo"}
    assert "bea" in handed_on(shop, "complements")
    # The card shares nothing with the web account but a telephone.
    bea = shop.world.one(customer_id="bea")
    assert {"store_sales", "web_shop", "web_clickstream", "crm"} == set(bea.channels)


def test_who_misses_a_single_condition_is_left_out(shop: Shop):
    shop.deliver_store()
    assert shop.members(LOOKED) == {"cleo", "refuser"}
    assert shop.audiences.size("jacket").left_out == {"denied": 1}


def test_the_buyer_is_offered_what_goes_with_it_less_what_she_has(shop: Shop):
    shop.deliver_store()
    told = handed_on(shop, "complements")
    assert told["bea"]["suggested_categories"] == ["SCARVES"]
    assert set(told["bought-online"]["suggested_categories"]) == {"SCARVES", "GLOVES"}
    assert told["buyer0"].get("suggested_categories") is None


def test_who_looked_leaves_when_thirty_days_are_over(shop: Shop):
    from datetime import timedelta  # noqa: PLC0415

    conclude(shop.world.database, now=NOW + timedelta(days=26))
    assert shop.members(LOOKED) == {"bea", "refuser"}
    conclude(shop.world.database, now=NOW + timedelta(days=28))
    assert shop.members(LOOKED) == set()
