"""S5: the same customers come by file drop, database table and REST pull, as one and the same."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
import yaml

from cdp.channel.load import load_channel
from cdp.ingest import IngestReport, ingest
from cdp.profile.fold import fold_stale_profiles
from tests.scenarios.world import SHIPPED, World

CUSTOMERS = [
    {"id": "1", "mail": "ann@example.com", "name": "Ann", "changed": "2024-05-01T10:00:00Z", "spent": "19.90"},
    {"id": "2", "mail": "bo@example.com", "name": "Bo", "changed": "2024-05-02T10:00:00Z", "spent": "5.00"},
    {"id": "3", "mail": "cy@example.com", "name": "Cy", "changed": "2024-05-03T10:00:00Z", "spent": "7.25"},
]  # fmt: skip
LATER = {
    "id": "4",
    "mail": "di@example.com",
    "name": "Di",
    "changed": "2024-05-04T10:00:00Z",
    "spent": "1.00",
}
# The three as they must come out of any source.
EXPECTED = {row["mail"]: (row["name"], row["changed"], row["spent"]) for row in CUSTOMERS}
MEANING = {
    "description": "customers and what they last spent",
    "columns": {"changed": "datetime", "spent": {"type": "money", "currency": "EUR"}},
    "record": {"key": "id", "observed_at": "changed"},
    "identifiers": {"email": {"expr": "mail", "required": True}},
    "traits": {"name.given": "name"},
    "events": [{"kind": "order", "key": "id", "occurred_at": "changed", "amount": "spent"}],
}


class Source:
    """A channel called `customers` over one kind of source."""

    def __init__(self, world: World, source: dict[str, Any]) -> None:
        self.world = world
        self.folder = world.data / "customers"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "defs.yaml").write_text(
            yaml.safe_dump({"attributes": MEANING | {"source": source}})
        )

    def ingest(self) -> IngestReport:
        report = ingest(self.world.database, load_channel(self.folder))
        fold_stale_profiles(self.world.database)
        assert not report.failures
        assert report.landed.read == report.landed.accepted + report.landed.quarantined
        return report

    def people(self) -> dict[str, Any]:
        """What is known of each customer, without what differs from run to run."""
        mails = [row["mail"] for row in (*CUSTOMERS, LATER)]
        found = [each for mail in mails for each in self.world.profiles.find(email=mail)]
        return {
            each.identifiers["email"][0]: each.model_dump(exclude={"profile_id", "created_at"})
            for each in found
        }


def told(people: dict[str, Any]) -> dict[str, Any]:
    return {
        mail: (
            each["traits"]["name"]["given"],
            each["behaviour"][0]["first_at"].isoformat().replace("+00:00", "Z"),
            f"{each['behaviour'][0]['amount']:.2f}",
        )
        for mail, each in people.items()
    }


@pytest.mark.parametrize(
    "file", ["c.csv", "c.csv.gz", "c.csv.zst", "c.tsv", "c.jsonl", "c.jsonl.gz", "c.parquet"]
)
def test_by_file_drop(world: World, file: str):
    source = Source(world, {"kind": "files", "path": "{data}/drop/*"})
    drop(world, file)
    assert source.ingest().landed.accepted == 3
    assert told(source.people()) == EXPECTED
    assert source.ingest().passed_over == 1
    assert world.profiles.status().profiles == 3


def drop(world: World, file: str) -> None:
    place = world.data / "drop" / file
    place.parent.mkdir()
    frame = pl.DataFrame(CUSTOMERS)
    if file.endswith(".parquet"):
        frame.write_parquet(place)
    elif ".jsonl" in file:
        world.jsonl(f"drop/{file}", CUSTOMERS)
    else:
        compression = {".gz": "gzip", ".zst": "zstd"}.get(place.suffix, "uncompressed")
        separator = "\t" if ".tsv" in file else ","
        frame.write_csv(place, separator=separator, compression=compression)


@pytest.fixture
def table(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A shop's database, whose address stands in a variable of the environment."""
    file = world.data / "shop.db"
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TABLE customer (id TEXT, mail TEXT, name TEXT, changed TEXT, spent TEXT)"
        )
        insert(connection, CUSTOMERS)
        yield connection


def insert(connection: sqlite3.Connection, rows: list[dict[str, str]]) -> None:
    connection.executemany(
        "INSERT INTO customer VALUES (:id, :mail, :name, :changed, :spent)", rows
    )
    connection.commit()


def test_by_database_table_and_later_only_what_is_new(world: World, table: sqlite3.Connection):
    source = Source(
        world,
        {"kind": "table", "url_env": "SHOP_DATABASE_URL", "table": "customer", "cursor": "changed"},
    )
    assert source.ingest().landed.read == 3
    assert told(source.people()) == EXPECTED

    insert(table, [LATER])
    table.execute(
        "UPDATE customer SET mail = 'anne@example.com', changed = '2024-05-05T10:00:00Z' WHERE id = '1'"
    )
    table.commit()
    report = source.ingest()
    assert (report.landed.versions, report.landed.events, report.landed.revised_events) == (2, 1, 1)
    assert world.one(email="anne@example.com").records == 1
    assert world.profiles.status().profiles == 4

    assert source.ingest().landed.versions == 0


class Endpoint(ThreadingHTTPServer):
    """Customers in pages of two, changed since a time; only for who knows the token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.customers = list(CUSTOMERS)
        self.asked: list[dict[str, str]] = []


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Endpoint)
        asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(asked)
        first = 2 * (int(asked["page"]) - 1)
        new = [each for each in self.server.customers if each["changed"] >= asked.get("since", "")]
        known = self.headers["Authorization"] == "Bearer sesame"
        body = json.dumps({"data": {"items": new[first : first + 2]}}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("SHOP_TOKEN", "Bearer sesame")
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def rest(world: World, endpoint: Endpoint) -> Source:
    return Source(
        world,
        {
            "kind": "rest",
            "url": f"http://127.0.0.1:{endpoint.server_port}/customers",
            "headers_env": {"Authorization": "SHOP_TOKEN"},
            "items": "data.items",
            "paging": {"kind": "page"},
            "cursor": {"param": "since", "field": "changed"},
            "retry": {"attempts": 1},
        },
    )


def test_by_rest_pull_and_later_only_what_is_new(world: World, endpoint: Endpoint, rest: Source):
    assert rest.ingest().landed.read == 3
    assert told(rest.people()) == EXPECTED
    assert [asked["page"] for asked in endpoint.asked] == ["1", "2", "3"]

    endpoint.customers.append(LATER)
    endpoint.asked.clear()
    assert rest.ingest().landed.events == 1
    assert {asked["since"] for asked in endpoint.asked} == {CUSTOMERS[-1]["changed"]}
    assert world.profiles.status().profiles == 4


def test_a_refused_token_lands_nothing_and_is_told_without_it(
    world: World, rest: Source, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHOP_TOKEN", "Bearer wrong")
    (failure,) = ingest(world.database, load_channel(rest.folder)).failures
    assert "401" in str(failure)
    assert "wrong" not in str(failure)
    assert world.profiles.status().source_records == 0


def test_each_kind_of_channel_is_there_as_a_declared_example():
    kinds = {
        "crm", "web_shop", "store_sales", "web_clickstream", "email_campaign", "social", "reviews",
        "survey", "memberships", "companies", "support",
    }  # fmt: skip
    declared = {
        folder.name: load_channel(folder) for folder in SHIPPED.iterdir() if folder.is_dir()
    }
    assert kinds <= set(declared)
    assert all(spec.description and spec.owner for spec in declared.values())
