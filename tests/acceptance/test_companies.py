"""Lists of companies: accounts that several lists know, by ticker, register number and domain."""

from collections.abc import Mapping

import polars as pl
import pytest

from cdp.model.profile import Profile
from tests.acceptance.shared import Store

CHANNELS = ("sp500", "fortune1000", "yc_companies")


@pytest.fixture(scope="module")
def largest(store: Store) -> Mapping[str, Profile]:
    """The accounts of the Fortune 1000 by ticker or else by website."""
    rows = store.raw("b2b/fortune1000_2021.csv.gz").iter_rows(named=True)
    return {
        row["company"]: store.one(ticker=row["Ticker"])
        if row["Ticker"]
        else store.one(company_domain=row["Website"])
        for row in rows
    }


@pytest.mark.parametrize(
    ("channel", "rows"), [("sp500", 503), ("fortune1000", 1_000), ("yc_companies", 5_833)]
)
def test_each_list_is_read_whole_and_as_accounts(store: Store, channel: str, rows: int):
    figures = store.channel(channel)
    assert (figures.rows_accepted, figures.rows_quarantined) == (rows, 0)
    assert (figures.records, figures.subject) == (rows, "account")


def test_two_classes_of_shares_are_one_company(store: Store):
    alphabet = store.one(ticker="GOOGL")
    assert alphabet.profile_id == store.one(ticker="GOOG").profile_id
    assert alphabet.identifiers["us_cik"] == ["1652044"]


def test_a_company_on_two_lists_is_one_account(store: Store):
    apple = store.one(ticker="AAPL")
    assert set(apple.channels) == {"sp500", "fortune1000"}
    assert apple.profile_id == store.one(company_domain="www.apple.com").profile_id
    assert apple.firmographics.company_name == "Apple Inc."  # the more trusted list's
    assert apple.firmographics.employees is not None  # the other list's
    told = store.profiles.explain(apple.profile_id, "company_name")
    assert [(each.channel, each.value) for each in told.lost] == [("fortune1000", "Apple")]


def test_the_lists_join_as_far_as_their_keys_say(store: Store):
    listed = store.raw("b2b/sp500_constituents.csv.gz")
    largest = store.raw("b2b/fortune1000_2021.csv.gz")
    both = listed.join(largest, left_on="Symbol", right_on="Ticker")
    # Raytheon and Concho Resources name the websites of those that have taken them over.
    taken_over = 2
    companies = listed["CIK"].n_unique() + largest.height - both["CIK"].n_unique() - taken_over
    assert store.status.profiles == companies + 5_833


def test_employees_of_the_thousand_sum_up(largest: Mapping[str, Profile], store: Store):
    employees = 0
    for profile_id in {each.profile_id for each in largest.values()}:
        for record in store.profiles.records(profile_id):
            if record.channel == "fortune1000":
                employees += record.versions[-1].content["traits"]["employees"]
    assert employees == 34_615_976


def test_public_data_is_marked_as_such(store: Store):
    walmart = store.one(ticker="WMT")
    row = (
        store.raw("b2b/fortune1000_2021.csv.gz")
        .filter(pl.col("Ticker") == "WMT")
        .row(0, named=True)
    )
    assert walmart.public["chief_executive"] == row["CEO"]
    assert walmart.public["fortune_rank"] == 1


def test_a_company_is_found_by_a_misspelt_name(store: Store):
    found = store.profiles.search("microsft")
    assert "MSFT" in found[0].identifiers["ticker"]
