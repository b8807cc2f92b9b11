"""What pages wait for: a profile's kept text, and a visitor's situation, without leaving the event loop."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from cdp.errors import ProfileNotFound
from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import policy_of_reader
from cdp.identity.refs import named_by, the_only
from cdp.model.persona import Page, Situation
from cdp.persona import present
from cdp.persona.fitted import Fitted
from cdp.persona.in_force import InForce
from cdp.personas import one_or_unknown, the_one
from cdp.service.arriving import Arriving
from cdp.service.renewal import Renewal
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.persona import situations
from cdp.store.persona.situations import NOTHING, Visitor
from cdp.store.profile import prepared
from cdp.store.profile.prompt import PromptReader

SECONDS_KNOWN = 1.0


class Lookup:
    """By any ref, what `CustomerProfiles.body`, `Personas.situation` and `Personas.page` give."""

    def __init__(self, database: Database, personas: InForce, arriving: Arriving) -> None:
        self._database, self._personas, self._arriving = database, personas, arriving
        self._reader: PromptReader | None = None
        self._policy: tuple[IdentityPolicy, float] | None = None
        self._renewal = Renewal(self._renew)

    async def body(self, ref: str) -> tuple[UUID, bytes]:
        """The profile's id and its JSON text.

        Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest, StoreError.
        """
        reader = self._the_reader()
        named = named_by(await self._known_policy(), ref)
        if isinstance(named, tuple):
            found = the_only(named[0], await reader.rows(prepared.BY_IDENTIFIER, *named))
            return UUID(found[0].decode()), found[1]
        for statement in (prepared.BY_PROFILE, prepared.BY_MEMBER):
            if rows := await reader.rows(statement, str(named)):
                return UUID(rows[0][0].decode()), rows[0][1]
        raise ProfileNotFound(f"no profile answers to the id {named}; try `cdp profile search`")

    async def situation(self, ref: str, at: datetime | None) -> Situation:
        """Which persona fits a profile at a time (None: now), as `Personas.situation` says.

        What is still being landed counts, here and for the page, where it came with the identifier.
        """
        moment = at or datetime.now(UTC)
        fitted = await self._fitted()
        visitor = the_one(*await self._visitors(ref, moment))
        return present.situation(fitted, visitor, moment)

    async def page(
        self, ref: str, at: datetime | None = None, *, categories: int, products: int
    ) -> Page:
        """What to show a visitor, as `Personas.page` says."""
        moment = at or datetime.now(UTC)
        fitted = await self._fitted()
        visitor = one_or_unknown(*await self._visitors(ref, moment, bought=True))
        return present.page(fitted, visitor, moment, categories=categories, products=products)

    def close(self) -> None:
        """Give the connections back; on the event loop."""
        self._renewal.stop()
        if self._reader:
            self._reader.close()

    def _the_reader(self) -> PromptReader:
        self._reader = self._reader or PromptReader(self._database)
        return self._reader

    async def _fitted(self) -> Fitted:
        return self._personas.at_hand() or await asyncio.to_thread(self._personas.get)

    async def _visitors(
        self, ref: str, at: datetime, *, bought: bool = False
    ) -> tuple[UUID | tuple[str, str], list[Visitor]]:
        named = named_by(await self._known_policy(), ref)
        if isinstance(named, UUID):
            return named, await self._read(named, at, bought=bought)
        arriving = self._arriving.events_of(*named)
        found = await self._read(named, at, bought=bought, arriving=arriving)
        if not found and arriving != NOTHING:
            found = await self._read(None, at, bought=bought, arriving=arriving)
        if self._arriving.has_refused(*named, present.PURPOSE):
            found = [replace(each, refused=True) for each in found]
        return named, found

    async def _read(
        self,
        named: UUID | tuple[str, str] | None,
        at: datetime,
        *,
        bought: bool,
        arriving: str = NOTHING,
    ) -> list[Visitor]:
        asked = situations.asked(named, present.PURPOSE, at, bought=bought, arriving=arriving)
        return situations.visitors(await self._the_reader().rows(*asked))

    async def _known_policy(self) -> IdentityPolicy:
        self._renewal.want()
        if self._policy is None or time.monotonic() - self._policy[1] > SECONDS_KNOWN:
            await asyncio.to_thread(self._renew_policy)
        assert self._policy is not None  # noqa: S101  just read
        return self._policy[0]

    def _renew(self) -> None:
        self._renew_policy()
        self._personas.renew()

    def _renew_policy(self) -> None:
        asked = time.monotonic()
        with self._database.autocommit() as connection:
            live = policy_of_reader(connection, identity_policy(settings().policy))
        self._policy = live, asked
