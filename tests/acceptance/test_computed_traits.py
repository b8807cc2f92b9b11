"""Computed traits of real people beside the same figures worked out from the files themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from cdp.derive.run import derive_queued
from tests.acceptance.shared import Store

CHANNELS = ("grocery_pos", "grocery_campaigns", "grocery_coupons", "olist_orders", "olist_order_items",
            "olist_payments")  # fmt: skip
NOW = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def computed(store: Store) -> Mapping[str, dict[str, Any]]:
    """The traits of each household, by its number."""
    derive_queued(store.database, NOW)
    with store.database.autocommit() as connection:
        found = connection.execute(
            """SELECT r.record_key, d.traits FROM derived_profile AS d
            JOIN source_record AS r USING (profile_id) WHERE r.channel = 'grocery_pos'"""
        )
        return dict(found.fetchall())


@pytest.fixture(scope="module")
def baskets(store: Store) -> pl.DataFrame:
    """The baskets of the file: household, basket, at, amount, discount."""
    lines = pl.read_parquet(store.data / "grocery_pos/transactions.parquet")
    return lines.group_by(pl.col("household_id").cast(pl.String).alias("who"), "basket_id").agg(
        at=pl.col("transaction_timestamp").min().dt.replace_time_zone("UTC"),
        amount=pl.col("sales_value").sum(),
        discount=pl.col("retail_disc").sum() + pl.col("coupon_disc").sum(),
    )


@pytest.fixture(scope="module")
def households(baskets: pl.DataFrame) -> pl.DataFrame:
    return baskets.group_by("who").agg(
        orders=pl.len(), spent=pl.col("amount").sum().round(2), first=pl.col("at").min(), last=pl.col("at").max(),
        off=pl.col("discount").sum(),
    )  # fmt: skip


def test_orders_and_spending_are_those_of_the_file(
    computed: Mapping[str, Any], households: pl.DataFrame
):
    assert len(computed) == 605
    for row in households.iter_rows(named=True):
        traits = computed[row["who"]]
        assert traits["orders"] == row["orders"]
        assert traits["spent"] == pytest.approx(row["spent"], abs=0.005)
        assert traits["last_order_at"] == f"{row['last']:%Y-%m-%dT%H:%M:%S.%fZ}"
        assert traits["discount_rate"] == pytest.approx(
            row["off"] / (row["off"] + row["spent"]), abs=1e-4
        )
    assert sum(each["spent"] for each in computed.values()) == pytest.approx(1_595_623.88, abs=0.01)


@pytest.mark.usefixtures("computed")
def test_rfm_scores_are_the_quintiles_of_the_whole_base(store: Store):
    """The bounds by numpy's inverted_cdf over every buyer, the scores by searching in them."""
    with store.database.autocommit() as connection:
        rows = connection.execute(
            """SELECT traits ->> 'last_order_at', (traits ->> 'orders')::bigint,
                      (traits ->> 'net_spent')::float8,
                      (traits ->> 'rfm_recency')::bigint, (traits ->> 'rfm_frequency')::bigint,
                      (traits ->> 'rfm_monetary')::bigint
               FROM derived_profile WHERE traits ? 'rfm_recency'"""
        ).fetchall()
    assert len(rows) > 14_000
    instants = np.array([datetime.fromisoformat(row[0]).timestamp() for row in rows])
    values = [instants, *(np.array([row[n] for row in rows], float) for n in (1, 2))]
    for place, value in enumerate(values):
        known = value[~np.isnan(value)]
        bounds = np.quantile(known, (0.2, 0.4, 0.6, 0.8), method="inverted_cdf")
        scores = np.array([row[3 + place] or 0 for row in rows])[~np.isnan(value)]
        assert (scores == 1 + np.searchsorted(bounds, known, side="left")).all()


def test_department_and_category_shares_are_those_of_the_file(
    store: Store, computed: Mapping[str, Any]
):
    lines = pl.read_parquet(
        store.data / "grocery_pos/transactions.parquet",
        columns=["household_id", "product_id", "sales_value"],
    )
    goods = pl.read_parquet(
        store.data / "grocery_pos/products.parquet", columns=["product_id", "department"]
    )
    by = lines.join(goods.unique("product_id"), on="product_id").drop_nulls("department")
    sums = by.group_by(pl.col("household_id").cast(pl.String).alias("who"), "department").agg(
        pl.col("sales_value").sum()
    )
    share = pl.col("sales_value") / pl.col("sales_value").sum().over("who")
    for who, department, wanted in (
        sums.with_columns(share=share).select("who", "department", "share").iter_rows()
    ):
        told = computed[who]["department_shares"].get(department)
        if told is not None:
            assert told == pytest.approx(wanted, abs=1e-4)
    assert {each["top_department"] for each in computed.values()} >= {"GROCERY"}


def test_lifecycle_stages_follow_the_fitted_thresholds(
    store: Store, computed: Mapping[str, Any], baskets: pl.DataFrame
):
    fitted = store.profiles.explain_computed("grocery_household:1609", "lifecycle").parameters
    at_risk, churned = (timedelta(days=fitted[name]) for name in ("at_risk_days", "churned_days"))  # pyright: ignore[reportArgumentType]
    days = baskets.group_by("who", day=pl.col("at").dt.date()).agg(pl.col("at").min()).sort("at")
    for (who,), orders in days.group_by("who"):
        last = orders["at"].max()
        assert isinstance(last, datetime)
        silent = NOW - last
        stage = computed[str(who)]["lifecycle"]
        assert (stage == "churned") == (silent >= churned)
        assert (stage == "at risk") == (at_risk <= silent < churned)


def test_redeeming_households_are_responders(computed: Mapping[str, Any]):
    responders = [
        each for each in computed.values() if each.get("campaign_response") == "responder"
    ]
    assert len(responders) == 170


@pytest.mark.usefixtures("computed")
def test_every_order_of_both_shops_is_counted_once(store: Store):
    with store.database.autocommit() as connection:
        row = connection.execute(
            "SELECT sum((traits ->> 'orders')::bigint) FROM derived_profile"
        ).fetchone()
    assert row is not None
    assert row[0] == 51_283 + 14_879
