"""The Python API: one object that finds, reads, explains and mends customer profiles."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import psycopg
from pydantic import JsonValue

from cdp.errors import InvalidRequest, ProfileNotFound
from cdp.identity import batch
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.policy.live import standing
from cdp.identity.refs import normalised, parsed, resolved, the_only
from cdp.model.answers import (
    AccountPerson,
    Change,
    Changes,
    Found,
    ProfileIdentifier,
    Rectification,
    TimelinePage,
)
from cdp.model.computed import ComputedExplanation, ComputedTrait, ComputedTraits
from cdp.model.persona import Situation
from cdp.model.profile import Profile, SourceRecord, TimelineEvent, TraitExplanation
from cdp.model.sentiment import ProfileSentiment
from cdp.model.status import StoreStatus
from cdp.profile import feed, figures, provenance, rectify, selection, timeline
from cdp.profile.traits import Trait, registry
from cdp.settings import settings
from cdp.store.identity import graph as identity
from cdp.store.opened import OnStore
from cdp.store.profile import prepared, read, rectification

if TYPE_CHECKING:
    from cdp.persona.in_force import InForce

PAGE = 1_000
MOST_LOOKUPS = 500


class CustomerProfiles(OnStore):
    """The customer profiles of one store.

    `url`: a SQLAlchemy URL; absent: `CDP_DATABASE_URL`, or the embedded server in `CDP_HOME`.
    Every method raises StoreUnavailable when the database is away.
    """

    def get(
        self,
        ref: UUID | str,
        *,
        as_of: datetime | None = None,
        fields: Collection[str] | None = None,
    ) -> Profile:
        """The profile that `ref`, an id or `namespace:value`, stands for.

        Any id ever given out resolves: the id of a profile that was merged into another, and the
        uid of any source record. `as_of` (with a time zone) gives the profile as it was known then.
        `fields` selects fields, parts and traits: `["identifiers", "demographics", "traits.name"]`;
        `situation`, which persona fits now, is there only where it is selected.
        Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest.
        """
        uid, body = self.body(ref, as_of=as_of)
        if fields is None:
            return Profile.model_validate_json(body)
        chosen = selection.checked(fields)
        found = selection.select(json.loads(body), chosen)
        if selection.SITUATION in chosen and found["subject"] == "person":
            found[selection.SITUATION] = self._situation(uid, as_of)
        return Profile.model_validate(found)

    def body(self, ref: UUID | str, *, as_of: datetime | None = None) -> tuple[UUID, str]:
        """The profile's id and its JSON text as it is kept; raises what `get` raises."""
        if as_of is not None:
            return self._body_as_of(ref, timeline.aware(as_of))
        with self._database.autocommit() as connection:
            named = parsed(connection, ref)
            if not isinstance(named, UUID):
                return the_only(named[0], prepared.bodies_with(connection, *named))
            body = prepared.one_body(connection, named)
        if body is None:
            raise ProfileNotFound(f"no profile answers to the id {named}; try `cdp profile search`")
        return body

    def find(self, **identifiers: str) -> list[Profile]:
        """The profiles that carry all these identifiers, oldest first; empty where there is none.

        `find(email="ann@example.com")`, `find(phone=...)`, `find(loyalty_card=...)`: any namespace.
        Values are normalised as on the way in. A shared value (a family's phone) has several.
        Raises InvalidIdentifier, InvalidRequest.
        """
        if not identifiers:
            raise InvalidRequest("find needs at least one identifier, e.g. find(email=...)")
        with self._database.autocommit() as connection:
            found = [
                prepared.bodies_with(
                    connection, namespace, normalised(connection, namespace, value)
                )
                for namespace, value in identifiers.items()
            ]
        common = [one for one in found[0] if all(one in others for others in found[1:])]
        return [Profile.model_validate_json(body) for _, body in common]

    def of_record(self, channel: str, record_key: str) -> Profile:
        """The profile of a channel's record, by the key that the channel itself uses.

        Raises ProfileNotFound.
        """
        with self._database.autocommit() as connection:
            body = read.body_of_record(connection, channel, record_key)
        if body is None:
            raise ProfileNotFound(
                f"channel {channel!r} has no such record, or it waits to be folded"
            )
        return Profile.model_validate_json(body)

    def scan(self, subject: Literal["person", "account"] | None = None) -> Iterator[Profile]:
        """Every profile, in the order of their ids, read page by page; of one subject or of both."""
        after = UUID(int=0)
        while True:
            with self._database.autocommit() as connection:
                page = read.page(connection, after, subject, PAGE)
            yield from (Profile.model_validate_json(body) for _, body in page)
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def search(self, words: str, *, limit: int = 20) -> list[Profile]:
        """Profiles whose name, contact points and city are like every one of `words`, best first.

        Tolerates typos: a word passes that shares 40 % of its trigrams.
        """
        wanted = words.lower().split()
        if not wanted:
            raise InvalidRequest("search needs a word, e.g. search('smith berlin')")
        with self._database.autocommit() as connection:
            bodies = read.bodies_like(connection, wanted, limit)
        return [Profile.model_validate_json(body) for body in bodies]

    def lookup(self, refs: Sequence[str]) -> list[Found]:
        """What each of up to 500 ids and `namespace:value` stands for, in the order of asking.

        A ref that is none has its error; the others are answered all the same. Raises InvalidRequest.
        """
        if len(refs) > MOST_LOOKUPS:
            raise InvalidRequest(f"a look-up takes at most {MOST_LOOKUPS} refs, not {len(refs)}")
        with self._database.autocommit() as connection:
            return batch.lookup(connection, refs)

    def timeline(
        self,
        ref: UUID | str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Sequence[str] | None = None,
        limit: int = 100,
    ) -> list[TimelineEvent]:
        """The person's newest events in [since, until) from every channel, newest first.

        Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest.
        """
        return list(
            self.timeline_page(ref, since=since, until=until, kinds=kinds, limit=limit).data
        )

    def timeline_page(
        self, ref: UUID | str, *, cursor: str | None = None, limit: int = 100, **filters: Any
    ) -> TimelinePage:
        """The same by pages: `cursor` is the `next` before; filters as above, and `oldest_first`."""
        with self._database.autocommit() as connection:
            members = self._members(connection, ref)
            return timeline.page(connection, members, limit=limit, cursor=cursor, **filters)

    def events(self, ref: UUID | str, **filters: Any) -> Iterator[TimelineEvent]:
        """Every event of the timeline, read page by page; filters as above."""
        page = self.timeline_page(ref, limit=PAGE, **filters)
        yield from page.data
        while page.next:
            page = self.timeline_page(ref, limit=PAGE, cursor=page.next, **filters)
            yield from page.data

    def identifiers(self, ref: UUID | str) -> list[ProfileIdentifier]:
        """The identifiers of a profile, with the channels that know them."""
        with self._database.autocommit() as connection:
            members = self._members(connection, ref)
            found = read.rows(connection, read.IDENTIFIERS, (members,))
        return [ProfileIdentifier.model_validate(row) for row in found]

    def records(self, ref: UUID | str) -> list[SourceRecord]:
        """The source records of a profile, oldest first, with every version as it came."""
        with self._database.autocommit() as connection:
            members = self._members(connection, ref)
            found = read.rows(connection, read.RECORDS, (members,))
        return [SourceRecord.model_validate(row) for row in found]

    def people(self, ref: UUID | str, *, limit: int = 100) -> list[AccountPerson]:
        """Who belongs to a company, by the id or an identifier of the company."""
        with self._database.autocommit() as connection:
            members = self._members(connection, ref)
            found = read.rows(connection, read.PEOPLE, (members, limit))
        return [AccountPerson.model_validate(row) for row in found]

    def explain(self, ref: UUID | str, name: str) -> TraitExplanation:
        """Why the trait `name` has its value: rule, statements that carried it, those that lost.

        Raises ProfileNotFound; UnknownTrait where the profile has no such trait.
        """
        profile = self.get(ref)
        with self._database.transaction() as tx:
            records = identity.members(tx, profile.profile_id)
            return provenance.explain(tx, profile, records, name)

    def provenance(self, ref: UUID | str) -> Mapping[str, TraitExplanation]:
        """The same for every trait of the profile. Raises ProfileNotFound."""
        profile = self.get(ref)
        with self._database.transaction() as tx:
            records = identity.members(tx, profile.profile_id)
            return provenance.explain_all(tx, profile, records)

    def changes(
        self, since: str | None = None, *, limit: int = 100, with_profiles: bool = False
    ) -> Changes:
        """Profiles changed after the cursor `since` (None: from the beginning), in order.

        Raises InvalidRequest. A profile may come several times, each time as it is now; keep
        `next` and ask with it again. Nothing is missed, however late it was committed.
        """
        with self._database.autocommit() as connection:
            return feed.page(connection, since, limit, with_profiles=with_profiles)

    def every_change(
        self, since: str | None = None, *, with_profiles: bool = False
    ) -> Iterator[Change]:
        """All changes after the cursor that there are now, read page by page."""
        more = True
        while more:
            page = self.changes(since, limit=PAGE, with_profiles=with_profiles)
            yield from page.data
            since, more = page.next, page.has_more

    def rectify(
        self, ref: UUID | str, trait: str, value: JsonValue, *, reason: str, by: str = "library"
    ) -> Profile:
        """Set a trait above what every source says, now and later; None: there is no value.

        Raises ProfileNotFound, UnknownTrait, InvalidRequest.
        """
        uid = self.get(ref, fields=()).profile_id
        with self._database.transaction() as tx:
            rectify.rectify(tx, uid, trait, value, by=by, reason=reason)
        return self.get(uid)

    def withdraw_rectification(self, ref: UUID | str, trait: str) -> Profile:
        """Take a rectification back: the sources speak again. Raises InvalidRequest: there is none."""
        uid = self.get(ref, fields=()).profile_id
        with self._database.transaction() as tx:
            rectify.withdraw(tx, uid, identity.members(tx, uid), trait)
        return self.get(uid)

    def rectifications(self, ref: UUID | str) -> list[Rectification]:
        """What stewards said of a profile's traits, newest first, what was withdrawn among it."""
        uid = self.get(ref, fields=()).profile_id
        with self._database.transaction() as tx:
            found = rectification.of_records(tx, identity.members(tx, uid))
        return [Rectification.model_validate(row) for row in found]

    def traits(self) -> list[Trait]:
        """The declared traits: name, part, type, survivorship rule and meaning."""
        return list(registry().values())

    def computed(self, ref: UUID | str) -> ComputedTraits:
        """What was concluded of a profile, stated traits beside it, and when that was last right.

        Raises ProfileNotFound, also while nothing was concluded of it yet.
        """
        from cdp.derive.computed import computed_of  # noqa: PLC0415  loads polars

        with self._database.autocommit() as connection:
            return computed_of(connection, resolved(connection, ref))

    def explain_computed(self, ref: UUID | str, name: str) -> ComputedExplanation:
        """Why the computed trait `name` has its value. Raises ProfileNotFound, UnknownTrait."""
        from cdp.derive.computed import explained  # noqa: PLC0415  loads polars

        found = self.computed(ref)
        with self._database.transaction() as tx:
            return explained(tx, found, name)

    def computed_traits(self) -> list[ComputedTrait]:
        """The computed traits: name, type, unit, meaning, formula, inputs, version and family."""
        from cdp.derive.registry import computed_traits  # noqa: PLC0415  loads polars

        return list(computed_traits().values())

    def sentiment(self, ref: UUID | str, *, limit: int = 100) -> ProfileSentiment:
        """What the person feels: overall, by category and aspect, and the newest opinions.

        Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest.
        """
        from cdp.derive.sentiment.reading import sentiment_of  # noqa: PLC0415  loads polars

        with self._database.autocommit() as connection:
            uid = self.body(ref)[0]
            return sentiment_of(connection, uid, read.members(connection, uid), limit)

    def status(self) -> StoreStatus:
        """Figures of the whole store: per channel, per kind of event, clusters and identity log."""
        with self._database.autocommit() as connection:
            found = figures.status(connection)
        with self._database.transaction() as tx:
            policy = standing(tx, identity_policy(settings().policy))
        return found.model_copy(update=policy)

    def _situation(self, profile_id: UUID, at: datetime | None) -> Situation | None:
        """Which persona fits a profile now, or did at a time; None where there are none."""
        from cdp.persona import present  # noqa: PLC0415  loads polars

        fitted = self._personas.find()
        if fitted is None:
            return None
        with self._database.autocommit() as connection:
            return present.of_profile(connection, fitted, profile_id, at or datetime.now(UTC))

    @cached_property
    def _personas(self) -> "InForce":
        from cdp.persona.in_force import InForce  # noqa: PLC0415  loads polars

        return InForce(self._database)

    def _members(self, connection: psycopg.Connection, ref: UUID | str) -> list[UUID]:
        uid = resolved(connection, ref)
        members = read.members(connection, uid)
        if not members:
            raise ProfileNotFound(f"no profile answers to the id {uid}; try `cdp profile search`")
        return members

    def _body_as_of(self, ref: UUID | str, as_of: datetime) -> tuple[UUID, str]:
        from cdp.identity.past import body_as_of  # noqa: PLC0415  loads polars, for the past only

        with self._database.autocommit() as connection:
            uid = resolved(connection, ref)
        with self._database.transaction() as tx:
            return body_as_of(tx, uid, as_of)
