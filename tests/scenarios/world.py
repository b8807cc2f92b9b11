"""A small world told by the files of the shipped channels."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cdp.channel.load import load_channel
from cdp.ingest import ingest
from cdp.model.profile import Profile
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "pipelines" / "defs" / "channels"

Row = Mapping[str, Any]

CRM = {
    "customer_id": None, "given_name": None, "family_name": None, "birth_date": None,
    "gender": None, "marital_status": None, "children": None, "education": None,
    "occupation": None, "job_title": None, "income": None, "home_ownership": None,
    "language": None, "email": None, "work_email": None, "phone": None, "mobile": None,
    "loyalty_card": None, "street": None, "city": None, "region": None, "postcode": None,
    "country": None, "consent_email": None, "consent_post": None, "updated_at": None,
}  # fmt: skip
ACCOUNT = {
    "user_id": None, "customer_id": None, "email": None, "phone": None, "first_name": None,
    "last_name": None, "birth_date": None, "street": None, "city": None, "region": None,
    "postcode": None, "language": None, "created_at": None, "updated_at": None,
}  # fmt: skip
ACTIVITY = {
    "type": None, "user_id": None, "at": None, "order_id": None, "line": None,
    "product_id": None, "category": None, "department": None, "quantity": None, "amount": None,
    "discount": None, "currency": "USD",
}  # fmt: skip
CLICK = {
    "event_id": None, "event": None, "at": None, "cookie_id": None, "device_id": None,
    "user_id": None, "session_id": "s1", "device": "tablet", "url": None, "product_id": None,
    "category": None, "department": None, "query": None,
}  # fmt: skip
SALE = {
    "household_id": 1, "store_id": 7, "basket_id": 1, "product_id": 1, "quantity": 1,
    "sales_value": 0.0, "retail_disc": 0.0, "coupon_disc": 0.0, "coupon_match_disc": 0.0,
}  # fmt: skip
CARD = {
    "household_id": None, "loyalty_card": None, "given_name": None, "family_name": None,
    "phone": None, "email": None, "street": None, "city": None, "region": None, "postcode": None,
    "synthetic": True,
}  # fmt: skip
MEMBER = {
    "member_no": None, "given_name": None, "family_name": None, "birth_date": None, "email": None,
    "phone": None, "mobile": None, "street": None, "city": None, "region": None, "postcode": None,
    "organisation": None, "kind": None, "role": None, "member_since": None, "member_until": None,
}  # fmt: skip
ANSWERS = {
    "respondent_id": None, "answered_on": None, "given_name": None, "email": None,
    "loyalty_card": None, "age": None, "education": None, "postcode": None, "weekly_spend": None,
    "satisfaction": None, "comment": None, "value_sustainability": None, "value_price": None,
    "value_brand": None, "value_health": None, "value_fashion": None, "value_convenience": None,
    "value_local_food": None,
}  # fmt: skip


class World:
    """What the channels deliver below `data`, and the profiles that the store makes of it."""

    def __init__(self, database: Database, data: Path) -> None:
        self.database, self.data = database, data
        self.profiles = CustomerProfiles(database=database)

    def csv(self, file: str, rows: Sequence[Row], *, separator: str = ",", encoding: str = "utf-8"):
        text = pl.DataFrame(rows, infer_schema_length=None).write_csv(separator=separator)
        self._place(file).write_bytes(text.encode(encoding))

    def jsonl(self, file: str, rows: Sequence[Row]):
        data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
        self._place(file).write_bytes(gzip.compress(data) if file.endswith(".gz") else data)

    def parquet(self, file: str, rows: Sequence[Row]):
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(self._place(file))

    def ingest(self, *channels: str, folder: Path = SHIPPED) -> None:
        """Brings in what the channels have delivered; not a row may be refused."""
        for channel in channels:
            report = ingest(self.database, load_channel(folder / channel))
            assert not report.failures
            assert report.deliveries
            assert report.landed.quarantined == 0
        fold_stale_profiles(self.database)

    def one(self, **identifier: str) -> Profile:
        """The only profile with that identifier."""
        (profile,) = self.profiles.find(**identifier)
        return profile

    def said_by(self, profile: Profile, trait: str) -> dict[str, Any]:
        """The values of a trait that the profile's records state, by channel."""
        told = self.profiles.explain(profile.profile_id, trait)
        return {each.channel: each.value for each in (*told.carried_by, *told.lost)}

    def _place(self, file: str) -> Path:
        place = self.data / file
        place.parent.mkdir(parents=True, exist_ok=True)
        return place
