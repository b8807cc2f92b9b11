"""The Python API: one object that finds, reads and explains customer profiles."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, Self
from uuid import UUID

import polars as pl

from cdp.errors import InvalidRequest, ProfileNotFound, UnknownTrait
from cdp.identity.normalise import normalise_value
from cdp.identity.policy import identity_policy
from cdp.model.profile import Profile, SourceRecord, Statement, TimelineEvent, TraitExplanation
from cdp.model.status import ChannelStatus, EventFigures, StoreStatus
from cdp.profile.traits import Trait, registry, survivorship_rules, trait
from cdp.settings import settings
from cdp.store import fold as folding
from cdp.store import identity, read
from cdp.store.database import Database

PAGE = 1_000
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, tzinfo=UTC)

BECAUSE = {
    "newest": "the value observed last",
    "trusted": "from the most trusted channel that knows it; among equals the newest",
    "most_frequent": "said by most records; among equals the newest",
    "most_complete": "the longest; among equals the newest",
    "union": "everything that any record says",
    "min": "the smallest value",
    "max": "the greatest value",
}


class CustomerProfiles:
    """The customer profiles of one store.

    `url`: a SQLAlchemy URL; absent: `CDP_DATABASE_URL`, or the embedded server in `CDP_HOME`.
    Every method raises StoreUnavailable when the database is away.
    """

    def __init__(self, url: str | None = None, *, database: Database | None = None) -> None:
        self._database = database or Database(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def get(self, profile_id: UUID | str, *, as_of: datetime | None = None) -> Profile:
        """The profile that `profile_id` stands for.

        Any id ever given out resolves: the id of a profile that was merged into another, and the
        uid of any source record. `as_of` (with a time zone) gives the profile as it was known then.
        Raises ProfileNotFound, InvalidRequest.
        """
        uid = _uid(profile_id)
        if as_of is not None:
            return self._past(uid, _aware(as_of))
        with self._database.autocommit() as connection:
            body = read.one_body(connection, uid)
        if body is None:
            raise ProfileNotFound(f"no profile answers to the id {uid}; try `cdp profile search`")
        return Profile.model_validate_json(body)

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
                read.bodies_with(connection, namespace, normalised(namespace, value))
                for namespace, value in identifiers.items()
            ]
        common = [body for body in found[0] if all(body in others for others in found[1:])]
        return [Profile.model_validate_json(body) for body in common]

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

    def timeline(
        self,
        profile_id: UUID | str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Sequence[str] | None = None,
        limit: int = 100,
    ) -> list[TimelineEvent]:
        """The person's newest events in [since, until) from every channel, newest first."""
        with self._database.autocommit() as connection:
            events = read.timeline(
                connection,
                self._members(connection, profile_id),
                since=_aware(since or EARLIEST),
                until=_aware(until or LATEST),
                kinds=kinds,
                limit=limit,
            )
        return [TimelineEvent.model_validate(event) for event in events]

    def records(self, profile_id: UUID | str) -> list[SourceRecord]:
        """The source records of a profile, oldest first, with every version as it came."""
        with self._database.autocommit() as connection:
            members = self._members(connection, profile_id)
            found = read.rows(connection, read.RECORDS, (members,))
        return [SourceRecord.model_validate(row) for row in found]

    def explain(self, profile_id: UUID | str, name: str) -> TraitExplanation:
        """Why the trait `name` has its value: rule, statements that carried it, those that lost.

        Raises ProfileNotFound; UnknownTrait where the profile has no such trait.
        """
        declared = trait(name)
        profile = self.get(profile_id)
        value = profile.traits.get(name)
        if value is None:
            raise UnknownTrait(f"no record of this profile says anything of {name!r}")
        said = self._statements(profile.profile_id, name)
        carried = [s for s in said if declared.rule == "union" or s.value == value]
        return TraitExplanation(
            trait=name,
            part=declared.part,
            meaning=declared.meaning,
            rule=declared.rule,
            value=value,
            because=BECAUSE[declared.rule],
            carried_by=carried,
            lost=[s for s in said if s not in carried],
        )

    def traits(self) -> list[Trait]:
        """The declared traits: name, part, type, survivorship rule and meaning."""
        return list(registry().values())

    def status(self) -> StoreStatus:
        """Figures of the whole store: per channel, per kind of event, clusters and identity log."""
        with self._database.autocommit() as connection:
            channels = read.rows(connection, read.CHANNELS)
            figures = read.rows(connection, read.EVENTS_BY_KIND)
            clusters = read.rows(connection, read.CLUSTERS)[0]
            log = {row["action"]: row["entries"] for row in read.rows(connection, read.LOG)}
            stale = read.rows(connection, read.STALE)[0]["stale"]
        return StoreStatus(
            channels=[
                ChannelStatus(
                    **row,
                    events=[
                        EventFigures(**{k: v for k, v in figure.items() if k != "channel"})
                        for figure in figures
                        if figure["channel"] == row["channel"]
                    ],
                )
                for row in channels
            ],
            profiles=clusters["persons"] + clusters["accounts"],
            persons=clusters["persons"],
            accounts=clusters["accounts"],
            source_records=sum(row["records"] for row in channels),
            largest_cluster=clusters["largest"],
            identity_log=log,
            stale_profiles=stale,
        )

    def _members(self, connection, profile_id: UUID | str) -> list[UUID]:  # noqa: ANN001
        members = read.members(connection, _uid(profile_id))
        if not members:
            raise ProfileNotFound(f"no profile answers to the id {profile_id}")
        return members

    def _statements(self, uid: UUID, name: str) -> list[Statement]:
        with self._database.transaction() as tx:
            said = folding.statements(tx, uid, identity.members(tx, uid), name)
        return [Statement.model_validate(row) for row in said]

    def _past(self, uid: UUID, as_of: datetime) -> Profile:
        from cdp.identity.clusters import cluster  # noqa: PLC0415  loads scipy, for the past only

        with self._database.transaction() as tx:
            records, identifiers = identity.component_as_of(tx, str(uid), as_of)
            if str(uid) not in records["record_uid"]:
                raise ProfileNotFound(
                    f"nothing was known under the id {uid} at {as_of.isoformat()}"
                )
            members = cluster(records, identifiers, identity_policy(settings().policy)).members
            same = members.filter(
                pl.col("profile_id")
                == pl.col("profile_id").filter(pl.col("record_uid") == str(uid))
            )
            body = folding.fold_as_of(
                tx,
                same["profile_id"][0],
                same["record_uid"].to_list(),
                survivorship_rules(),
                as_of,
            )
        return Profile.model_validate_json(body)


def normalised(namespace: str, value: str) -> str:
    """`value` in the form in which its namespace is stored; raises InvalidIdentifier."""
    return normalise_value(
        namespace, value, identity_policy(settings().policy), settings().default_region
    )


def _uid(given: UUID | str) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except ValueError:
        raise InvalidRequest(f"a profile id is a UUID; {given!r} is not") from None


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidRequest(
            f"{moment.isoformat()} has no time zone; write e.g. {moment.isoformat()}Z"
        )
    return moment
