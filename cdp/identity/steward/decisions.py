"""What stewards decide on who is who: link, cannot-link, detach, undo; and taking it back."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from cdp.errors import DecisionNotFound, InvalidRequest, ProfileNotFound
from cdp.identity.explanation.explain import record_uid
from cdp.identity.policy.declaration import identity_policy
from cdp.identity.policy.live import live_policy
from cdp.identity.resolve import resolve
from cdp.identity.steward import contradictions
from cdp.identity.steward.undo import sides_of_merge
from cdp.model.identity import Decided, Decision, LogEntry, SizedProfile, Verb
from cdp.profile.traits import survivorship_rules
from cdp.settings import settings
from cdp.store import staging
from cdp.store.database import Database
from cdp.store.identity import decisions as store
from cdp.store.identity import graph as identity
from cdp.store.identity import policies, scores
from cdp.store.profile.fold import fold_these
from cdp.store.retry import retried

Ref = UUID | str | tuple[str, str]


class Plan(NamedTuple):
    """What is to be decided about the records of two sides; of an undoing they may be more."""

    verb: Verb
    sides: tuple[set[UUID], ...]
    entry_id: UUID | None = None

    @property
    def kind(self) -> str:
        """What the verb means for the clusters."""
        return "link" if self.verb == "link" else "cannot_link"


def link(database: Database, a: Ref, b: Ref, *, by: str, reason: str) -> Decided:
    """Make two records one person, whatever limits and vetoes say; a profile's id is its oldest."""

    def plan(tx: Connection) -> Plan:
        return Plan("link", ({_record(tx, a)}, {_record(tx, b)}))

    return _decide(database, plan, by, reason)


def cannot_link(database: Database, a: Ref, b: Ref, *, by: str, reason: str) -> Decided:
    """Keep two apart for ever. Of two profiles, named by their ids, all records are kept apart."""

    def plan(tx: Connection) -> Plan:
        left, right = _record(tx, a), _record(tx, b)
        if store.profile_of(tx, left) == store.profile_of(tx, right):
            return Plan("cannot_link", ({left}, {right}))
        return Plan("cannot_link", (_speaking(tx, a, left), _speaking(tx, b, right)))

    return _decide(database, plan, by, reason)


def detach(database: Database, record: Ref, *, by: str, reason: str) -> Decided:
    """Take one record out of its profile and keep it apart from all others of it."""

    def plan(tx: Connection) -> Plan:
        uid = _record(tx, record)
        others = _members(tx, uid) - {uid}
        if not others:
            raise InvalidRequest(f"the record {uid} is the only one of its profile")
        return Plan("detach", ({uid}, others))

    return _decide(database, plan, by, reason)


def undo(
    database: Database, merge: UUID | str | tuple[Ref, Ref], *, by: str, reason: str
) -> Decided:
    """Undo a merge, named by its entry of the identity log or by the profile and the one merged.

    Who was one before stays one, and what a merged record brought along comes apart with it; what
    came later goes where its evidence leads.
    """

    def plan(tx: Connection) -> Plan:
        entry = _merge(tx, merge)
        return Plan("undo", sides_of_merge(tx, entry), entry["entry_id"])

    return _decide(database, plan, by, reason)


def revoke(database: Database, decision: UUID | str, *, by: str, reason: str) -> Decided:
    """Take a decision back: from now on the evidence speaks again."""
    _check_words(by, reason)
    uid = _uuid(decision)
    return retried(lambda: _revoked(database, uid, by, reason))


def decisions(
    database: Database, about: Ref | None = None, *, revoked: bool = False, limit: int = 100
) -> list[Decision]:
    """The decisions that stand, newest first, those revoked among them where asked for.

    `about` limits them to those that speak of a record of one profile.
    """
    with database.transaction() as tx:
        records = None if about is None else _members(tx, _record(tx, about))
        found = store.read(tx, records=records, revoked=revoked, limit=limit)
    return [Decision.model_validate(row) for row in found]


def log(database: Database, profile: Ref, *, limit: int = 1_000) -> list[LogEntry]:
    """How a profile came to be: the entries of the identity log on its records, newest first."""
    with database.transaction() as tx:
        records = _members(tx, _record(tx, profile))
        found = store.log(tx, records, limit)
    return [LogEntry.model_validate(dict(row)) for row in found]


def _decide(
    database: Database, plan: Callable[[Connection], Plan], by: str, reason: str
) -> Decided:
    _check_words(by, reason)
    return retried(lambda: _decided(database, plan, by, reason))


def _decided(
    database: Database, plan: Callable[[Connection], Plan], by: str, reason: str
) -> Decided:
    with database.transaction() as tx:
        at = _begin(tx)
        planned = plan(tx)
        records = set().union(*planned.sides)
        _check_sides(tx, planned, records)
        before = store.owners(tx, records)
        decision = store.add(
            tx,
            at,
            verb=planned.verb,
            kind=planned.kind,
            by=by,
            reason=reason,
            sides=planned.sides,
            entry_id=planned.entry_id,
        )
        cause = f"a steward's decision: {planned.verb} {decision}"
        return _settled(tx, at, decision, records, before=before, cause=cause)


