"""A small world of three channels, random rows for it, and what must come out equal."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from cdp.channel.load import load_channel
from cdp.channel.spec import ChannelSpec
from cdp.ingest import IngestReport, ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database

CHANNELS = {"crm": 80, "shop": 50, "club": 20}

Row = dict[str, Any]


def declared(folder: Path) -> dict[str, ChannelSpec]:
    """The three channels, reading JSON lines from folders of their own below `folder`."""
    specs = {}
    for channel, trust in CHANNELS.items():
        place = folder / channel
        (place / "in").mkdir(parents=True, exist_ok=True)
        (place / "defs.yaml").write_text(yaml.safe_dump({"attributes": _declaration(trust)}))
        specs[channel] = load_channel(place / "defs.yaml")
    return specs


def _declaration(trust: int) -> dict[str, Any]:
    return {
        "description": "a channel of a small world",
        "trust": trust,
        "source": {"kind": "files", "path": "in/*.jsonl"},
        "columns": {
            "at": {"type": "datetime"},
            "born": {"type": "date"},
            "spent": {"type": "money", "currency": "EUR"},
        },
        "record": {"key": "key", "observed_at": "at"},
        "identifiers": {"email": "email", "phone": "phone", "loyalty_card": "card"},
        "traits": {
            "name.given": "given",
            "birth_date": "born",
            "address.city": "city",
            "interests": "likes",
            "gender": "gender",
        },
        "events": [
            {"kind": "order", "key": "order_no", "occurred_at": "at", "amount": "spent",
             "where": "order_no is not null"},
        ],
        "consents": [{"purpose": "newsletter", "medium": "email", "state": "says",
                      "observed_at": "at", "where": "says is not null"}],
        "memberships": [{"organisation": "club", "where": "club is not null"}],
    }  # fmt: skip


def row(channel: str, key: str, day: int, **said: str) -> Row:
    """A row that says so much and leaves the rest empty."""
    columns = [
        "email",
        "phone",
        "card",
        "given",
        "born",
        "city",
        "likes",
        "gender",
        "order_no",
        "spent",
        "says",
        "club",
    ]
    told = {"channel": channel, "key": key, "at": f"2024-01-{day:02d}T10:00:00Z"}
    return told | dict.fromkeys(columns) | said


def _maybe(*values: str) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from(values))


@st.composite
def rows(draw: st.DrawFn, most: int = 14) -> list[Row]:
    """Rows of the world, each with a time and an order number of its own."""
    number = draw(st.integers(1, most))
    return [_row(draw, index) for index in range(number)]


def _row(draw: st.DrawFn, index: int) -> Row:
    spent = draw(st.one_of(st.none(), st.integers(1, 9_999)))
    return {
        "channel": draw(st.sampled_from(list(CHANNELS))),
        "key": draw(st.sampled_from(["1", "2", "3", "4"])),
        "at": f"2024-01-{1 + index:02d}T10:00:00Z",
        "email": draw(_maybe("ann@example.com", "bo@example.com", "cy@example.com")),
        "phone": draw(_maybe("+12125550142", "+12125550143")),
        "card": draw(_maybe("c-100", "c-200")),
        "given": draw(_maybe("Ann", "Anna", "Bob", "Robert", "Cyril")),
        "born": draw(_maybe("1980-03-01", "1991-12-24")),
        "city": draw(_maybe("Oslo", "Rome")),
        "likes": draw(_maybe("chess", "surf")),
        "gender": draw(_maybe("f", "m")),
        "order_no": None if spent is None else f"o{index}",
        "spent": None if spent is None else f"{spent / 100:.2f}",
        "says": draw(_maybe("granted", "denied")),
        "club": draw(_maybe("rowing", "choir")),
    }


class World:
    """One store that is fed rows through declared channels, file by file."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.specs = declared(folder)
        self.profiles = CustomerProfiles(database=database)
        self.files = 0

    def feed(self, batches: Iterable[Sequence[Row]]) -> list[IngestReport]:
        """Deliver each batch as files of its channels, in this order, and fold."""
        reports = []
        for batch in batches:
            for channel in {row["channel"]: None for row in batch}:
                self.files += 1
                said = [row for row in batch if row["channel"] == channel]
                # The number keeps two files of equal rows from being the same bytes.
                lines = [json.dumps(row | {"file": self.files}) for row in said]
                place = self.folder / channel / "in" / f"{self.files:05d}.jsonl"
                place.write_text("\n".join(lines) + "\n")
                reports.append(ingest(self.database, self.specs[channel]))
        fold_stale_profiles(self.database)
        return reports

    def people(self) -> dict[frozenset[tuple[str, str]], dict[str, Any]]:
        """Every profile's contents, by the records it is made of."""
        contents = {}
        for uid in self.ids():
            profile = self.profiles.get(uid)
            records = self.profiles.records(uid)
            made_of = frozenset((record.channel, record.record_key) for record in records)
            contents[made_of] = profile.model_dump(
                mode="json", exclude={"profile_id", "created_at"}
            )
        return contents

    def ids(self) -> list[str]:
        """The ids of all profiles there are."""
        with self.database.autocommit() as connection:
            found = connection.execute("SELECT profile_id::text FROM profile ORDER BY 1").fetchall()
        return [row[0] for row in found]
