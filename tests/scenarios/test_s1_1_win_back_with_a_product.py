"""S1.1: churned top spenders whom the newest running shoes have brought back to the site."""

import csv
from pathlib import Path

import pytest

from cdp.audience.words import bought, trait, viewed
from cdp.model.audience import AudienceDeclaration
from tests.scenarios.shop import NOW, Goods, Shop
from tests.scenarios.world import World

NAME = "win back with running shoes"
NEWEST = ["9101", "9102"]
SHOE, OLD_SHOE = Goods("9101", "RUNNING SHOES", "SHOES"), Goods("8101", "RUNNING SHOES", "SHOES")
COAT = Goods("5001", "COATS", "WOMEN")

CONDITION = (
    (trait("lifecycle") == "churned")
    & (trait("value_tier") == "top")
    & trait("last_order_at").within("240d")  # the line is 180 days
    & viewed(category="RUNNING SHOES", product=NEWEST, within="30d")
    & ~bought(product=NEWEST)
    & trait("last_visit_at").within("7d")
    & (trait("category_shares")["RUNNING SHOES"] >= 0.3)
)


def a_runner(
    shop: Shop,
    key: str,
    *,
    last: float = 200,
    paid: float = 900.0,
    goods: Goods = OLD_SHOE,
    looks_at: Goods = SHOE,
    seen: float = 10,
    back: float = 2,
    **said,
) -> None:
    """Somebody of whom all of it is true, unless said otherwise."""
    shop.customer(key, **said)
    shop.order(key, last, goods, COAT, paid=paid)
    shop.view(key, seen, looks_at)
    shop.visit(key, back)


NEAR_MISSES = {
    "not churned, only at risk": {"last": 120},
    "no top spender": {"paid": 30.0},
    "churned long ago": {"last": 400},
    "looked at other shoes": {"looks_at": OLD_SHOE},
    "looked at them too long ago": {"seen": 45},
    "ordered them before": {"goods": SHOE},
    "not back within a week": {"back": 9},
    "spent on other things": {"goods": COAT},
}
NOT_TO_BE_WRITTEN_TO = {
    "denied": {"consent": "N"},
    "not_asked": {"consent": None},
    "no_contact_point": {"email": None},
}


def key_of(words: str) -> str:
    return words.replace(" ", "-").replace(",", "").replace("_", "-")


@pytest.fixture(scope="module")
def shop(module_world: World) -> Shop:
    told = Shop(module_world)
    a_runner(told, "wilma")
    a_runner(told, "rona", last=235, seen=29, back=6)
    for words, said in {**NEAR_MISSES, **NOT_TO_BE_WRITTEN_TO}.items():
        a_runner(told, key_of(words), **said)
    told.crowd(60, COAT, paid=[20.0, 40.0, 60.0, 80.0])
    told.deliver_online()
    told.segments.save(NAME, CONDITION, by="eva", now=NOW)
    return told


def test_those_are_found_of_whom_all_of_it_is_true(shop: Shop):
    assert shop.members(NAME) == {"wilma", "rona", *map(key_of, NOT_TO_BE_WRITTEN_TO)}


@pytest.mark.parametrize("words", NEAR_MISSES)
def test_who_fails_a_single_condition_is_told_which(shop: Shop, words: str):
    told = shop.segments.why(f"customer_id:{key_of(words)}", NAME, now=NOW)
    assert not told.holds
    failing = [part for part in told.reason.parts if not part.holds]
    assert (len(failing), len(told.to_change)) == (1, 1)


def test_the_size_of_each_crossing_is_shown_at_once(shop: Shop):
    told = shop.crossings.count("lifecycle=churned & value_tier=top")
    assert told.people == len(NEAR_MISSES) + len(NOT_TO_BE_WRITTEN_TO) + 2 - 2
    assert shop.crossings.count(f'segment="{NAME}" & lifecycle=churned').people == 5
    matrix = shop.crossings.matrix("lifecycle", "value_tier")
    assert sum(cell.people for cell in matrix.cells) == matrix.people


def test_the_list_holds_those_who_may_be_written_to(shop: Shop, tmp_path: Path):
    shop.audiences.declare(
        AudienceDeclaration(
            name="win_back",
            segment=NAME,
            purpose="marketing",
            medium="email",
            fields=("name.given", "spent", "open_interests"),
        )
    )
    told = shop.audiences.export("win_back", tmp_path / "win_back.csv", by="eva")
    rows = list(csv.DictReader((tmp_path / "win_back.csv").read_text().splitlines()))
    assert {row["contact"] for row in rows} == {"wilma@example.com", "rona@example.com"}
    assert {(row["name.given"], row["spent"], row["open_interests"]) for row in rows} == {
        ("Wilma", "900.0", '["9101"]'),
        ("Rona", "900.0", '["9101"]'),
    }
    assert told.left_out == dict.fromkeys(NOT_TO_BE_WRITTEN_TO, 1)
    assert (told.people, told.purpose, told.exported_by) == (2, "marketing", "eva")
