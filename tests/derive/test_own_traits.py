"""Computed traits that an installation declares: of the type they say, and never in the way of others."""

import logging
from typing import Any

import pytest

from cdp.audience.words import in_segment, trait
from cdp.audiences import Audiences
from cdp.derive.registry import computed_traits
from cdp.errors import InvalidRequest
from cdp.model.audience import AudienceDeclaration
from cdp.segments import Segments
from tests.derive.market import Market, bought, day


def a_trait(over: str, expr: str, kind: str = "number", **more: str) -> dict[str, Any]:
    return {"type": kind, "meaning": "x", "over": over, "expr": expr, **more}


def traits_of(market: Market) -> list[dict[str, Any]]:
    """All traits of everybody, also those that the process did not know before."""
    with market.database.autocommit() as connection:
        found = connection.execute("SELECT traits FROM derived_profile ORDER BY profile_id")
        return [row[0] for row in found]


def test_what_cannot_be_worked_out_is_unknown_and_stops_no_other_trait(
    market: Market, policy, caplog: pytest.LogCaptureFixture
):
    policy(
        computed_traits={
            "per_further_order": a_trait("traits", "spent / (orders - 1)"),
            "root": a_trait("traits", "sqrt(spent - 100)"),
            "per_return": a_trait("traits", "spent / returns"),
            "shelf": a_trait("lines", "max(product::integer)", "integer"),
            "cast": a_trait("lines", "max(cast(product as integer))", "integer"),
            "pieces": a_trait("lines", "sum(quantity)", "integer"),
            "brands": a_trait("lines", "array_agg(brand)", "list"),
        }
    )
    market.deliver(
        bought("ann", day(9), 50.0, product="12", quantity=2.0)
        + bought("ben", day(9), 120.0, product="Ben's own", quantity=1.0, brand="Own")
        + bought("ben", day(8), 5.0, product="Ben's own", quantity=1.0)
    )
    with caplog.at_level(logging.WARNING, "cdp.derive"):
        market.conclude()
    ann, ben = sorted(traits_of(market), key=lambda traits: traits["spent"])
    assert (ann["spent"], ann["shelf"], ann["pieces"], ann["brands"]) == (50.0, 12, 2, [])
    assert not {"per_further_order", "root", "per_return"} & ann.keys()
    assert ben["brands"] == ["Own"]
    assert not {"shelf", "cast"} & ben.keys()
    assert ann["cast"] == 12
    assert "computed_traits.cast" not in caplog.text
    assert "computed_traits.shelf is unknown of 1 profiles: conversion from" in caplog.text
    assert "Ben" not in caplog.text


@pytest.mark.parametrize(
    ("name", "declared", "told"),
    [
        ("stage", a_trait("traits", "lifecycle", "integer"), "gives String; that can be: string,"),
        ("gap", a_trait("orders", "max(at) - min(at)"), "no type is like that: cast it"),
        ("price", a_trait("lines", "amount"), r"computed_traits.price: 'amount' should.*lines has: n,"),
        ("rank", a_trait("traits", "rank() over (order by spent)"), "'over \\(' cannot be in it"),
        ("late", a_trait("events", "count(*)", where="at > now()"), "does not move with time"),
        ("spent", a_trait("orders", "sum(amount)"), "computed_traits.spent: there is a trait"),
        ("my trait", a_trait("orders", "sum(amount)"), "computed_traits.my trait: a name is made of"),
        ("since", a_trait("orders", "max(at)", "age"), r"yaml: computed_traits.since.type: Input"),
        ("two", a_trait("traits", "spent, orders"), "computed_traits.two: "),
    ],
)  # fmt: skip
def test_a_trait_that_cannot_be_is_told_by_its_name(policy, name: str, declared: Any, told: str):
    policy(computed_traits={name: declared})
    with pytest.raises(InvalidRequest, match=told):
        computed_traits()


def test_a_segment_whose_trait_is_gone_keeps_its_members_and_is_in_nobodys_way(
    market: Market, policy
):
    segments, audiences = Segments(database=market.database), Audiences(database=market.database)
    policy(computed_traits={"pieces": a_trait("lines", "sum(quantity)", "integer")})
    market.deliver(bought("ann", day(9), 50.0, quantity=2.0))
    market.conclude()
    segments.save("bulk", trait("pieces") >= 2, by="ann")
    segments.save("reader", in_segment("bulk"), by="ann")
    audiences.declare(
        AudienceDeclaration(name="news", segment="reader", purpose="news", medium="email")
    )
    policy(computed_traits={"pieces": a_trait("lines", "max(category)", "category")})
    market.deliver(bought("ben", day(8), 50.0, quantity=3.0))
    segments.save("buyers", trait("orders") >= 1, by="ann")
    market.conclude()
    told = {each.name: (each.members, each.fault) for each in segments.list()}
    assert told["buyers"] == (2, None)
    assert told["reader"] == (1, "it reads segment 'bulk'")
    assert "trait 'pieces' is a text; 'at_least' does not apply" in (told["bulk"][1] or "")
    policy()
    with pytest.raises(InvalidRequest, match="segment 'reader' is not kept up"):
        audiences.size("news")
    segments.save("bulk", trait("items") >= 2, by="ann")
    assert {each.name: each.members for each in segments.list()}["reader"] == 2
    assert audiences.size("news").crossing == 2
    with pytest.raises(InvalidRequest, match="'reader' is addressed as audience 'news'"):
        segments.archive("reader")
