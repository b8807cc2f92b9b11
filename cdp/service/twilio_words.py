"""A profile in the words of Twilio Segment's Profile API."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdp.model.profile import Profile, TimelineEvent, TraitExplanation

NAMES: Mapping[str, str] = {
    "birth_date": "birthday",
    "customer_since": "created_at",
    "bio": "description",
    "job_title": "title",
    "employees": "employee_count",
}
NAME_FIELDS = {
    "given": "first_name",
    "middle": "middle_name",
    "family": "last_name",
    "full": "name",
}
ADDRESS_FIELDS = {"postcode": "postal_code", "region": "state"}
CONTACTS = ("email", "phone")
# Parts of an order or a refund, which is an event of its own.
PARTS = frozenset({"order_line", "return_line"})
COLLECTIONS: Mapping[str, str] = {"users": "person", "accounts": "account"}


def traits(profile: Profile) -> dict[str, tuple[str | None, Any]]:
    """The traits by Segment's names, each with the name of ours that it comes from, and its value."""
    found: dict[str, tuple[str | None, Any]] = {}
    for name, value in profile.traits.items():
        found |= {theirs: (name, said) for theirs, said in _named(profile, name, value)}
    for namespace in CONTACTS:
        if held := profile.identifiers.get(namespace):
            found.setdefault(namespace, (None, held[0]))
    return dict(sorted(found.items()))


def _named(profile: Profile, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name == "name" and isinstance(value, dict):
        yield from (
            (NAME_FIELDS.get(str(field), str(field)), said) for field, said in value.items()
        )
    elif name == "address" and isinstance(value, dict):
        yield name, {ADDRESS_FIELDS.get(field, field): said for field, said in value.items()}
    elif name == "company_name":
        yield ("name" if profile.subject == "account" else "company"), value
    else:
        yield NAMES.get(name, name.removeprefix("custom.")), value


def verbose(value: Any, why: TraitExplanation | None) -> dict[str, Any]:
    """A trait's value with its source."""
    carried = why.carried_by[0] if why and why.carried_by else None
    return {
        "value": value,
        "source_id": carried.channel if carried else None,
        "updated_at": carried.observed_at.isoformat() if carried else None,
    }


def external_id(
    collection: str, namespace: str, value: str, source: str | None = None, created_at: Any = None
) -> dict[str, Any]:
    """An identifier."""
    said = {"collection": collection, "id": value, "type": namespace, "encoding": "none"}
    if source is not None:
        said |= {"source_id": source, "created_at": created_at and created_at.isoformat()}
    return said


def event_of(event: TimelineEvent, external_ids: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """An event as its message said it; of other channels' events as a message would."""
    said = _message(event)
    properties = {name: value for name, value in event.properties.items() if name != "$message"}
    facts = {
        "order_id": event.order_id,
        "product_id": event.product,
        "category": event.category,
        "quantity": event.quantity,
        "revenue": event.amount,
        "discount": event.discount,
        "currency": event.currency,
    }
    if not said:
        known = {name: value for name, value in facts.items() if value is not None}
        properties = {name: _plain(value) for name, value in known.items()} | properties
    return {
        "external_ids": list(external_ids),
        "context": said.get("context") or {},
        "type": said.get("type") or "track",
        "message_id": said.get("id") or str(event.event_id),
        "source_id": event.channel,
        "timestamp": event.occurred_at.isoformat(),
        "properties": properties,
        "event": said.get("event") or event.kind.replace("_", " ").title(),
    }


def _message(event: TimelineEvent) -> dict[str, Any]:
    said = event.properties.get("$message")
    return said if isinstance(said, dict) else {}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)
