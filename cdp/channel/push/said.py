"""What one message says, in canonical words."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdp.channel.push.values import Fault, json_text, storable


@dataclass(frozen=True)
class Envelope:
    """What a request says of all its messages.

    `call` is the type that its path implies. `doubtful` bodies may hold texts that Postgres cannot.
    """

    received_at: datetime
    sent_at: Any = None
    call: str | None = None
    doubtful: bool = True


@dataclass(frozen=True)
class Company:
    """What a message says of a company."""

    record_key: str
    content: str
    identifiers: Mapping[str, str]


@dataclass(slots=True)
class Said:
    """What one message says of its source record, or the fault for which it cannot be taken.

    `message_uid` is unique within the channel and the same whenever the message comes again.
    `events` are rows of the canonical frame, `accounts` group ids with roles, `consents` purpose,
    medium and state.
    """

    message: Any
    envelope: Envelope
    message_uid: str
    message_id: str = ""
    record_key: str = ""
    at: datetime | None = None
    content: str | None = None
    identifiers: set[tuple[str, str, str]] = field(default_factory=set)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    consents: list[tuple[str, str, str]] = field(default_factory=list)
    accounts: list[tuple[str, str | None]] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    fault: Fault | None = None

    def raw(self) -> str:
        """The message as JSON for quarantine, with the times by which it was read."""
        return raw_text(self.message, self.envelope)


def refused(message: Any, envelope: Envelope, fault: Fault, ordinal: int = 0) -> Said:
    """A message that cannot be taken; sent again as it was it has the same uid."""
    named = message if isinstance(message, dict) else {}
    marks = [] if named.get("messageId") else [str(ordinal)]
    if not (named.get("messageId") or named.get("timestamp")):
        marks.append(envelope.received_at.isoformat())
    text = json_text("", _storable(message))
    return Said(message, envelope, uid("refused", text, *marks), fault=fault)


def uid(*parts: str) -> str:
    """The same parts always give the same uid, written as Postgres writes it."""
    digits = hashlib.md5("\x1f".join(parts).encode()).hexdigest()  # noqa: S324  an id, not a secret
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def raw_text(message: Any, envelope: Envelope) -> str:
    """JSON text of a message that Postgres can hold, with the times by which it was read."""
    if isinstance(message, dict):
        times = {"sentAt": envelope.sent_at, "receivedAt": envelope.received_at.isoformat()}
        known = {"type": envelope.call} if not message.get("type") else {}
        message = {**message, **{k: v for k, v in (times | known).items() if v}}
    elif not isinstance(message, str):
        # What waits in quarantine is an object or a text.
        message = json_text("", _storable(message))
    return json_text("", _storable(message))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {storable(key): _storable(said) for key, said in value.items()}
    if isinstance(value, list):
        return [_storable(said) for said in value]
    return value


def check_texts(value: Any) -> None:
    """A Fault where a text holds what Postgres cannot: NUL, or half of a character."""
    if isinstance(value, str):
        if "\0" in value:
            raise Fault("", "encoding", "a text holds a NUL character; take it out", value)
        if value != storable(value):
            raise Fault("", "encoding", "a text holds half of a character; cut it elsewhere", value)
    elif isinstance(value, dict):
        for key, said in value.items():
            check_texts(key)
            check_texts(said)
    elif isinstance(value, list):
        for said in value:
            check_texts(said)
