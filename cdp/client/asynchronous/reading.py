"""Awaitable verbs that read."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from cdp.client import calls
from cdp.client.asynchronous.connection import AsyncConnection
from cdp.client.calls import Ref
from cdp.model.answers import (
    AccountPerson,
    Change,
    Changes,
    Found,
    ProfileIdentifier,
    TimelinePage,
)
from cdp.model.computed import ComputedExplanation, ComputedTrait, ComputedTraits
from cdp.model.profile import Profile, SourceRecord, TimelineEvent, TraitExplanation
from cdp.model.sentiment import ProfileSentiment
from cdp.model.status import StoreStatus
from cdp.model.trait import Trait

PAGE = 1_000


class AsyncReading:
    """What is known: the verbs of `cdp.CustomerProfiles`."""

    _connection: AsyncConnection

    async def get(
        self,
        ref: Ref,
        *,
        as_of: datetime | None = None,
        fields: Collection[str] | None = None,
    ) -> Profile:
        """The profile that `ref`, an id or `namespace:value`, stands for.

        Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest.
        """
        return await self._connection.do(calls.get(ref, as_of, fields))

    async def find(self, **identifiers: str) -> list[Profile]:
        """The profiles that carry all these identifiers, oldest first; empty where there is none."""
        return await self._connection.do(calls.find(identifiers))

    async def lookup(self, refs: Sequence[str]) -> list[Found]:
        """What each of up to 500 ids and `namespace:value` stands for, in the order of asking."""
        return await self._connection.do(calls.lookup(refs))

    async def search(self, words: str, *, limit: int = 20) -> list[Profile]:
        """Profiles whose name, contact points and city are like every one of `words`, best first."""
        return await self._connection.do(calls.search(words, limit))

    async def timeline(
        self,
        ref: Ref,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Sequence[str] | None = None,
        limit: int = 100,
    ) -> list[TimelineEvent]:
        """The person's newest events in [since, until) from every channel, newest first."""
        page = await self.timeline_page(ref, since=since, until=until, kinds=kinds, limit=limit)
        return list(page.data)

    async def timeline_page(
        self, ref: Ref, *, cursor: str | None = None, limit: int = 100, **filters: Any
    ) -> TimelinePage:
        """The same page by page: `cursor` is the `next` of the page before."""
        return await self._connection.do(
            calls.timeline_page(ref, cursor=cursor, limit=limit, **filters)
        )

    async def events(self, ref: Ref, **filters: Any) -> AsyncIterator[TimelineEvent]:
        """Every event of the timeline, read page by page."""
        cursor, more = None, True
        while more:
            page = await self.timeline_page(ref, cursor=cursor, limit=PAGE, **filters)
            for event in page.data:
                yield event
            cursor, more = page.next, page.next is not None

    async def identifiers(self, ref: Ref) -> list[ProfileIdentifier]:
        """The identifiers of a profile, with the channels that know them."""
        return await self._connection.do(calls.identifiers(ref))

    async def records(self, ref: Ref) -> list[SourceRecord]:
        """The source records of a profile, oldest first, with every version as it came."""
        return await self._connection.do(calls.records(ref))

    async def people(self, ref: Ref, *, limit: int = 100) -> list[AccountPerson]:
        """Who belongs to a company, by the id or an identifier of the company."""
        return await self._connection.do(calls.people(ref, limit))

    async def explain(self, ref: Ref, name: str) -> TraitExplanation:
        """Why the trait `name` has its value. Raises ProfileNotFound, UnknownTrait."""
        return await self._connection.do(calls.explain(ref, name))

    async def provenance(self, ref: Ref) -> Mapping[str, TraitExplanation]:
        """The same for every trait of the profile."""
        return await self._connection.do(calls.provenance(ref))

    async def computed(self, ref: Ref) -> ComputedTraits:
        """What was concluded of a profile, and when that was last right. Raises ProfileNotFound."""
        return await self._connection.do(calls.computed(ref))

    async def explain_computed(self, ref: Ref, name: str) -> ComputedExplanation:
        """Why the computed trait `name` has its value. Raises ProfileNotFound, UnknownTrait."""
        return await self._connection.do(calls.explain_computed(ref, name))

    async def computed_traits(self) -> list[ComputedTrait]:
        """The computed traits: name, type, unit, meaning, formula, inputs, version and family."""
        return await self._connection.do(calls.computed_traits())

    async def sentiment(self, ref: Ref, *, limit: int = 100) -> ProfileSentiment:
        """What the person feels, overall and opinion by opinion, newest first.

        Raises ProfileNotFound. Texts come only where the key may see the timeline.
        """
        return await self._connection.do(calls.sentiment(ref, limit))

    async def changes(
        self, since: str | None = None, *, limit: int = 100, with_profiles: bool = False
    ) -> Changes:
        """Profiles changed after the cursor `since`, in order; keep `next` and ask with it again."""
        return await self._connection.do(calls.changes(since, limit, with_profiles=with_profiles))

    async def every_change(
        self, since: str | None = None, *, with_profiles: bool = False
    ) -> AsyncIterator[Change]:
        """All changes after the cursor that there are now, read page by page."""
        more = True
        while more:
            page = await self.changes(since, limit=PAGE, with_profiles=with_profiles)
            for change in page.data:
                yield change
            since, more = page.next, page.has_more

    async def traits(self) -> list[Trait]:
        """The declared traits: name, part, type, survivorship rule and meaning."""
        return await self._connection.do(calls.traits())

    async def status(self) -> StoreStatus:
        """Figures of the whole store."""
        return await self._connection.do(calls.status())
