"""A circle of people, each with a reason of their own to be written to or not."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from cdp.audience.membership import update_memberships
from cdp.channel.load import load_channel
from cdp.conclude import conclude
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database

DECLARATION = {
    "description": "whom a shop knows",
    "source": {"kind": "files", "path": "in/*.jsonl"},
    "columns": {"at": {"type": "datetime"}, "asked": {"type": "datetime"},
                "income": "integer", "spent": {"type": "money", "currency": "EUR"}},
    "record": {"key": "key", "observed_at": "at"},
    "identifiers": {"customer_id": "customer", "email": "email", "phone": "phone"},
    "traits": {"name.given": "given", "gender": "gender", "income": "income",
               "interests": "likes", "address.street": "street", "address.city": "city",
               "custom.motto": "motto", "birth_date": "born"},
    "events": [
        {"kind": kind, "key": "happened || cast(at as varchar)", "occurred_at": "at",
         "where": f"happened = '{kind}'", "category": "category"}
        | ({"amount": "spent"} if kind == "order" else {})
        for kind in ("order", "email_bounced", "email_opened")
    ],
    "consents": [{"purpose": "lower(purpose)", "medium": "lower(medium)", "state": "says",
                  "observed_at": "asked", "where": "says is not null"}],
}  # fmt: skip
BLANK: dict[str, Any] = dict.fromkeys(
    ("customer", "email", "phone", "given", "gender", "income", "likes", "street", "city", "motto",
     "born", "happened", "category", "spent", "says", "asked")
)  # fmt: skip
BLANK |= {"purpose": "newsletter", "medium": "email", "at": "2024-01-01T10:00:00Z"}


class Circle:
    """A store that one channel of people is brought into."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.place = folder / "circle"
        (self.place / "in").mkdir(parents=True)
        (self.place / "defs.yaml").write_text(yaml.safe_dump({"attributes": DECLARATION}))
        self.files = 0

    def bring(self, *rows: dict[str, Any], now: datetime | None = None) -> None:
        """Bring rows in, and draw all conclusions."""
        self.files += 1
        file = self.place / "in" / f"{self.files}.jsonl"
        file.write_text("".join(json.dumps(BLANK | row) + "\n" for row in rows))
        report = ingest(self.database, load_channel(self.place / "defs.yaml"))
        assert report.landed.quarantined == 0
        fold_stale_profiles(self.database)
        conclude(self.database, now=now)
        update_memberships(self.database, now=now)

    def id_of(self, key: str) -> str:
        """The id of the person with that record key."""
        profiles = CustomerProfiles(database=self.database)
        return str(profiles.of_record("circle", key).profile_id)


def a_person(key: str, **said: Any) -> dict[str, Any]:
    """Somebody with an e-mail address who asked for the newsletter, unless said otherwise."""
    usual = {"key": key, "email": f"{key}@example.com", "says": "granted", "given": key.title()}
    return usual | said
