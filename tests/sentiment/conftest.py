"""A shop whose customers rate and write, in two languages."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from cdp.channel.load import load_channel
from cdp.derive.run import derive_queued
from cdp.derive.sentiment.store import Trained, train
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database
from tests.sentiment.phrases import rated_texts

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Critics:
    """What people say of goods, delivered as files, and what is concluded from it."""

    result: Trained

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.deliveries = database, folder, 0
        self.profiles = CustomerProfiles(database=database)

    def say(self, *rows: dict[str, Any], channel: str = "reviews") -> None:
        """Deliver rows: who, text, and optionally title, score, kind, days (ago), id, category."""
        place = self.folder / channel
        (place / "in").mkdir(parents=True, exist_ok=True)
        (place / "defs.yaml").write_text(yaml.safe_dump({"attributes": DECLARED}))
        self.deliveries += 1
        lines = [_line(row, f"{self.deliveries}-{number}") for number, row in enumerate(rows)]
        (place / "in" / f"{self.deliveries}.jsonl").write_text("\n".join(map(json.dumps, lines)))
        report = ingest(self.database, load_channel(place))
        assert not report.failures
        assert not report.landed.quarantined
        fold_stale_profiles(self.database)

    def conclude(self) -> int:
        """Derives what waits; how many profiles."""
        return derive_queued(self.database, datetime.now(UTC))

    def of(self, who: str) -> dict[str, Any]:
        """The computed traits of a person."""
        return dict(self.profiles.computed(f"shop_user_id:{who}").traits)

    def query(self, question: str) -> list[tuple[Any, ...]]:
        """Rows of the store."""
        with self.database.autocommit() as connection:
            return connection.execute(question.encode()).fetchall()


def _line(row: dict[str, Any], key: str) -> dict[str, Any]:
    at = NOW - timedelta(days=row.get("days", 1))
    facts = {
        name: row.get(name) for name in ("who", "text", "title", "score", "category", "product")
    }
    return facts | {
        "id": row.get("id", key),
        "kind": row.get("kind", "review"),
        "at": at.isoformat(),
    }


def _event(kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "where": f"kind = '{kind}'",
        "key": "id",
        "occurred_at": "at",
        "product": "product",
        "category": "category",
        "score": "score",
        "properties": {"text": "text", "title": "title"},
    }


DECLARED = {
    "description": "What people say.",
    "source": {"kind": "files", "path": "in/*.jsonl"},
    "columns": {
        "at": {"type": "datetime", "required": True},
        "score": "number",
        **{name: {"type": "string", "absent": "ok"} for name in ("title", "category", "product")},
    },
    "record": {"key": "who", "observed_at": "at"},
    "identifiers": {"shop_user_id": "who"},
    "events": [_event(kind) for kind in ("review", "rating", "support_message")],
}


def as_rows(texts: pl.DataFrame) -> Sequence[dict[str, Any]]:
    """Rated texts as deliveries."""
    return [
        {"who": row["person"], "text": row["text"], "score": row["score"]}
        for row in texts.iter_rows(named=True)
    ]


@pytest.fixture
def critics(database: Database, tmp_path: Path) -> Critics:
    return Critics(database, tmp_path)


@pytest.fixture(scope="module")
def trained(new_database: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory):
    """A shop with models of English and Portuguese in force; tests add people of their own."""
    with new_database() as database:
        shop = Critics(database, tmp_path_factory.mktemp("trained"))
        shop.say(*as_rows(rated_texts("en", 700)))
        shop.say(*as_rows(rated_texts("pt", 700)), channel="loja")
        shop.result = train(database, measure=False)
        yield shop
