"""The shipped declarations read what the generator writes, and count it as the generator does."""

from functools import cache
from pathlib import Path

import polars as pl
import pytest

from cdp.channel.delivery import deliveries
from cdp.channel.load import load_channel
from cdp.channel.reading import read
from cdp.generate.channels import CHANNELS
from cdp.settings import Settings

DECLARED = Path(__file__).parents[2] / "pipelines/defs/channels"


@cache
def batches(folder, channel):
    spec = load_channel(DECLARED / channel)
    settings = Settings(data=folder)
    return [batch for delivery in deliveries(spec, settings) for batch in read(spec, delivery)]


def keys(found):
    return set(pl.concat([batch.records["record_key"] for batch in found]))


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_declared_channel_reads_its_files(world, channel):
    found = batches(world.folder, channel)
    assert sum(batch.events.height for batch in found) == world.events[channel]
    assert sum(batch.rejects.height for batch in found) == world.bad_rows[channel]
    assert len(keys(found)) == world.records[channel]


@pytest.mark.parametrize("channel", [name for name in CHANNELS if name != "companies"])
def test_the_truth_has_the_record_keys_of_the_declaration(world, channel):
    truth = pl.read_parquet(world.truth).filter(pl.col("channel") == channel)
    assert keys(batches(world.folder, channel)) == set(truth["record_key"])


@pytest.mark.parametrize("channel", ["demographics", "campaigns", "coupons"])
def test_native_rows_are_read_without_a_loss(demo, channel):
    found = batches(demo.folder, channel)
    assert not any(batch.rejects.height for batch in found)
    assert sum(batch.events.height for batch in found) == demo.events[channel]
    assert len(keys(found)) == demo.records[channel]


@pytest.mark.parametrize("channel", [*CHANNELS, "demographics", "campaigns", "coupons"])
def test_what_a_channel_says_of_a_person_is_the_same_in_all_its_rows(world, demo, channel):
    report = world if channel in CHANNELS else demo
    said = pl.concat([batch.records for batch in batches(report.folder, channel)])
    assert said.select("record_key", "content").unique().height == len(set(said["record_key"]))


def test_people_belong_to_companies_that_are_declared(world):
    works = pl.concat([batch.accounts for batch in batches(world.folder, "crm")])
    assert works.height > 0
    assert set(works["account_key"]) <= keys(batches(world.folder, "companies"))
