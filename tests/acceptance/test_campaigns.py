"""Two sets on campaigns: a merchant's customers with their responses, and an e-mail test."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from statistics import mean

import pytest

from cdp.model.profile import Profile
from tests.acceptance.shared import Store

CHANNELS = ("marketing_campaign", "hillstrom")


@pytest.fixture(scope="module")
def customers(store: Store) -> Sequence[Profile]:
    keys = store.raw("crm/marketing_campaign.csv.gz")["ID"]
    return [store.one(merchant_customer=f"merchant-{key}") for key in keys]


def test_each_row_is_a_person(store: Store):
    assert store.channel("marketing_campaign").rows_accepted == 2_240
    assert store.channel("hillstrom").rows_accepted == 64_000
    assert store.status.profiles == 66_240


def test_responses_to_campaigns_are_counted(store: Store):
    accepted = [
        store.figures("marketing_campaign", f"campaign_{n}_accepted").events for n in range(1, 7)
    ]
    assert accepted == [144, 30, 163, 167, 163, 334]
    assert store.figures("marketing_campaign", "complaint").events == 21


def test_spending_by_category_matches(store: Store):
    spent = [each for each in store.channel("marketing_campaign").events if each.amount]
    assert store.figures("marketing_campaign", "spent_on_wines").amount == Decimal(680_816)
    assert len(spent) == 6
    assert sum(each.amount for each in spent) == Decimal(1_356_988)


def test_income_marital_status_and_birth_years_are_as_told(customers: Sequence[Profile]):
    incomes = [each.demographics.income for each in customers]
    told = [income for income in incomes if income is not None]
    assert incomes.count(None) == 24
    assert max(told) == 666_666
    assert round(mean(told), 2) == 52_247.25
    status = Counter(each.demographics.marital_status for each in customers)
    assert status.most_common(5) == [
        ("Married", 864),
        ("Together", 580),
        ("Single", 480),
        ("Divorced", 232),
        ("Widow", 77),
    ]
    assert status.total() - 864 - 580 - 480 - 232 - 77 == 7
    years = [each.demographics.birth_year for each in customers]
    assert sorted(year for year in years if year is not None)[:3] == [1893, 1899, 1900]


@pytest.mark.parametrize(
    ("arm", "figures"),
    [
        ("mens_email", (21_307, 3_894, 267, Decimal("30311.69"))),
        ("womens_email", (21_387, 3_238, 189, Decimal("23038.11"))),
        ("no_email", (21_306, 2_262, 122, Decimal("13908.33"))),
    ],
)
def test_an_arm_of_the_email_test_keeps_its_people_visits_orders_and_sales(
    store: Store, arm: str, figures: tuple[int, int, int, Decimal]
):
    people, visits, orders = (
        store.figures("hillstrom", f"{arm}{what}") for what in ("", "_visit", "_order")
    )
    assert (people.events, visits.events, orders.events, orders.amount) == figures
