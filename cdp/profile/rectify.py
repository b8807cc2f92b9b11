"""Rectification: a steward sets a trait above every source, and may take that back."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Connection

from cdp.errors import InvalidRequest
from cdp.profile.traits import Trait, survivorship_rules, trait
from cdp.store.profile import fold, rectification


def rectify(
    tx: Connection, profile_id: UUID, name: str, value: JsonValue, *, by: str, reason: str
) -> None:
    """Set the trait `name` of a profile to `value` (None: it has no value) and fold it at once.

    The word belongs to the profile's oldest record, the one that its id names: it moves with that
    record when profiles are merged or split, and no load of any source changes it.
    Raises UnknownTrait, InvalidRequest.
    """
    _check(trait(name), value)
    if not reason.strip():
        raise InvalidRequest("a rectification needs a reason; say why the value is right")
    now = datetime.now(UTC)
    rectification.write(
        tx, profile_id, name, json.dumps(value), decided_at=now, decided_by=by, reason=reason
    )
    _fold(tx, profile_id, now)


def withdraw(tx: Connection, profile_id: UUID, records: list[str], name: str) -> None:
    """Take back every rectification of a trait of a profile. Raises InvalidRequest: there is none."""
    now = datetime.now(UTC)
    if not rectification.withdraw(tx, records, trait(name).name, now):
        raise InvalidRequest(f"nobody has rectified {name!r} of this profile")
    _fold(tx, profile_id, now)


def _fold(tx: Connection, profile_id: UUID, now: datetime) -> None:
    fold.fold_these(tx, [profile_id], rules=survivorship_rules(), changed_at=now)


def _check(declared: Trait, value: JsonValue) -> None:
    # A free trait takes what its channel says.
    if value is None or declared.meaning == "declared by its channel":
        return
    if not IS[declared.type](value):
        raise InvalidRequest(f"the trait {declared.name!r} is of type {declared.type}")
    if isinstance(value, dict) and set(value) - set(declared.fields):
        raise InvalidRequest(
            f"the trait {declared.name!r} has the fields {', '.join(declared.fields)} and no others"
        )


def _is_date(value: JsonValue) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


IS: Mapping[str, Callable[[JsonValue], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
}
