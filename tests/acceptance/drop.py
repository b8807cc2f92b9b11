"""A shop's channel with a folder of deliveries, and what the store made of them."""

import gzip
from pathlib import Path
from typing import Any

import yaml

from cdp.channel.load import load_channel
from cdp.channel.spec import ChannelSpec
from cdp.ingest import IngestReport, ingest
from cdp.model.profile import Profile
from cdp.model.status import ChannelStatus, QuarantinedRow
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.quarantine import rows
from cdp.store.database import Database

HEADER = "customer,mail,name,order_no,at,paid"
ANN = "1,ann@example.com,Ann,A1,2024-05-01 10:00,19.90"
BO = "2,bo@example.com,Bo,B1,2024-05-01 11:00,5.00"
CY = "3,cy@example.com,Cy,C1,2024-05-02 09:30,7.25"
# Rows read, source records and events of a store, as `Shop.landed` tells them.
NOTHING, THREE_ORDERS = (0, 0, 0), (3, 3, 3)
DECLARATION: dict[str, Any] = {
    "description": "a shop's orders",
    "source": {"kind": "files", "path": "in/*"},
    "columns": {"at": "datetime", "paid": {"type": "money", "currency": "EUR"}},
    "record": {"key": "customer", "observed_at": "at"},
    "identifiers": {"email": {"expr": "mail", "required": True}},
    "traits": {"name.given": "name"},
    "events": [{"kind": "order", "key": "order_no", "occurred_at": "at", "amount": "paid"}],
}


class Shop:
    """What the shop delivers into its folder, and the store that reads it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder / "shop"
        self.drop = self.folder / "in"
        self.drop.mkdir(parents=True)
        self.declare()
        self.profiles = CustomerProfiles(database=database)

    def declare(self, **changes: Any) -> ChannelSpec:
        """Declares the channel anew, with these changes."""
        (self.folder / "defs.yaml").write_text(
            yaml.safe_dump({"attributes": DECLARATION | changes})
        )
        self.spec = load_channel(self.folder)
        return self.spec

    def deliver(
        self, name: str, *lines: str, header: str = HEADER, encoding: str = "utf-8"
    ) -> Path:
        """Writes a file of these lines into the folder; packed where its name ends in .gz."""
        data = "".join(f"{line}\n" for line in (header, *lines)).encode(encoding)
        file = self.drop / name
        file.write_bytes(gzip.compress(data, mtime=0) if file.suffix == ".gz" else data)
        return file

    def ingest(self) -> IngestReport:
        """Runs the whole road; every row that was read must have been accepted or quarantined."""
        report = ingest(self.database, self.spec)
        fold_stale_profiles(self.database)
        assert report.landed.read == report.landed.accepted + report.landed.quarantined
        figures = self.figures()
        assert figures.rows_read == figures.rows_accepted + figures.rows_quarantined
        return report

    def figures(self) -> ChannelStatus:
        """What the store says of the channel."""
        (channel,) = self.profiles.status().channels
        return channel

    def landed(self) -> tuple[int, int, int]:
        """Rows read, source records and events in the store."""
        figures = self.figures()
        return figures.rows_read, figures.records, sum(each.events for each in figures.events)

    def quarantined(self) -> list[QuarantinedRow]:
        """The rows that were refused, in the order of the file."""
        return sorted(rows(self.database), key=lambda each: each.row)

    def person(self, mail: str) -> Profile:
        """The only person with that address."""
        (profile,) = self.profiles.find(email=mail)
        return profile
