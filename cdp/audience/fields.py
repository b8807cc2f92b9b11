"""The fields of people that lists and exports show: traits by name, checked against the registry."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cdp.audience.compiler import YEARS
from cdp.derive.registry import known_trait, known_traits
from cdp.model.computed import KnownTrait


def chosen(names: Sequence[str]) -> list[KnownTrait]:
    """The traits, each once and in their order. Raises UnknownTrait, naming the nearest."""
    return [known_trait(name) for name in dict.fromkeys(names)]


def value_of(traits: Mapping[str, Any], field: KnownTrait, now: datetime) -> Any:
    """The value of a trait among those that are kept; None where it is unknown. Ages are whole."""
    if field.type != "age":
        return traits.get(field.name)
    began = traits.get(field.of or "")
    if began is None:
        return None
    since = _instant(began)
    if field.unit == YEARS:
        return now.year - since.year - ((now.month, now.day) < (since.month, since.day))
    return (now - since) // timedelta(days=1)


def types() -> dict[str, str]:
    """The type of each trait by its name."""
    return {name: known.type for name, known in known_traits().items()}


def _instant(said: str) -> datetime:
    if "T" in said:
        return datetime.fromisoformat(said)
    return datetime.combine(date.fromisoformat(said), datetime.min.time(), UTC)
