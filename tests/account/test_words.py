"""Roles and lines of business in the words of several languages."""

import pytest

from cdp.account.roles import Role, role
from cdp.derive.account import country
from cdp.derive.sectors import sector


@pytest.mark.parametrize(
    ("said", "function", "level"),
    [
        ("CFO", "finance", "c_level"),
        ("Directrice Financière", "finance", "director"),
        ("Kaufmännischer Leiter", "finance", "director"),
        ("Diretor Financeiro", "finance", "director"),
        ("Head of People", "human_resources", "director"),
        ("DRH", "human_resources", "director"),
        ("CHRO", "human_resources", "c_level"),
        ("Personalleiterin", "human_resources", "director"),
        ("VP Finance", "finance", "vp"),
        ("Vice President, Human Resources", "human_resources", "vp"),
        ("Responsable RH", "human_resources", "manager"),
        ("Assistant to the CFO", "finance", "staff"),
        ("Account Executive", "sales", "staff"),
        ("Managing Director", "general_management", "c_level"),
        ("Diretora Financeira", "finance", "director"),
        ("Finanzvorstand", "finance", "c_level"),
        ("Dyrektor finansowy", "finance", "director"),
        ("Директор по персоналу", "human_resources", "director"),
        ("財務部長", "finance", "director"),
        ("재무이사", "finance", "director"),
    ],
)
def test_a_role_has_function_and_level(said: str, function: str, level: str):
    assert role(said) == Role((function,), level)


def test_a_role_may_cover_two_functions():
    assert role("Head of Finance & HR") == Role(("finance", "human_resources"), "director")


@pytest.mark.parametrize("said", ["Former CFO", "Ex-DRH", "Vineyard worker", ""])
def test_who_has_left_or_says_nothing_known_has_no_function(said: str):
    assert role(said) == Role()


@pytest.mark.parametrize(
    ("said", "code", "line"),
    [
        ("11.02B", "C1102B", "wine"),
        ("Viticulture", "C1102", "wine"),
        ("Vins & spiritueux", "C1102", "wine"),
        ("Weinbau", "C1102", "wine"),
        ("Winery equipment", "C28", "machinery"),
        ("Automotive Retail", "G47", "retail"),
        ("B2B -> Recruiting and Talent", "N78", "human resources services"),
        ("Regional Banks", "K6419", "banking"),
        ("Manufacture of wine from grape", "C1102", "wine"),
    ],
)
def test_a_line_of_business_has_its_place_in_isic(said: str, code: str, line: str):
    found = sector(said, None)
    assert found is not None
    assert (found.code, found.line) == (code, line)


def test_the_narrower_word_counts_and_the_wider_one_where_that_is_not_known():
    assert sector("Footwear", "Consumer Discretionary").section == "C"  # pyright: ignore[reportOptionalMemberAccess]
    assert sector("Zorbing", "Health Care").section == "Q"  # pyright: ignore[reportOptionalMemberAccess]
    assert sector("Zorbing", None) is None


def test_a_country_has_one_code():
    assert {country(said) for said in ("France", "FRA", "fr", "Frankreich")} == {"FR"}
    told = [country(said) for said in ("Россия", "Ελλάδα", "日本", "대한민국", "Україна", "العراق")]
    assert told == ["RU", "GR", "JP", "KR", "UA", "العراق"]
