"""The look-up that pages wait for: a profile's kept text, found without leaving the event loop."""

import asyncio
import time
from uuid import UUID

from cdp.errors import ProfileNotFound
from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import policy_of_reader
from cdp.identity.refs import named_by, the_only
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.profile import prepared
from cdp.store.profile.prompt import PromptReader

SECONDS_KNOWN = 1.0


class Lookup:
    """Bodies by any ref, as `CustomerProfiles.body` gives them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reader: PromptReader | None = None
        self._policy: tuple[IdentityPolicy, float] | None = None

    async def body(self, ref: str) -> tuple[UUID, bytes]:
        """The profile's id and its JSON text.

        Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest, StoreError.
        """
        reader = self._reader = self._reader or PromptReader(self._database)
        named = named_by(await self._known_policy(), ref)
        if isinstance(named, tuple):
            found = the_only(named[0], await reader.rows(prepared.BY_IDENTIFIER, *named))
            return UUID(found[0].decode()), found[1]
        for statement in (prepared.BY_PROFILE, prepared.BY_MEMBER):
            if rows := await reader.rows(statement, str(named)):
                return UUID(rows[0][0].decode()), rows[0][1]
        raise ProfileNotFound(f"no profile answers to the id {named}; try `cdp profile search`")

    def close(self) -> None:
        """Give the connections back."""
        if self._reader:
            self._reader.close()

    async def _known_policy(self) -> IdentityPolicy:
        if self._policy is None or time.monotonic() - self._policy[1] > SECONDS_KNOWN:
            asked = time.monotonic()
            self._policy = await asyncio.to_thread(self._live_policy), asked
        return self._policy[0]

    def _live_policy(self) -> IdentityPolicy:
        with self._database.autocommit() as connection:
            return policy_of_reader(connection, identity_policy(settings().policy))
