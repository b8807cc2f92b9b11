"""Grocery: half a million till lines of 605 households, with demographics, campaigns and coupons."""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl
import pytest

from cdp.model.profile import Profile
from tests.acceptance.shared import Store, amount, events

CHANNELS = ("grocery_pos", "grocery_demographics", "grocery_campaigns", "grocery_coupons")


@pytest.fixture(scope="module")
def households(store: Store) -> Mapping[str, Profile]:
    keys = pl.read_parquet(
        store.data / "grocery_pos/transactions.parquet", columns=["household_id"]
    )
    told = keys["household_id"].unique().cast(pl.String)
    return {key: store.one(grocery_household=key) for key in told}


def test_four_channels_speak_of_605_households(store: Store, households: Mapping[str, Profile]):
    assert store.status.profiles == 605 == len(households)
    assert store.channel("grocery_demographics").records == 405
    with_demographics = [each for each in households.values() if each.demographics.age_band]
    assert len(with_demographics) == 405


def test_lines_baskets_sales_and_discounts_match_to_the_cent(store: Store):
    lines, baskets = (
        store.figures("grocery_pos", "order_line"),
        store.figures("grocery_pos", "order"),
    )
    assert store.channel("grocery_pos").rows_accepted == lines.events == 507_340
    assert baskets.events == 51_283
    assert baskets.amount == lines.amount == Decimal("1595623.88")
    assert lines.discount == Decimal("271954.26")
    assert store.figures("grocery_pos", "coupon_used").discount == Decimal("10830.23")
    assert baskets.discount == Decimal("271954.26") + Decimal("10830.23")


def test_household_totals_are_those_of_the_file(store: Store, households: Mapping[str, Profile]):
    sales = pl.read_parquet(
        store.data / "grocery_pos/transactions.parquet",
        columns=["household_id", "basket_id", "sales_value"],
    )
    totals = sales.group_by(pl.col("household_id").cast(pl.String)).agg(
        pl.col("basket_id").n_unique(), pl.col("sales_value").cast(pl.Decimal(18, 4)).sum()
    )
    assert {
        key: (events(each, "order"), amount(each, "order")) for key, each in households.items()
    } == {key: (baskets, total) for key, baskets, total in totals.iter_rows()}


def test_the_top_household_is_1609_with_16_581_36(households: Mapping[str, Profile]):
    top = max(households, key=lambda key: amount(households[key], "order"))
    assert (top, amount(households[top], "order")) == ("1609", Decimal("16581.36"))


def test_campaigns_and_redemptions_stand_in_the_households_timeline(
    store: Store, households: Mapping[str, Profile]
):
    assert store.figures("grocery_campaigns", "campaign_received").events == 2_271
    assert store.figures("grocery_coupons", "coupon_redeemed").events == 907
    redeeming = [each for each in households.values() if events(each, "coupon_redeemed")]
    assert len(redeeming) == 170

    most = max(redeeming, key=lambda each: events(each, "coupon_redeemed"))
    timeline = store.profiles.timeline(most.profile_id, limit=5_000)
    assert {event.channel for event in timeline} == set(CHANNELS) - {"grocery_demographics"}
    assert len(timeline) == sum(part.events for part in most.behaviour)


def test_a_household_is_explained_by_the_channel_that_said_it(store: Store):
    household = store.one(grocery_household="1003")
    assert household.demographics.age_band == "35-44"
    assert household.demographics.home_ownership is None
    assert household.demographics.children == 0
    told = store.profiles.explain(household.profile_id, "household_composition")
    assert [(each.channel, each.record_key) for each in told.carried_by] == [
        ("grocery_demographics", "1003")
    ]
