"""What the generator writes for invented people."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from cdp.errors import InvalidRequest
from cdp.generate import generate
from cdp.generate.channels import CHANNELS, web_shop


def bytes_below(folder: Path):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_equal_seeds_write_equal_bytes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    generate(one, 100, 5, bad_rows=0.01)
    generate(two, 100, 5, bad_rows=0.01)
    assert bytes_below(one) == bytes_below(two)


def test_another_seed_writes_other_people(tmp_path):
    for seed in (5, 6):
        generate(tmp_path / str(seed), 300, seed, channels=["crm"])
    assert bytes_below(tmp_path / "5/crm") != bytes_below(tmp_path / "6/crm")


def test_a_second_run_into_the_same_folder_replaces_the_first(tmp_path):
    generate(tmp_path, 100, 5)
    generate(tmp_path, 300, 5, channels=["crm", "reviews"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "crm",
        "generated.json",
        "reviews",
        "truth",
    ]


def test_files_of_somebody_else_are_left_alone(tmp_path):
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm/customers.csv").write_text("mine")
    with pytest.raises(InvalidRequest, match="not generated"):
        generate(tmp_path, 300, 5)
    assert (tmp_path / "crm/customers.csv").read_text() == "mine"


def test_all_channels_are_written_and_everybody_is_in_one(world):
    assert set(world.records) == set(CHANNELS)
    truth = pl.read_parquet(world.truth)
    assert truth["person_id"].n_unique() == world.people == 800


def test_the_benchmark_has_exactly_the_records_and_events_it_promises(tmp_path):
    eight = [
        "crm",
        "web_shop",
        "store_sales",
        "web_clickstream",
        "email_campaign",
        "social",
        "reviews",
        "support",
    ]
    report = generate(tmp_path, 6_000, 5, events=100_000, channels=eight)
    assert sum(report.records.values()) == 10_000
    assert sum(report.events.values()) == 100_000


def test_the_truth_knows_every_record_once(world):
    truth = pl.read_parquet(world.truth)
    assert truth.select("channel", "record_key").is_unique().all()
    keys = dict(truth.group_by("channel").agg("record_key").iter_rows())
    folder = world.folder
    crm = pl.read_csv(folder / "crm/customers.csv", infer_schema=False)
    assert set(crm["customer_id"]) == set(keys["crm"])
    sales = pl.read_parquet(folder / "store_sales/transactions-*.parquet")
    assert set(sales["household_id"].cast(pl.String)) == set(keys["store_sales"])
    posts = pl.read_ndjson(folder / "social/posts.jsonl")
    assert set(posts["network"] + ":" + posts["handle"]) == set(keys["social"])
    mails = pl.read_csv(folder / "email_campaign/engagement.csv", infer_schema=False)
    assert set(mails["subscriber_id"]) == set(keys["email_campaign"])


def test_every_cookie_and_user_of_the_clickstream_is_in_the_truth(world):
    visits = pl.concat(
        pl.read_ndjson(path, infer_schema_length=None).select("cookie_id", "user_id")
        for path in sorted(world.folder.glob("web_clickstream/*.jsonl.gz"))
    ).unique()
    keys = (
        visits["cookie_id"]
        + pl.select(pl.coalesce(pl.lit("/") + visits["user_id"], pl.lit(""))).to_series()
    )
    truth = pl.read_parquet(world.truth).filter(pl.col("channel") == "web_clickstream")
    assert set(keys) == set(truth["record_key"])


def test_families_share_tablets_on_which_two_users_log_in(world):
    visits = pl.concat(
        pl.read_ndjson(path, infer_schema_length=None).select("cookie_id", "user_id")
        for path in sorted(world.folder.glob("web_clickstream/*.jsonl.gz"))
    )
    users = visits.drop_nulls().group_by("cookie_id").agg(pl.col("user_id").n_unique())
    assert (users["user_id"] == 2).any()


def test_each_day_of_the_clickstream_is_in_the_file_of_its_name(world):
    path = world.folder / "web_clickstream/events-2017-12-10.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines()
    days = {json.loads(line)["at"][:10] for line in lines}
    assert days == {"2017-12-10", "0000-00-00"}  # the second is a bad row


def test_a_share_of_broken_rows_is_added_and_counted(world):
    crm = pl.read_csv(world.folder / "crm/customers.csv", infer_schema=False)
    broken = crm.filter(pl.col("birth_date") == "31.02.1980")
    assert broken.height == world.bad_rows["crm"] == round(world.records["crm"] * 0.1)
    assert crm.height == world.records["crm"] + broken.height


def test_no_order_lies_in_two_files(tmp_path, monkeypatch):
    monkeypatch.setattr(web_shop, "PART_ROWS", 40)
    generate(tmp_path, 500, 5, channels=["web_shop"])
    files = sorted(tmp_path.glob("web_shop/activity-*"))
    assert len(files) > 5
    orders = [
        set(pl.read_ndjson(path).filter(pl.col("type") == "order_line")["order_id"])
        for path in files
    ]
    assert sum(map(len, orders)) == len(set().union(*orders))


def test_store_sales_have_no_product_twice_in_a_basket(world):
    sales = pl.read_parquet(world.folder / "store_sales/transactions-*.parquet")
    assert sales.select("basket_id", "product_id").is_unique().all()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"people": 0}, "people 0"),
        ({"seed": -1}, "seed -1"),
        ({"events": 0}, "events 0"),
        ({"bad_rows": 2.0}, "bad rows 2.0"),
        ({"channels": ["fax"]}, "fax.*there are: crm"),
        ({"channels": []}, "there are: crm"),
    ],
)
def test_a_senseless_request_is_refused_before_anything_is_written(tmp_path, wrong, says):
    with pytest.raises(InvalidRequest, match=says):
        generate(tmp_path / "out", **({"people": 10, "seed": 1} | wrong))
    assert not (tmp_path / "out").exists()
