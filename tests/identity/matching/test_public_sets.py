"""Sets with known truth, resolved with the configuration that the tool itself proposes."""

import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import yaml

from cdp.identity.matching.config import FileConfig, proposed
from cdp.identity.matching.evaluation import evaluate_clusters
from cdp.identity.matching.files import resolve_file
from cdp.identity.policy.declaration import identity_policy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Path(__file__)


def the_set(name):
    shared = os.environ.get("CDP_SHARED")
    folder = (Path(shared) if shared else HERE.parents[4] / "shared") / "data" / "identity"
    if not folder.is_dir():
        pytest.skip(f"the sets are not in {folder}; name the place of `data` by CDP_SHARED")
    return pl.read_parquet(folder / f"{name}.parquet")


def overall(name):
    frame = the_set(name)
    told = frame.drop("cluster")
    config = FileConfig.model_validate(yaml.safe_load(proposed(told)))
    found = resolve_file(told, config, identity_policy(), NOW).clusters
    truth = frame.select(record_key=config.record_key, truth="cluster")
    both = found.join(truth, on="record_key")
    return evaluate_clusters(both["truth"], both["cluster_id"], both["confidence"]).overall


@pytest.mark.parametrize(
    ("name", "precision", "pairwise", "bcubed"),
    [
        ("fake_1000", 0.98, 0.955, 0.965),
        pytest.param("febrl1", 0.999, 0.995, 0.998, marks=pytest.mark.heavy),
        pytest.param("febrl3", 0.999, 0.999, 0.999, marks=pytest.mark.heavy),
        pytest.param("febrl2", 0.999, 0.995, 0.998, marks=pytest.mark.heavy),
        pytest.param("historical_dev", 0.99, 0.955, 0.958, marks=pytest.mark.heavy),
        pytest.param("customers_100k", 0.98, 0.86, 0.95, marks=pytest.mark.heavy),
    ],
)
def test_the_clusters_are_as_good_as_promised_on(name, precision, pairwise, bcubed):
    found = overall(name)

    assert found.pairwise.precision >= precision
    assert found.pairwise.f1 >= pairwise
    assert found.bcubed is not None
    assert found.bcubed.f1 >= bcubed
