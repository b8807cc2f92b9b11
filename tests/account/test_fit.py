"""The score of an ideal customer profile beside a hand calculation, and what is refused."""

import json

import polars as pl
import pytest

from cdp.account.icp import checked
from cdp.derive.icp import reasons, score
from cdp.errors import InvalidRequest, UnknownTrait

WINE = {
    "name": "wine",
    "criteria": [
        {"when": {"trait": "account.line", "is": "wine"}, "weight": 5, "required": True},
        {"when": {"trait": "employees", "at_least": 50, "below": 500}, "weight": 3},
        {"when": {"not": {"trait": "account.country", "in": ["US", "CN"]}}, "weight": 1},
        {"when": {"any": [{"trait": "technology", "in": ["SAP", "Odoo"]},
                          {"trait": "account.functions", "contains": "finance"}]}, "weight": 1},
    ],
}  # fmt: skip


def scores(*traits: dict) -> list[float]:
    frame = pl.DataFrame({"traits": [json.dumps(each) for each in traits]})
    return frame.select(score(checked(WINE))).to_series().to_list()


def test_the_score_is_the_share_of_the_weights_that_hold():
    assert scores(
        {
            "account.line": "wine",
            "employees": 50,
            "account.country": "FR",
            "technology": ["SAP", "Xero"],
        },
        {"account.line": "wine", "employees": 500, "account.country": "US"},  # 5 of 10
        {
            "account.line": "wine",
            "account.functions": ["finance"],
        },  # 5 + 1 + 1: unknown is not in US
        {"account.line": "beer", "employees": 100},  # the required one does not hold
        {},
    ) == [100, 50, 70, 0, 0]


def test_reasons_tell_each_criterion_its_weight_and_what_it_saw():
    told = reasons(checked(WINE), {"account.line": "wine", "employees": 7})
    assert [(each.criterion, each.weight, each.met) for each in told] == [
        ("account.line is wine", 5, True),
        ("employees at least 50 and below 500", 3, False),
        ("(technology in ('SAP', 'Odoo')) or (account.functions contains finance)", 1, False),
        ("not (account.country in ('US', 'CN'))", 1, True),
    ]
    assert told[1].actual == {"employees": 7}


@pytest.mark.parametrize(
    ("when", "error", "told"),
    [
        ({"trait": "account.lime", "is": "wine"}, UnknownTrait, "account.line"),
        ({"event": "order"}, InvalidRequest, "traits only"),
        ({"trait": "account.last_activity_at", "within": "30d"}, InvalidRequest, "changes with time"),
        ({"trait": "account.days_since_activity", "below": 5}, InvalidRequest, "by the day"),
        ({"trait": "fit.other", "above": 5}, InvalidRequest, "another fit"),
    ],
)  # fmt: skip
def test_what_an_icp_cannot_be_is_refused_with_the_way_out(when, error, told: str):
    with pytest.raises(error, match=told):
        checked({"name": "x", "criteria": [{"when": when}]})


@pytest.mark.parametrize(("weight", "told"), [(-1, "above 0"), (float("nan"), "finite")])
def test_weights_of_nothing_or_less_are_refused(weight: float, told: str):
    criterion = {"when": {"trait": "employees", "above": 1}, "weight": weight}
    with pytest.raises(InvalidRequest, match=told):
        checked({"name": "x", "criteria": [criterion]})
