"""In which keys two policies differ."""

from collections.abc import Iterator, Mapping
from typing import Any

from cdp.identity.policy.declaration import IdentityPolicy
from cdp.model.explanation import PolicyDifference


def differences(live: IdentityPolicy, proposed: IdentityPolicy) -> list[PolicyDifference]:
    """The keys whose values differ, in the order of their names."""
    found = _differing("", live.model_dump(mode="json"), proposed.model_dump(mode="json"))
    return [PolicyDifference(key=key, live=one, proposed=other) for key, one, other in found]


def _differing(key: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        ones, others = one or {}, other or {}
        for name in sorted({*ones, *others}):
            inner = f"{key}.{name}" if key else name
            yield from _differing(inner, ones.get(name), others.get(name))
    elif isinstance(one, list) and isinstance(other, list):
        lost, gained = _without(one, other), _without(other, one)
        if lost or gained:
            yield key, lost, gained
        elif _is_ordered(key) and one != other:
            yield key, one, other
    elif one != other:
        yield key, one, other


def _without(some: list[Any], others: list[Any]) -> list[Any]:
    return sorted((each for each in some if each not in others), key=str)


def _is_ordered(key: str) -> bool:
    """Whether the order of a list's elements says something: of e-mail rules the first counts."""
    return key == "email_rules"
