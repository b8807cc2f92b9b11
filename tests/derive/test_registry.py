"""The registry is the reference: listed, documented, and answered for over every road."""

from pathlib import Path

import pytest

from cdp.derive.document import RAW
from cdp.derive.reference import markdown
from cdp.derive.registry import FAMILIES, computed_traits, known_trait, known_traits
from cdp.errors import UnknownTrait
from tests.derive.market import Market, bought, day, happening

DOCS = Path(__file__).parents[2] / "docs" / "traits.md"


def test_the_reference_is_what_the_registry_says():
    assert DOCS.read_text("utf-8") == markdown(), "run: cdp derive list --markdown > docs/traits.md"


def test_every_trait_has_a_meaning_a_formula_and_a_family_of_its_own():
    families = {family.FAMILY for family in FAMILIES}
    assert sum(len(family.TRAITS) for family in FAMILIES) == len(computed_traits())
    for trait in computed_traits().values():
        assert trait.meaning
        assert trait.formula
        assert trait.family in families
        assert (trait.of is not None) == (trait.type == "age")
        assert trait.of is None or known_traits()[trait.of].type in ("instant", "date")


def test_a_misspelt_trait_is_told_the_nearest():
    with pytest.raises(UnknownTrait, match="did you mean 'lifecycle'"):
        known_trait("lifecyle")
    assert known_trait("psychographics.music").type == "string"
    assert known_trait("address.city").computed is False


def test_what_is_kept_is_what_the_registry_declares(market: Market):
    market.deliver(
        [
            *bought("ann", day(9), 60.0, product="boot", category="shoes", gender="female"),
            happening("ann", "product_viewed", day(2), product="hat", category="hats"),
            happening("ann", "post", day(2), text="charity run"),
            happening("ann", "email_sent", day(2), campaign="x"),
        ]
    )
    market.conclude()
    ((traits, _),) = market.everything().values()
    stated = {"gender"}
    assert set(traits) - stated <= set(computed_traits())
    assert not [name for name in traits if name.startswith(RAW)]
    ages = {name for name, trait in computed_traits().items() if trait.type == "age"}
    assert not ages & set(traits)
