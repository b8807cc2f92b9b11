"""The canonical batch: what a channel says, in the words every channel shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

UTC = pl.Datetime("us", "UTC")
MONEY = pl.Decimal(18, 4)

RECORDS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.Int64,
    "record_key": pl.String,
    "observed_at": UTC,
    "content": pl.String,
}
IDENTIFIERS = {"record_key": pl.String, "namespace": pl.String, "value": pl.String}
EVENTS = {
    "record_key": pl.String,
    "message_id": pl.String,
    "kind": pl.String,
    "occurred_at": UTC,
    "order_id": pl.String,
    "product": pl.String,
    "category": pl.String,
    "quantity": MONEY,
    "amount": MONEY,
    "discount": MONEY,
    "currency": pl.String,
    "score": pl.Float64,
    "properties": pl.String,
}
CONSENTS = {
    "record_key": pl.String,
    "purpose": pl.String,
    "medium": pl.String,
    "state": pl.String,
    "observed_at": UTC,
    "proof": pl.String,
}
MEMBERSHIPS = {
    "record_key": pl.String,
    "organisation": pl.String,
    "kind": pl.String,
    "role": pl.String,
    "since": pl.Date,
    "until": pl.Date,
}
ACCOUNTS = {
    "record_key": pl.String,
    "account_namespace": pl.String,
    "account_key": pl.String,
    "role": pl.String,
    "since": pl.Date,
    "until": pl.Date,
}
REJECTS = {
    "row": pl.Int64,
    "field": pl.String,
    "rule": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "raw": pl.String,
}


def empty(schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    """A frame of `schema` without rows."""
    return pl.DataFrame(schema=dict(schema))


@dataclass(frozen=True)
class Batch:
    """Some rows of one delivery in canonical form.

    Each frame has exactly the columns of its schema above. `content` is the text of a JSON object
    `{"traits": {...}, "identifiers": {namespace: raw value or list}}`; `properties` of a JSON object.
    A null `observed_at` means the time of the delivery. Conservation: `rows_read` is the number of
    accepted rows plus the height of `rejects`.
    """

    rows_read: int
    records: pl.DataFrame = field(default_factory=lambda: empty(RECORDS))
    identifiers: pl.DataFrame = field(default_factory=lambda: empty(IDENTIFIERS))
    events: pl.DataFrame = field(default_factory=lambda: empty(EVENTS))
    consents: pl.DataFrame = field(default_factory=lambda: empty(CONSENTS))
    memberships: pl.DataFrame = field(default_factory=lambda: empty(MEMBERSHIPS))
    accounts: pl.DataFrame = field(default_factory=lambda: empty(ACCOUNTS))
    rejects: pl.DataFrame = field(default_factory=lambda: empty(REJECTS))
