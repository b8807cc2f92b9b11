"""Plain verbs that read. Written by tests/client/twin.py."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cdp.client import calls
from cdp.client.calls import Ref
from cdp.client.synchronous.connection import Connection
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


class Reading:
    """What is known: the verbs of `cdp.CustomerProfiles`."""

    _connection: Connection

    def get(
        self,
        ref: Ref,
        *,
        as_of: datetime | None = None,
        fields: Collection[str] | None = None,
    ) -> Profile:
        """The profile that `ref`, an id or `namespace:value`, stands for.

        Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest.
        """
        return self._connection.do(calls.get(ref, as_of, fields))

    def find(self, **identifiers: str) -> list[Profile]:
        """The profiles that carry all these identifiers, oldest first; empty where there is none."""
        return self._connection.do(calls.find(identifiers))

    def lookup(self, refs: Sequence[str]) -> list[Found]:
        """What each of up to 500 ids and `namespace:value` stands for, in the order of asking."""
        return self._connection.do(calls.lookup(refs))

    def search(self, words: str, *, limit: int = 20) -> list[Profile]:
        """Profiles whose name, contact points and city are like every one of `words`, best first."""
        return self._connection.do(calls.search(words, limit))

    def timeline(
        self,
        ref: Ref,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Sequence[str] | None = None,
        limit: int = 100,
    ) -> list[TimelineEvent]:
        """The person's newest events in [since, until) from every channel, newest first."""
        page = self.timeline_page(ref, since=since, until=until, kinds=kinds, limit=limit)
        return list(page.data)

    def timeline_page(
        self, ref: Ref, *, cursor: str | None = None, limit: int = 100, **filters: Any
    ) -> TimelinePage:
        """The same page by page: `cursor` is the `next` of the page before."""
        return self._connection.do(calls.timeline_page(ref, cursor=cursor, limit=limit, **filters))

    def events(self, ref: Ref, **filters: Any) -> Iterator[TimelineEvent]:
        """Every event of the timeline, read page by page."""
        cursor, more = None, True
        while more:
            page = self.timeline_page(ref, cursor=cursor, limit=PAGE, **filters)
            yield from page.data
            cursor, more = page.next, page.next is not None

    def identifiers(self, ref: Ref) -> list[ProfileIdentifier]:
        """The identifiers of a profile, with the channels that know them."""
        return self._connection.do(calls.identifiers(ref))

    def records(self, ref: Ref) -> list[SourceRecord]:
        """The source records of a profile, oldest first, with every version as it came."""
        return self._connection.do(calls.records(ref))

    def people(self, ref: Ref, *, limit: int = 100) -> list[AccountPerson]:
        """Who belongs to a company, by the id or an identifier of the company."""
        return self._connection.do(calls.people(ref, limit))

    def explain(self, ref: Ref, name: str) -> TraitExplanation:
        """Why the trait `name` has its value. Raises ProfileNotFound, UnknownTrait."""
        return self._connection.do(calls.explain(ref, name))

    def provenance(self, ref: Ref) -> Mapping[str, TraitExplanation]:
        """The same for every trait of the profile."""
        return self._connection.do(calls.provenance(ref))

    def computed(self, ref: Ref) -> ComputedTraits:
        """What was concluded of a profile, and when that was last right. Raises ProfileNotFound."""
        return self._connection.do(calls.computed(ref))

    def explain_computed(self, ref: Ref, name: str) -> ComputedExplanation:
        """Why the computed trait `name` has its value. Raises ProfileNotFound, UnknownTrait."""
        return self._connection.do(calls.explain_computed(ref, name))

    def computed_traits(self) -> list[ComputedTrait]:
        """The computed traits: name, type, unit, meaning, formula, inputs, version and family."""
        return self._connection.do(calls.computed_traits())

    def sentiment(self, ref: Ref, *, limit: int = 100) -> ProfileSentiment:
        """What the person feels, overall and opinion by opinion, newest first.

        Raises ProfileNotFound. Texts come only where the key may see the timeline.
        """
        return self._connection.do(calls.sentiment(ref, limit))

    def changes(
        self, since: str | None = None, *, limit: int = 100, with_profiles: bool = False
    ) -> Changes:
        """Profiles changed after the cursor `since`, in order; keep `next` and ask with it again."""
        return self._connection.do(calls.changes(since, limit, with_profiles=with_profiles))

    def every_change(
        self, since: str | None = None, *, with_profiles: bool = False
    ) -> Iterator[Change]:
        """All changes after the cursor that there are now, read page by page."""
        more = True
        while more:
            page = self.changes(since, limit=PAGE, with_profiles=with_profiles)
            yield from page.data
            since, more = page.next, page.has_more

    def traits(self) -> list[Trait]:
        """The declared traits: name, part, type, survivorship rule and meaning."""
        return self._connection.do(calls.traits())

    def status(self) -> StoreStatus:
        """Figures of the whole store."""
        return self._connection.do(calls.status())
