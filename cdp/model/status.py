"""Figures of the whole store, as `status` gives them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import Field

from cdp.model.profile import Frozen


class EventFigures(Frozen):
    """All events of one kind and currency that a channel brought."""

    kind: str
    currency: str | None
    events: int
    amount: Decimal = Field(description="sum, in `currency`")
    discount: Decimal = Field(description="sum, in `currency`")
    scores: int
    score: float = Field(description="sum of the scores, each -1..1")
    first_at: datetime
    last_at: datetime


class ChannelStatus(Frozen):
    """What a channel delivered so far, in rows, and what became of it."""

    channel: str
    subject: Literal["person", "account"]
    synthetic: bool = Field(description="made by the generator, not observed")
    records: int
    deliveries: int
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    landed_at: datetime | None
    open_quarantine: int = Field(description="quarantined rows that wait to be mended")
    events: Sequence[EventFigures]


class StoreStatus(Frozen):
    """The whole store in figures."""

    channels: Sequence[ChannelStatus]
    profiles: int = Field(description="of people and of companies")
    persons: int
    accounts: int
    source_records: int
    largest_cluster: int = Field(description="source records of the largest profile")
    identity_log: Mapping[str, int] = Field(description="entries by action")
    stale_profiles: int = Field(description="profiles that wait to be folded")
    policy_version: int | None = Field(
        default=None, description="of the live identity policy; None before the first ingestion"
    )
    policy_differs: bool = Field(
        default=False, description="the configured policy is another than the live one"
    )


class QuarantinedRow(Frozen):
    """A row that broke its channel's contract, as it came, and why."""

    quarantine_id: UUID
    channel: str
    delivery: str = Field(description="the file's path or the source's name")
    row: int
    field: str | None
    rule: str
    value: str | None
    reason: str
    raw: Mapping[str, object] | str
    state: Literal["open", "replayed", "superseded"]
    recorded_at: datetime
    replayed_at: datetime | None
