"""Who comes into a persona or situation and leaves it, for those who ask instead of being told."""

from cdp.audience.changes import page
from cdp.model.persona import PersonaChange, PersonaChanges
from cdp.store.database import Database
from cdp.store.persona.personas import DIMENSIONS
from cdp.store.webhooks import DONE


def changes(database: Database, name: str, since: str | None, limit: int) -> PersonaChanges:
    """Up to `limit` changes of the persona of that name after a cursor. Raises InvalidRequest."""
    found = page(database, DIMENSIONS, name, since, limit)
    data = [
        PersonaChange(
            kind=f"{row['dimension']}.{DONE[row['change']]}",  # pyright: ignore[reportArgumentType]
            profile_id=row["profile_id"],
            changed_at=row["changed_at"],
        )
        for row in found.rows
    ]
    return PersonaChanges(data=data, next=found.next, has_more=found.has_more)