def _revoked(database: Database, uid: UUID, by: str, reason: str) -> Decided:
    with database.transaction() as tx:
        at = _begin(tx)
        records = store.revoke(tx, uid, at, by=by, reason=reason)
        if not records:
            if store.read(tx, decision=uid):
                raise InvalidRequest(f"the decision {uid} was revoked before")
            raise DecisionNotFound(f"no decision {uid}; `cdp identity decisions` lists them")
        before = store.owners(tx, records)
        cause = f"a steward's decision: revoked {uid}"
        return _settled(tx, at, uid, set(records), before=before, cause=cause)


def _begin(tx: Connection) -> datetime:
    """Be the only one who decides; the time of the decision."""
    staging.prepare(tx)
    policies.lock_shared(tx)
    identity.lock(tx)
    return datetime.now(UTC)


def _settled(
    tx: Connection,
    at: datetime,
    decision: UUID,
    records: set[UUID],
    *,
    before: Mapping[UUID, UUID],
    cause: str,
) -> Decided:
    """Resolve and fold what the decision touches; what it changed."""
    identity.touch(tx, list(records))
    policy = live_policy(tx, identity_policy(settings().policy))
    resolve(tx, at, policy, cause)
    after = store.owners_now(tx)
    stale = identity.stale_here(tx)
    fold_these(tx, stale, rules=survivorship_rules(), changed_at=at)
    (row,) = store.read(tx, decision=decision)
    concerned = records | {uid for uid, owner in after.items() if before.get(uid, owner) != owner}
    return Decided(
        decision=Decision.model_validate(row),
        before=_sizes(before, concerned),
        after=_sizes(after, concerned),
    )


def _sizes(owners: Mapping[UUID, UUID], concerned: set[UUID]) -> Sequence[SizedProfile]:
    sizes = Counter(owners.values())
    named = sorted({owners[uid] for uid in concerned if uid in owners})
    return [SizedProfile(profile_id=uid, records=sizes[uid]) for uid in named]


def _check_words(by: str, reason: str) -> None:
    if not by.strip():
        raise InvalidRequest("a decision needs to know who decides (`by`)")
    if not reason.strip():
        raise InvalidRequest("a decision needs a reason, for those who ask why later")


def _check_sides(tx: Connection, plan: Plan, records: set[UUID]) -> None:
    if sum(map(len, plan.sides)) > len(records):
        raise InvalidRequest("both name the same record; a decision is about two")
    if plan.kind == "link":
        if len(store.subjects(tx, records)) > 1:
            raise InvalidRequest("a person and a company cannot be one")
        contradictions.check_link(tx, *plan.sides)
    else:
        for one, other in combinations(plan.sides, 2):
            contradictions.check_cannot_link(tx, one, other)


def _merge(tx: Connection, merge: UUID | str | tuple[Ref, Ref]) -> Mapping[str, Any]:
    if isinstance(merge, tuple):
        profile, other = (_record(tx, each) for each in merge)
        found = store.merge_of(tx, profile, other) or store.merge_of(tx, other, profile)
        named = f"of {other} into {profile}"
    else:
        found = store.merge(tx, _uuid(merge))
        named = f"with the id {merge}"
    if found is None:
        raise DecisionNotFound(f"no merge {named} is on record; see `cdp identity log PROFILE`")
    return {key: found[key] for key in ("entry_id", "profile_id", "other_id", "logged_at")}


def _record(tx: Connection, ref: Ref) -> UUID:
    """The record that a uid, a profile's id, `channel:key` or (channel, key) names."""
    named = ref if isinstance(ref, tuple) else str(ref).partition(":")[::2]
    found = scores.record_with_key(tx, *named)
    if found is not None:
        return found
    try:
        if not isinstance(ref, tuple):
            return UUID(record_uid(tx, ref))
    except ProfileNotFound:
        pass
    # What stands after the colon may be personal data.
    where = f"in {named[0]!r} by that key" if named[1] else f"with the id {ref}"
    raise ProfileNotFound(
        f"there is no record {where}; `cdp profile records` lists those of a profile"
    )


def _speaking(tx: Connection, ref: Ref, uid: UUID) -> set[UUID]:
    """All records of a profile that is named by its id; else the record alone."""
    named_by_id = str(ref).lower() == str(uid)
    return _members(tx, uid) if named_by_id and store.profile_of(tx, uid) == uid else {uid}


def _members(tx: Connection, uid: UUID) -> set[UUID]:
    return {UUID(member) for member in identity.members(tx, uid)}


def _uuid(given: UUID | str) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except ValueError:
        raise InvalidRequest(
            "that is no id (a UUID); `cdp identity log PROFILE` and `cdp identity decisions` show ids"
        ) from None
