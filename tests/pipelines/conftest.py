"""A small channel, `till`, declared and delivered in a folder of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from cdp.channel.load import load_channel
from cdp.channel.spec import ChannelSpec
from cdp.store.database import Database
from pipelines.components.channel import channel_definitions
from pipelines.definitions import store_definitions
from pipelines.resources import Store

DECLARATION = {
    "description": "Receipts of one till.",
    "owner": "team:stores",
    "sensor": True,
    "source": {
        "kind": "files",
        "path": "drop/*.csv",
        "partition": {"pattern": r"(\d{4}-\d\d-\d\d)", "start": "2024-01-01"},
    },
    "columns": {"at": "datetime", "paid": {"type": "money", "currency": "EUR"}},
    "record": {"key": "customer"},
    "identifiers": {"email": "mail"},
    "traits": {"name.given": "name"},
    "events": [{"kind": "order", "key": "receipt", "occurred_at": "at", "amount": "paid"}],
}
HEADER = "customer,name,mail,receipt,at,paid\n"


class Till:
    """The channel's folder: what it declares and what it has delivered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drop = folder / "drop"
        self.drop.mkdir(parents=True)
        self.declare()

    def declare(self, **changes: object) -> ChannelSpec:
        text = yaml.safe_dump(
            {
                "type": "pipelines.components.ChannelComponent",
                "attributes": DECLARATION | changes,
            }
        )
        (self.folder / "defs.yaml").write_text(text)
        self.spec = load_channel(self.folder)
        return self.spec

    def deliver(self, name: str, *rows: str, header: str = HEADER) -> Path:
        file = self.drop / name
        file.write_text(header + "".join(f"{row}\n" for row in rows))
        return file


@pytest.fixture
def till(tmp_path: Path) -> Till:
    return Till(tmp_path / "till")


@pytest.fixture
def store(database: Database) -> Store:
    return Store(url=database.url)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def run(till: Till, store: Store, instance: dg.DagsterInstance) -> Run:
    """Runs the daily job over the till and the profiles, as the daemon would."""

    def execute(**options: object) -> dg.ExecuteInProcessResult:
        definitions = store_definitions(channel_definitions(till.spec))
        job = definitions.resolve_job_def("customer_profiles")
        return job.execute_in_process(
            instance=instance, raise_on_error=False, resources={"store": store}, **options
        )

    return execute
