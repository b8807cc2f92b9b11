"""The demo: native rows untouched, everything invented marked so."""

from decimal import Decimal

import polars as pl
import pytest

from cdp.generate.demo import NATIVE
from cdp.generate.native import native_folder


def rows(path):
    match path.suffixes[-1]:
        case ".parquet":
            return pl.read_parquet(path)
        case ".tsv":
            return pl.read_csv(path, separator="\t", infer_schema=False)
        case ".csv" if path.parent.name == "survey":
            return pl.read_csv(path, separator=";", encoding="latin-1", infer_schema=False)
        case ".csv":
            return pl.read_csv(path, infer_schema=False)
        case _:
            return pl.read_ndjson(path, infer_schema_length=None)


@pytest.mark.parametrize("channel", NATIVE)
def test_native_files_are_copied_byte_by_byte(demo, channel):
    for name in NATIVE[channel]:
        copy = demo.folder / channel / f"{name}.parquet"
        assert copy.read_bytes() == (native_folder() / f"{name}.parquet").read_bytes()


def test_native_totals_are_those_of_the_publisher(demo):
    sales = rows(demo.folder / "store_sales/transactions.parquet")
    assert sales.height == 1_469_307
    assert sales["household_id"].n_unique() == demo.records["store_sales"] == 2_469
    assert sales["sales_value"].cast(pl.Decimal(18, 4)).sum() == Decimal("4596039.58")
    assert demo.events["store_sales"] == 1_469_307 + 155_848
    assert demo.records["demographics"] == 801
    assert (demo.events["campaigns"], demo.events["coupons"]) == (6_589, 2_102)


def test_every_invented_row_is_marked_synthetic(demo):
    native = {f"{name}.parquet" for names in NATIVE.values() for name in names}
    invented = [
        path
        for path in demo.folder.rglob("*.*")
        if path.name not in {*native, "generated.json", "records.parquet"}
    ]
    assert len(invented) > 40
    for path in invented:
        assert rows(path)["synthetic"].cast(pl.String).unique().to_list() == ["true"], path


def test_every_native_household_has_an_overlay_and_is_its_head(demo):
    overlay = rows(demo.folder / "store_sales/identities.parquet")
    assert overlay["household_id"].is_unique().all()
    truth = pl.read_parquet(demo.truth).filter(pl.col("channel").is_in(list(NATIVE)))
    people = truth.group_by("record_key").agg(pl.col("person_id").n_unique())
    assert people.height == 2_469
    assert people["person_id"].max() == 1


def test_loyalty_cards_lead_from_the_store_to_the_other_native_channels(demo):
    cards = rows(demo.folder / "store_sales/identities.parquet").select(
        "household_id", "loyalty_card"
    )
    for channel in ("demographics", "campaigns", "coupons"):
        other = rows(demo.folder / channel / "identities.parquet")
        met = other.join(cards, on=["household_id", "loyalty_card"])
        assert met.height == other.height > 0


def test_invented_channels_sell_native_products(demo):
    known = rows(demo.folder / "store_sales/products.parquet")["product_id"].cast(pl.String)
    feed = rows(demo.folder / "web_shop/activity-000.jsonl.gz")["product_id"].drop_nulls()
    assert feed.is_in(known.implode()).all()


def test_the_demo_has_a_handful_of_bad_rows_to_show(demo):
    assert 10 < sum(demo.bad_rows.values()) < 200
    assert not any(demo.bad_rows[name] for name in NATIVE)
