"""A market whose customers do what a test says, brought in as files of one channel or another."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from cdp.channel.load import load_channel
from cdp.conclude import Concluded, conclude
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database

NOW = datetime(2026, 6, 1, tzinfo=UTC)
COLUMNS = ("who", "kind", "at", "id", "order", "product", "category", "amount", "discount",
           "currency", "quantity", "more", "gender")  # fmt: skip
KINDS = (
    "order", "order_line", "payment", "order_refunded", "return_line", "order_cancelled",
    "product_viewed", "product_added", "page_viewed", "email_sent", "email_opened", "email_clicked",
    "campaign_received", "coupon_redeemed", "post",
)  # fmt: skip
PROPERTIES = ("department", "brand", "session", "campaign", "text", "store", "gift", "device")


def day(days_ago: float) -> datetime:
    """So many days before NOW."""
    return NOW - timedelta(days=days_ago)


def happening(who: str, kind: str, at: datetime, **facts: Any) -> dict[str, Any]:
    """One event of the person `who`; facts that are no columns become properties."""
    row = {name: facts.pop(name) for name in list(facts) if name in COLUMNS}
    return {"who": who, "kind": kind, "at": at.isoformat(), **row, "more": facts}


def bought(who: str, at: datetime, amount: float, **facts: Any) -> list[dict[str, Any]]:
    """An order with one line."""
    order = facts.pop("order", f"{who}-{at:%Y%m%d%H%M}")
    money = {"order": order, "amount": amount, "currency": facts.pop("currency", "EUR")}
    money |= {"discount": facts.pop("discount", 0.0)}
    return [
        happening(
            who, "order", at, **money, **{k: v for k, v in facts.items() if k in ("store", "gift")}
        ),
        happening(who, "order_line", at, **money, **facts),
    ]


class Market:
    """Channels that deliver happenings, the store, and what it concludes."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.deliveries = database, folder, 0
        self.profiles = CustomerProfiles(database=database)

    def deliver(
        self, rows: Sequence[dict[str, Any]], channel: str = "web", trust: int = 50
    ) -> None:
        """Ingest and fold these happenings as a file of `channel`."""
        place = self.folder / channel
        (place / "in").mkdir(parents=True, exist_ok=True)
        (place / "defs.yaml").write_text(yaml.safe_dump({"attributes": _declaration(trust)}))
        self.deliveries += 1
        sexes = {row["who"]: row["gender"] for row in rows if row.get("gender")}
        lines = [
            {name: row.get(name) for name in COLUMNS if name != "more"}
            | {"id": row.get("id") or f"{self.deliveries}-{place_of}"}
            | {"gender": sexes.get(row["who"])}
            | {name: row["more"].get(name) for name in PROPERTIES}
            for place_of, row in enumerate(rows)
        ]
        file = place / "in" / f"{self.deliveries:04}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        report = ingest(self.database, load_channel(place))
        assert not report.failures
        assert not report.landed.quarantined
        fold_stale_profiles(self.database)

    def conclude(self, now: datetime = NOW) -> Concluded:
        """Draws every conclusion of `now`."""
        return conclude(self.database, now=now)

    def of(self, who: str) -> dict[str, Any]:
        """The computed traits of a person."""
        return dict(self.profiles.computed(f"customer:{who}").traits)

    def everything(self) -> dict[str, tuple[Any, Any]]:
        """Traits and due time of every profile, as they are kept."""
        with self.database.autocommit() as connection:
            found = connection.execute(
                "SELECT profile_id::text, traits, due_at FROM derived_profile ORDER BY 1"
            )
            return {uid: (traits, due) for uid, traits, due in found}


def _declaration(trust: int) -> dict[str, Any]:
    event = {
        "key": "id", "occurred_at": "at", "order_id": '"order"', "product": "product",
        "category": "category", "amount": "amount", "discount": "discount", "currency": "currency",
        "quantity": "quantity", "properties": {name: name for name in PROPERTIES},
    }  # fmt: skip
    return {
        "description": "what customers do",
        "trust": trust,
        "source": {"kind": "files", "path": "in/*.jsonl"},
        "columns": {
            "at": "datetime", "amount": "number", "discount": "number", "quantity": "number",
        },
        "record": {"key": "who"},
        "identifiers": {"customer": {"expr": "who", "required": True}},
        "traits": {"gender": "gender"},
        "events": [
            {"kind": kind, "where": f"kind = '{kind}'", **event} for kind in KINDS
        ],
    }  # fmt: skip
