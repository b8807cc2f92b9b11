"""Splink on Spark: a master and two workers of its own on loopback find what DuckDB finds."""
# ruff: noqa: PLC0415 - pyspark is an optional part: what is imported before the tests are skipped must not need it

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from cdp.identity.matching.config import Column, FileConfig
from cdp.identity.matching.files import resolve_file
from cdp.identity.policy.declaration import identity_policy
from cdp.settings import settings
from tests.identity.matching.hard_cases import World, records

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None, reason="needs the extra `spark` (pyspark)"
    ),
    pytest.mark.skipif(shutil.which("java") is None, reason="needs Java 17"),
]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROLES = ("given_name", "family_name", "birth_date", "email", "phone", "street", "city", "postcode")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The address of a standalone master with two workers; they end with the tests."""
    import pyspark

    home = Path(pyspark.__file__).parent
    folder = tmp_path_factory.mktemp("spark")
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }
    processes = []

    def started(kind, *arguments):
        process = subprocess.Popen(
            [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{kind}", *arguments],
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        return process

    def told(process, pattern):
        for line in process.stderr:
            if found := re.search(pattern, line):
                return found.group(0)
        pytest.fail(f"spark ended before it said {pattern}")

    master = started("master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    address = told(master, r"spark://127\.0\.0\.1:\d+")
    for number in range(2):
        place = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / str(number)))
        worker = started(
            "worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", *place, address
        )
        told(worker, "Successfully registered with master")
    yield address
    for process in reversed(processes):
        process.terminate()
        process.wait()
        process.stderr.close()


@pytest.fixture
def spark(cluster, monkeypatch):
    from pyspark.sql import SparkSession
    from splink.backends.spark import similarity_jar_location

    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    session = (
        SparkSession.builder.master(cluster)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.executor.memory", "512m")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.jars", similarity_jar_location())
        .getOrCreate()
    )
    yield session
    session.stop()
    settings.cache_clear()


def resolved(frame, engine):
    columns = {role: Column(role=role) for role in ROLES}
    config = FileConfig(record_key="record_key", columns=columns, engine=engine, merge=0.8)
    return resolve_file(frame, config, identity_policy(), NOW)


@pytest.mark.usefixtures("spark")
@pytest.mark.filterwarnings("ignore")  # Spark's own
def test_both_engines_end_in_the_same_clusters():
    frame = records(World(households=40)).drop("truth")

    here, there = resolved(frame, "duckdb"), resolved(frame, "spark")

    assert there.clusters.select("record_key", "cluster_id").equals(
        here.clusters.select("record_key", "cluster_id")
    )
    weights = here.pairs.join(there.pairs, on=["left", "right"], suffix="_spark", how="full")
    assert weights.height == here.pairs.height == there.pairs.height
    assert weights.select((pl.col("weight") - pl.col("weight_spark")).abs().max()).item() < 1e-6
    assert here.clusters["cluster_id"].n_unique() < frame.height


@pytest.mark.usefixtures("spark")
@pytest.mark.filterwarnings("ignore")  # Spark's own
def test_a_store_linked_by_one_engine_keeps_all_its_links_with_the_other(
    first_town, town, monkeypatch
):
    monkeypatch.setenv("CDP_LINKER", "spark")
    settings.cache_clear()

    again = town.link(full=True)

    assert again.compared == again.records > 300
    assert (again.came, again.went, again.resolved.merges) == (0, 0, 0)
    assert again.merging == first_town.first.merging > 0
