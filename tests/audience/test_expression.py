"""Conditions read the same in Python, YAML and JSON, and say what is wrong with them."""

import json

import pytest
import yaml
from hypothesis import given

from cdp.audience.compiler import Definition
from cdp.audience.validate import Vocabulary, checked, parsed
from cdp.audience.words import bought, in_segment, then, trait, viewed, works_for
from cdp.audience.words import test as must
from cdp.errors import InvalidSegment
from cdp.model.expression import as_data
from tests.audience.conditions import conditions

# Threads of a service that another test left running draw random numbers meanwhile.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
WORDS = Vocabulary(
    segments={
        "vips": Definition("person", trait("spent") > 100),
        "circular": Definition("person", in_segment("new one")),
    },
    kinds={"product_viewed", "order", "order_line"},
    values={"category": ["Running Shoes", "Coats"]},
    purposes={"newsletter"},
    media={"email", "post"},
)


@given(conditions())
def test_a_condition_survives_yaml_and_json(condition):
    written = yaml.safe_dump(as_data(condition))
    assert parsed(yaml.safe_load(written)) == condition
    assert parsed(json.loads(json.dumps(as_data(condition)))) == condition


def test_python_and_yaml_say_the_same():
    said = yaml.safe_load("""
    all:
      - {trait: lifecycle, is: churned}
      - {event: product_viewed, where: {category: running shoes}, within: 1w,
         not_followed_by: {event: purchase, same: [product], within: 7d}}
      - not: {any: [{event: purchase, count: {at_least: 2}}, {segment: vips}]}
      - {account: {trait: employees, above: 50}, role: {contains: director}}
    """)
    in_python = (
        (trait("lifecycle") == "churned")
        & viewed(
            category="running shoes",
            within="7d",
            not_followed_by=then("purchase", same=["product"], within="7d"),
        )
        & ~(bought(count=must(at_least=2)) | in_segment("vips"))
        & works_for(trait("employees") > 50, role=must(contains="director"))
    )
    assert parsed(said) == in_python


WRONG = {
    "all[1]: no trait": ({"all": [{"trait": "spent", "above": 1}, {"trait": "lifecycel", "is": "x"}]},
                     "did you mean 'lifecycle'?"),
    "not.at_leest": ({"not": {"trait": "spent", "at_leest": 3}}, "did you mean 'at_least'?"),
    "condition: trait 'spent' is a money": ({"trait": "spent", "is": "much"}, "'much' is not"),
    "trait 'gender' is a text; 'above'": ({"trait": "gender", "above": 3}, "is_not"),
    "trait 'days_since_order' is an age (days); 'is'": (
        {"trait": "days_since_order", "is": 3}, "at_least"),
    "within": ({"event": "order", "within": "3 months"}, "write 30d"),
    "any[0]": ({"any": [{"trati": "spent"}]}, "did you mean 'trait'?"),
    "event: no event is of the kind 'product_view'": (
        {"event": "product_view"}, "did you mean 'product_viewed'?"),
    "where.category: events say 'Running Shoes'": (
        {"event": "order", "where": {"category": "running shoes"}}, "not 'running shoes'"),
    "consent names the purpose 'newsleter'": (
        {"consent": "newsleter", "medium": "email"}, "did you mean 'newsletter'?"),
    "consent names the medium 'Email'": (
        {"consent": "profiling", "medium": "Email"}, "did you mean 'email'?"),
    "no segment is called 'vip'": ({"segment": "vip"}, "did you mean 'vips'?"),
    "no dimension is called 'lifecycl'": (
        {"dimension": "lifecycl", "cell": "churned"}, "there"),
    "a segment cannot read itself": (
        {"segment": "circular"}, "'new one' reads 'circular' reads 'new one'"),
    "older_than must be shorter": ({"event": "order", "within": "1d", "older_than": "2d"}, "window"),
    "trait 'last_order_at' is an instant": (
        {"trait": "last_order_at", "above": "1.5.2026"}, "write 2024-05-31"),
    "trait 'birth_date' is a date; '1990-1-5'": (
        {"trait": "birth_date", "above": "1990-1-5"}, "write 2024-05-31"),
    "trait 'orders' is an integer": ({"trait": "orders", "below": float("nan")}, "write a number"),
    "trait 'gender' is a text; False": ({"trait": "gender", "is": False}, "quotes"),
    "all: give at least one": ({"all": []}, "one"),
    "all[0]: write a condition": ({"all": [{}]}, "{trait: orders, above: 3}"),
    "not: write a condition": ({"not": ["hello"]}, "{all: [...]}"),
    "'name' is an object": ({"trait": "name", "key": "given", "known": True}, "name.given, name.m"),
    "'custom' is an object": ({"trait": "custom", "key": "motto", "is": "x"}, "custom.something"),
    "event[0]: ": ({"event": ""}, "at least 1"),
    "since: say a time with its zone": ({"event": "order", "since": "2026-05-01"}, "Z"),
    "says nothing to test by": ({"account": {"trait": "employees"}}, "account"),
}  # fmt: skip


@pytest.mark.parametrize("place", WRONG)
def test_a_fault_names_its_place_and_the_nearest_right_name(place):
    said, hint = WRONG[place]
    with pytest.raises(InvalidSegment) as error:
        checked(said, WORDS, name="new one")
    assert place in str(error.value)
    assert hint in str(error.value)


def test_a_day_or_time_of_yaml_is_the_text_that_python_says():
    said = parsed(
        yaml.safe_load(
            "{trait: last_order_at, at_least: 2026-05-01, below: 2026-05-02T00:00:00+02:00}"
        )
    )
    whole = trait("last_order_at")._is(at_least="2026-05-01", below="2026-05-01T22:00:00.000000Z")
    assert said == whole


def test_a_condition_nested_beyond_reason_is_refused():
    said: dict = {"trait": "spent", "above": 1}
    for _ in range(60):
        said = {"not": said}
    with pytest.raises(InvalidSegment, match="levels of JSON deep"):
        checked(said, WORDS)
