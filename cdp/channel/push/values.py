"""Single values of a message, read as what they should be or told as its fault."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

LONGEST_KEY = 512  # bytes; an index entry must hold it
LONGEST_SHOWN = 200  # characters of a wrong value that quarantine repeats
MOST = Decimal(10) ** 14  # what numeric(18, 4) holds
CENT = Decimal("0.0001")
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
CURRENCY = re.compile(r"[A-Z]{3}")
EPOCH = re.compile(r"\d{10}(\d{3})?")
NUL_SIGN = "\u2400"
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
REMEMBERED = 4_096  # names and the like that come again and again


class Fault(Exception):
    """Why a message cannot be taken: the field, the rule it breaks, the reason and the value."""

    def __init__(self, field: str, rule: str, reason: str, value: Any = None) -> None:
        super().__init__(reason)
        self.field, self.rule, self.reason = field, rule, reason
        self.value = None if value is None else shown(value)


def shown(value: Any) -> str:
    """A value as quarantine shows it: text that Postgres can hold, of bounded length."""
    text = value if isinstance(value, str) else repr(value)
    return storable(text[:LONGEST_SHOWN])


def storable(text: str) -> str:
    """`text` with signs in place of what Postgres holds in no text: NUL and half characters."""
    return text.replace("\0", NUL_SIGN).encode("utf-8", "replace").decode()


def json_text(field: str, value: Any) -> str:
    """JSON text of `value`; a Fault where it holds a number that is none."""
    try:
        return _quickly_written(value) or ENCODER.encode(value)
    except ValueError:
        raise Fault(field, "number", "holds NaN or an infinite number; send null") from None


def _quickly_written(value: Any) -> str | None:
    """The same where nothing is doubtful: a number that is none is written as JavaScript does."""
    try:
        text = to_json(value)
    except PydanticSerializationError:  # half of a character
        return None
    return None if b"NaN" in text or b"Infinity" in text else text.decode()


def identifier(field: str, value: Any) -> str | None:
    """An id as text, None for an absent one; a Fault for what cannot be a key."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as programs write a column of numbers with gaps
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Fault(field, "type", "is neither a text nor a whole number", value)
    text = str(value).strip()
    if 4 * len(text) > LONGEST_KEY and len(text.encode("utf-8", "replace")) > LONGEST_KEY:
        raise Fault(field, "length", f"is longer than {LONGEST_KEY} bytes, so no key", text)
    return text or None


def moment(value: Any) -> datetime | None:
    """A time of ISO 8601 or Unix seconds or milliseconds, in UTC; None where it is neither."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(int(value)) if math.isfinite(value) else ""
    if not isinstance(value, str):
        return None
    text = value.strip().upper()
    try:
        if EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(text) / (1 if len(text) == 10 else 1000), UTC)
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found >= EARLIEST else None


def happened_at(timestamp: Any, sent_at: Any, received_at: datetime) -> datetime:
    """When it happened by our clock: `receivedAt - (sentAt - timestamp)` where both are given.

    Never later than it was received. A Fault where `timestamp` is no time.
    """
    if timestamp is None or timestamp == "":
        return received_at
    said = moment(timestamp)
    if said is None:
        reason = f"is no time such as 2024-05-31T14:00:00Z after {EARLIEST.year}"
        raise Fault("timestamp", "type", reason, timestamp)
    sent = moment(sent_at)
    try:
        at = said if sent is None else received_at - (sent - said)
    except OverflowError:
        at = said
    return max(min(at, received_at), EARLIEST)


def day(value: Any) -> date | None:
    """A calendar day, also of a time; None where it is neither."""
    found = moment(value)
    return found.date() if found else None


def decimal(value: Any) -> Decimal | None:
    """A number, also where it came as text; None where it is none that can be kept."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) >= MOST:
        return None
    return found.quantize(CENT)


def number(field: str, value: Any) -> Decimal | None:
    """A number or None where nothing is said; a Fault where something else is."""
    if value is None or value == "":
        return None
    found = decimal(value)
    if found is None:
        raise Fault(field, "type", "is no number below 10^14", value)
    return found


def currency(field: str, value: Any) -> str | None:
    """An ISO 4217 code; a Fault where it is none."""
    if value is None or value == "":
        return None
    code = value.strip().upper() if isinstance(value, str) else ""
    if not CURRENCY.fullmatch(code):
        raise Fault(field, "currency", "is no ISO 4217 code like EUR", value)
    return code


def first(said: Mapping[str, Any], *names: str) -> Any:
    """What the first of `names` says that says anything."""
    for name in names:
        if (value := said.get(name)) not in (None, ""):
            return value
    return None


def snake(name: str) -> str:
    """`name` in snake_case: letters, digits and underscores of any script."""
    return _remembered_snake(name) if len(name) <= LONGEST_KEY else _snake(name)


def _snake(name: str) -> str:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"\W+|_+", "_", parted).strip("_").lower()


_remembered_snake = lru_cache(REMEMBERED)(_snake)


def an_object(field: str, value: Any) -> dict[str, Any]:
    """A JSON object, empty where nothing is said; a Fault where something else is."""
    if value is None or value == []:  # an empty one, as PHP writes it
        return {}
    if not isinstance(value, dict):
        raise Fault(field, "type", "is no object", value)
    return value
