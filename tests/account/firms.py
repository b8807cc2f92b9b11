"""A small world of companies and people, told row by row."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import text

from cdp.account.links import update_account_links
from cdp.accounts import Accounts
from cdp.channel.load import load_channel
from cdp.conclude import conclude
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database

FIRM = dict.fromkeys(
    ("key", "name", "city", "domain", "number", "founded", "employees", "industry")
)
PERSON = dict.fromkeys(
    ("key", "email", "title", "works_for", "role", "since", "until", "at", "views")
)
CHANNELS: Mapping[str, dict[str, Any]] = {
    "firms": {
        "description": "companies",
        "subject": "account",
        "columns": {"founded": "integer", "employees": "integer"},
        "record": {"key": "key"},
        "identifiers": {"registry_number": "number", "company_domain": "domain"},
        "traits": {"company_name": "name", "address.city": "city", "founded": "founded",
                   "employees": "employees", "industry": "industry"},
    },
    "people": {
        "description": "people",
        "columns": {
            "since": {"type": "date", "format": "%Y-%m-%d"},
            "until": {"type": "date", "format": "%Y-%m-%d"},
            "at": "datetime",
        },
        "record": {"key": "key"},
        "identifiers": {"email": "email", "user_id": "key"},
        "traits": {"job_title": "title"},
        "accounts": [{"namespace": "company_domain", "key": "works_for", "role": "role",
                      "since": "since", "until": "until"}],
        "events": [{"kind": "product_viewed", "occurred_at": "at", "category": "views",
                    "where": "views is not null"}],
    },
}  # fmt: skip


class Firms:
    """A store to which firms and people are told, each telling a delivery of its own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.told = database, folder, 0
        self.accounts = Accounts(database=database)
        self.profiles = CustomerProfiles(database=database)
        for name, said in CHANNELS.items():
            (folder / name).mkdir()
            source = {"source": {"kind": "files", "path": "*.csv"}}
            document = {
                "type": "pipelines.components.ChannelComponent",
                "attributes": said | source,
            }
            (folder / name / "defs.yaml").write_text(json.dumps(document))

    def firm(self, key: str, **said: Any) -> None:
        self._tell("firms", FIRM | {"key": key} | said)

    def person(self, key: str, **said: Any) -> None:
        self._tell("people", PERSON | {"key": key, "email": f"{key}@mail.example"} | said)

    def concluded(self) -> "Firms":
        conclude(self.database)
        return self

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.transaction() as tx:
            return [tuple(row) for row in tx.execute(text(query))]

    def links(self) -> set[tuple[Any, ...]]:
        return set(self.rows("SELECT * FROM profile_account"))

    def links_from_nothing(self) -> set[tuple[Any, ...]]:
        with self.database.transaction() as tx:
            tx.execute(text("DELETE FROM profile_account"))
            tx.execute(text("INSERT INTO unlinked_profile SELECT profile_id FROM profile"))
        update_account_links(self.database)
        return self.links()

    def _tell(self, channel: str, row: Mapping[str, Any]) -> None:
        self.told += 1
        frame = pl.DataFrame([{name: None if v is None else str(v) for name, v in row.items()}])
        frame.write_csv(self.folder / channel / f"{self.told}.csv")
        report = ingest(self.database, load_channel(self.folder / channel))
        assert not report.failures
        assert report.landed.quarantined == 0
        fold_stale_profiles(self.database)
