"""A declared audience is an asset: exported on its schedule, on record, and no part of the daily run."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from cdp.audiences import Audiences
from pipelines.audience_asset import ScheduledAudience, audience_asset
from pipelines.components.audience import audience_definitions
from pipelines.components.channel import channel_definitions
from pipelines.definitions import store_definitions
from tests.audience.circle import Circle, a_person
from tests.pipelines.conftest import Till

EXAMPLE = Path(__file__).parents[2] / "examples" / "audiences" / "gift_givers" / "defs.yaml"


def declared(folder: Path, **changes: object) -> ScheduledAudience:
    said = yaml.safe_load(EXAMPLE.read_text())["attributes"]
    here = {"segment": None, "crossing": "subject=person", "purpose": "newsletter",
            "fields": ["name.given"], "holdout": None, "path": f"{folder}/list-{{date}}.csv"}  # fmt: skip
    return ScheduledAudience.model_validate(said | here | changes)


@pytest.fixture
def whole(till: Till, tmp_path: Path) -> dg.Definitions:
    audience = audience_definitions(declared(tmp_path))
    return store_definitions(dg.Definitions.merge(channel_definitions(till.spec), audience))


def test_a_run_exports_who_may_be_addressed_and_says_how_many(database, store, tmp_path):
    Circle(database, tmp_path).bring(a_person("ann"), a_person("bea", says="denied"))
    asset = audience_asset(declared(tmp_path))
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([asset], instance=instance, resources={"store": store})
    (made,) = done.asset_materializations_for_node("audience__gift_givers")
    (export,) = Audiences(database=database).exports("gift_givers")
    file = tmp_path / f"list-{datetime.now(UTC):%Y-%m-%d}.csv"
    (row,) = csv.DictReader(file.read_text().splitlines())
    assert row["contact"] == "ann@example.com"
    assert made.metadata["dagster/row_count"].value == 1
    assert made.metadata["left_out"].value == {"denied": 1}
    assert made.metadata["sha256"].value == export.sha256
    assert export.exported_by == "pipelines"
    assert all(check.passed for check in done.get_asset_check_evaluations())


def test_its_schedule_asks_for_it_alone_and_the_daily_run_leaves_it_out(whole):
    schedule = whole.resolve_schedule_def("audience_gift_givers_schedule")
    assert schedule.cron_schedule == "0 7 7 2 *"
    daily = whole.resolve_job_def("customer_profiles")
    keys = {key.to_user_string() for key in daily.asset_layer.executable_asset_keys}
    assert "profile" in keys
    assert "audience/gift_givers" not in keys
    graph = whole.get_repository_def().asset_graph
    parents = graph.get(dg.AssetKey(["audience", "gift_givers"])).parent_keys
    assert parents == {dg.AssetKey("conclusion")}


def test_a_declaration_that_is_wrong_says_what(tmp_path):
    with pytest.raises(ValueError, match="cron has five"):
        declared(tmp_path, schedule="daily")
    with pytest.raises(ValueError, match=r"less than or equal to 0\.5"):
        declared(tmp_path, holdout={"name": "x", "share": 0.9})
