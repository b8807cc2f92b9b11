"""Selected fields: a profile with what was asked for, or with what a key may see."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, get_args

from cdp.errors import InvalidRequest
from cdp.model.profile import Profile
from cdp.profile.traits import Part, registry

# Who it is and what it is made of: every answer has them.
ALWAYS = frozenset({"profile_id", "subject", "created_at", "records", "channels"})
LISTS = frozenset({"identifiers", "behaviour", "consents", "memberships", "accounts"})
PARTS = frozenset(get_args(Part))
SITUATION = "situation"  # worked out when it is asked for
# What is read by requests of its own.
APART = frozenset({"timeline", "source_records", "computed", "sentiment"})


def checked(fields: Collection[str]) -> frozenset[str]:
    """`fields` if each is a field, a part or a trait. Raises InvalidRequest naming what there is."""
    for name in fields:
        if not (name in ALWAYS | LISTS | PARTS | APART | {"traits", SITUATION} or _is_trait(name)):
            raise InvalidRequest(
                "fields names fields (" + ", ".join(sorted({"traits", SITUATION} | LISTS)) + "), parts ("
                + ", ".join(sorted(PARTS)) + ") and traits such as traits.name; one of them is none"
            )  # fmt: skip
    return frozenset(fields)


def select(body: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """The profile's JSON with the named fields, parts and traits alone."""
    chosen = {name: body[name] for name in body if name in ALWAYS or name in fields}
    if "traits" not in fields:
        chosen["traits"] = {
            name: value for name, value in body["traits"].items() if _is_chosen(name, fields)
        }
    if "identifiers" not in fields:
        held = {
            namespace: values
            for namespace, values in body.get("identifiers", {}).items()
            if f"identifiers.{namespace}" in fields
        }
        chosen |= {"identifiers": held} if held else {}
    return chosen


def _is_trait(name: str) -> bool:
    head, _, rest = name.partition(".")
    return bool(rest) and head in ("traits", "identifiers")


def _is_chosen(trait: str, fields: Collection[str]) -> bool:
    return f"traits.{trait}" in fields or _part_of(trait) in fields


@cache
def _part_of(trait: str) -> str:
    declared = registry().get(trait)
    return declared.part if declared else trait.partition(".")[0]


assert ALWAYS | LISTS | {"traits", SITUATION} == set(Profile.model_fields)  # noqa: S101  a field is one of them
