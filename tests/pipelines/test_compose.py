"""The commands of docker-compose.yml, as plain processes on this machine, serve the asset graph."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from cdp.store.database import Database

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
LIMIT_SECONDS = 120
ASSETS = "{ assetNodes { assetKey { path } } }"
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType healthy required } } } }"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


class Machine:
    """This machine in the place of the containers: other ports and folders, the same commands."""

    def __init__(self, compose: dict[str, Any], folder: Path, database: Database) -> None:
        self.compose, self.folder = compose, folder
        self.ui, self.service = free_port(), free_port()
        home = folder / "home"
        home.mkdir()
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(ROOT / "deploy/compose" / name, home / name)
        code = free_port()
        self.instead = {
            "0.0.0.0": "127.0.0.1",  # noqa: S104  what the file says, not where this listens
            "4000": code,
            "3000": self.ui,
            "8080": self.service,
            "/opt/dagster/workspace.yaml": str(home / "workspace.yaml"),
        }
        self.environment = os.environ | {
            "CDP_DATABASE_URL": database.url,
            "CDP_DATA": str(folder),
            "DAGSTER_STORAGE_URL": runs_url(database),
            "DAGSTER_HOME": str(home),
            "DAGSTER_LOGS": str(folder / "logs"),
            "DAGSTER_CODE_HOST": "127.0.0.1",
            "DAGSTER_CODE_PORT": code,
        }

    def command(self, service: str) -> list[str]:
        program, *words = self.compose["services"][service]["command"]
        words = [self.instead.get(word, word) for word in words]
        return [str(Path(sys.executable).with_name(program)), *words]

    @contextmanager
    def running(self, service: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                self.command(service), cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    def ask(self, query: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ui}/graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.load(answer)["data"]


def runs_url(database: Database) -> str:
    """Dagster's own database beside the store's, by the driver that dagster-postgres needs."""
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as connection:
        name = f"{connection.info.dbname}_dagster"
        connection.execute(f"CREATE DATABASE {name}")
    url = re.sub(r"/t[0-9a-f]{32}\?", f"/{name}?", database.url)
    return url.replace("+psycopg:", "+psycopg2:")


def waited_for(answer: Callable[[], Any], processes: list[subprocess.Popen[bytes]]) -> Any:
    """The first true answer; fails when a process ends or the time is up."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        for process in processes:
            assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if found := answer():
                return found
        with suppress(subprocess.TimeoutExpired):
            processes[0].wait(0.3)
    pytest.fail(f"no answer within {LIMIT_SECONDS} s")


def test_the_commands_of_the_compose_file_serve_the_assets(
    compose: dict[str, Any], tmp_path: Path, database: Database
) -> None:
    machine = Machine(compose, tmp_path, database)
    subprocess.run(machine.command("migrate"), cwd=ROOT, env=machine.environment, check=True)
    with (
        machine.running("code") as code,
        machine.running("webserver") as webserver,
        machine.running("daemon") as daemon,
    ):
        processes = [code, webserver, daemon]
        nodes = waited_for(lambda: machine.ask(ASSETS)["assetNodes"], processes)
        assert ["profile"] in [node["assetKey"]["path"] for node in nodes]
        assert len(nodes) > 10
        waited_for(lambda: all_required_daemons_are_healthy(machine), processes)
    with psycopg.connect(database.url.replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 'event_logs'"
        ).fetchone()
    assert tables == (0,), "Dagster's tables belong into its own database"


def all_required_daemons_are_healthy(machine: Machine) -> bool:
    statuses = machine.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    required = [one for one in statuses if one["required"]]
    return bool(required) and all(one["healthy"] for one in required)


def test_the_service_of_the_compose_file_answers_and_stops(
    compose: dict[str, Any], tmp_path: Path, database: Database
) -> None:
    machine = Machine(compose, tmp_path, database)

    def ready() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{machine.service}/readyz") as answer:
            return answer.status == 200

    with machine.running("serve") as service:
        assert waited_for(ready, [service])
    assert service.returncode == 0


def test_the_services_are_postgres_migrate_code_webserver_serve_and_one_daemon(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert set(services) == {"postgres", "migrate", "code", "webserver", "serve", "daemon"}
    assert services["daemon"]["deploy"]["replicas"] == 1
    assert services["postgres"]["image"] == "postgres:18"
    assert "postgres:/var/lib/postgresql" in services["postgres"]["volumes"]


def test_every_service_has_limits_and_every_lasting_one_a_health_check(
    compose: dict[str, Any],
) -> None:
    for name, service in compose["services"].items():
        assert service["init"] is True, name
        assert service["mem_limit"], name
        assert service["restart"], name
        if name != "migrate":
            assert service["healthcheck"]["test"], name


def test_no_password_stands_in_the_compose_file() -> None:
    text = COMPOSE.read_text()
    assert not re.search(r"://[^/\s@:]+:[^@/\s]+@", text)
    said = re.findall(r"^\s*(?:POSTGRES_PASSWORD|PGPASSWORD): (.*)$", text, re.MULTILINE)
    assert said
    assert all(value.startswith("${POSTGRES_PASSWORD:?") for value in said)


@pytest.mark.parametrize("place", ["local", "compose"])
def test_dagster_lets_one_asset_at_a_time_into_the_store_and_reports_to_nobody(place: str) -> None:
    said = yaml.safe_load((ROOT / "deploy" / place / "dagster.yaml").read_text())
    assert said["concurrency"]["pools"] == {"default_limit": 1, "granularity": "op"}
    assert said["concurrency"]["runs"]["max_concurrent_runs"] <= 2
    assert said["telemetry"] == {"enabled": False}
    assert said["run_monitoring"]["enabled"] is True
