"""S0.2: a post about a charity run brings somebody into the audience of those who did not buy."""

import json
from typing import Any

import pytest

from cdp.audience.words import bought, trait, viewed
from cdp.model.audience import AudienceDeclaration
from tests.scenarios.shop import NOW, Goods, Shop
from tests.scenarios.world import World

NAME = "charity runners without the jacket"
JACKET = Goods("7700", "JACKETS", "OUTDOOR")
POST = "So proud: signed up for the charity run against cancer on Sunday!"


def a_runner(shop: Shop, key: str, *, post: str | None = POST, buys: bool = False, **said) -> None:
    """Somebody who looked at the jacket, did not buy it and posted, unless said otherwise."""
    shop.customer(key, **said)
    shop.view(key, 3, JACKET)
    if buys:
        shop.order(key, 2, JACKET, paid=120.0)
    if post:
        shop.post(key, post)


@pytest.fixture(scope="module")
def shop(module_world: World) -> Shop:
    told = Shop(module_world)
    a_runner(told, "carla")
    a_runner(told, "has-the-jacket", buys=True)
    a_runner(told, "posts-of-cakes", post="Baked three cakes today.")
    a_runner(told, "posts-nothing", post=None)
    a_runner(told, "refuser", consent="N")
    a_runner(told, "not-asked", consent=None)
    told.crowd(5, JACKET, paid=[120.0])
    told.deliver_online()
    told.segments.save(
        NAME,
        viewed(product=JACKET.product)
        & ~bought(product=JACKET.product)
        & trait("causes").contains("charity run"),
        by="eva",
        now=NOW,
    )
    return told


def test_the_affinity_has_the_post_as_its_evidence(shop: Shop):
    traits: dict[str, Any] = dict(shop.world.profiles.computed("customer_id:carla").traits)
    assert "charity run" in traits["causes"]
    (evidence,) = [each for each in traits["cause_evidence"] if each["cause"] == "charity run"]
    carla = shop.world.one(customer_id="carla")
    (post,) = shop.world.profiles.timeline(carla.profile_id, kinds=["post"])
    assert evidence["event_id"] == str(post.event_id)
    assert post.properties["text"] == POST


def test_she_is_reached_by_e_mail_and_those_who_miss_one_condition_are_not(shop: Shop):
    assert shop.members(NAME) == {"carla", "refuser", "not-asked"}
    shop.audiences.declare(
        AudienceDeclaration(
            name="charity_run",
            segment=NAME,
            purpose="marketing",
            medium="email",
            fields=("name.given", "causes"),
        )
    )
    _, pieces = shop.audiences.pieces("charity_run", kind="jsonl")
    (row,) = map(json.loads, b"".join(pieces).decode().splitlines())
    assert (row["contact"], row["name.given"]) == ("carla@example.com", "Carla")
    assert "charity run" in row["causes"]
    assert shop.audiences.size("charity_run").left_out == {"denied": 1, "not_asked": 1}
