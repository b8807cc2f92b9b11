"""Two channels with rows that break their contract."""

from pathlib import Path
from typing import Any

import yaml

from cdp.channel.load import load_channel
from cdp.channel.spec import ChannelSpec
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.store.database import Database

CLUB = {
    "description": "a club's members",
    "source": {"kind": "files", "path": "in/*.csv"},
    "columns": {"born": {"type": "date", "format": "%Y-%m-%d"}},
    "record": {"key": "no"},
    "identifiers": {"email": {"expr": "mail", "required": True}},
    "traits": {"name.given": "name", "birth_date": "born"},
}
MEMBERS = """no,name,mail,born
1,Ann,ann@example.com,1980-03-01
2,Bo,bo@example.com,1st of May
3,Cy,,1990-01-01
4,Di,di@example.com,1970-12-31
"""
TILL = {
    "description": "a till's baskets, one line per product",
    "source": {"kind": "files", "path": "in/*.csv"},
    "columns": {"paid": {"type": "money", "currency": "EUR"}, "at": {"type": "datetime"}},
    "record": {"key": "card"},
    "identifiers": {"loyalty_card": "card"},
    "events": [
        {"kind": "order", "key": "basket", "group_by": "basket", "occurred_at": "at",
         "amount": "sum(paid)"},
    ],
}  # fmt: skip
BASKETS = """card,basket,paid,at
K1,B1,10.00,2024-05-01T10:00:00
K1,B1,five,2024-05-01T10:00:00
K1,B2,7.50,2024-05-02T10:00:00
"""


def declared(folder: Path, name: str, declaration: dict[str, Any], text: str) -> ChannelSpec:
    """The channel `name` declared below `folder`, with one file to read."""
    place = folder / name
    (place / "in").mkdir(parents=True, exist_ok=True)
    (place / "in" / "may.csv").write_text(text)
    (place / "defs.yaml").write_text(yaml.safe_dump({"attributes": declaration}))
    return load_channel(place)


def landed(database: Database, spec: ChannelSpec) -> ChannelSpec:
    """The channel after its files were landed, resolved and folded."""
    report = ingest(database, spec)
    assert not report.failures
    fold_stale_profiles(database)
    return spec
