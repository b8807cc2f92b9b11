"""Who comes into a persona or situation and leaves it, for those who ask instead of being told."""

from cdp.errors import InvalidRequest
from cdp.model.persona import PersonaChange, PersonaChanges
from cdp.profile.feed import LARGEST_PAGE, read_cursor
from cdp.store.database import Database
from cdp.store.persona import personas
from cdp.store.webhooks import DONE


def changes(database: Database, name: str, since: str | None, limit: int) -> PersonaChanges:
    """Up to `limit` changes of the persona of that name after a cursor. Raises InvalidRequest."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidRequest(f"limit is 1 to {LARGEST_PAGE}, not {limit}")
    position = read_cursor(since)
    with database.autocommit() as connection:
        rows = personas.changes(connection, name, position, limit)
    data = [
        PersonaChange(
            kind=f"{row['dimension']}.{DONE[row['change']]}",  # pyright: ignore[reportArgumentType]
            profile_id=row["profile_id"],
            changed_at=row["changed_at"],
        )
        for row in rows
    ]
    reached = rows[-1]["position"] if rows else position
    return PersonaChanges(data=data, next=str(reached), has_more=len(rows) == limit)
