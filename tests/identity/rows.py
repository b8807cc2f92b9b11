"""Rows of the small world, told in a line each."""

from typing import Any

SILENT = dict.fromkeys(
    ("email", "phone", "card", "given", "born", "city", "likes", "gender", "order_no", "spent", "says", "club")
)  # fmt: skip


def a_row(key: str, day: int = 1, **said: Any) -> dict[str, Any]:
    """What the CRM says of the record `key` on a day of January 2024."""
    return SILENT | {"channel": "crm", "key": key, "at": f"2024-01-{day:02d}T10:00:00Z"} | said


def uid_of(world, key: str, channel: str = "crm"):
    """The uid of a record."""
    with world.database.autocommit() as connection:
        found = connection.execute(
            "SELECT record_uid FROM record_key WHERE channel = %s AND record_key = %s",
            (channel, key),
        ).fetchone()
    return found[0]


def persons(world) -> set[frozenset[str]]:
    """The record keys of each profile that can be read."""
    return {frozenset(key for _, key in made_of) for made_of in world.people()}


def people(*groups: str) -> set[frozenset[str]]:
    """`people("a b", "c")` are two people, of whom the first has two records."""
    return {frozenset(group.split()) for group in groups}
