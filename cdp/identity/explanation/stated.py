"""What records state now of each field that the model compares, for people to see beside its weight."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from cdp.identity.identifiers.contacts import contact_namespaces
from cdp.identity.policy.declaration import IdentityPolicy
from cdp.store.identity import companies, people

Said = Mapping[str, Any]

# Of each field of the models the columns that it reads: the first that says something.
_FIRST = {
    "given_name": ("given_name", "full_name"),
    "middle_name": ("given_name", "full_name"),
    "family_name": ("family_name", "full_name"),
    "generation": ("family_name", "full_name"),
    "city": ("location", "city"),
}
# Those that are one field together.
_TOGETHER = {"place": ("street", "postcode", "city")}


def said_by(tx: Connection, policy: IdentityPolicy, uids: Collection[str]) -> Mapping[str, Said]:
    """What each of some records of people and companies says, by column; see `cdp.store.identity.people`."""
    told = people.people(tx, *contact_namespaces(policy), uids)
    of_companies = companies.companies(tx, uids)
    said = {row["record_uid"]: row for row in told.iter_rows(named=True)}
    return said | {row["record_uid"]: row for row in of_companies.iter_rows(named=True)}


def stated(said: Said, field: str) -> str | None:
    """What a record says of a field of the model, in words; None where it says nothing of it."""
    if field in _TOGETHER:
        return ", ".join(text for c in _TOGETHER[field] if (text := in_words(said.get(c)))) or None
    columns = _FIRST.get(field, (field,))
    return next((text for c in columns if (text := in_words(said.get(c)))), None)


def in_words(value: Any) -> str | None:
    """A value, or a list of values, as a text; None where there is none."""
    if value is None:
        return None
    return ", ".join(map(str, value)) or None if isinstance(value, list) else str(value) or None
