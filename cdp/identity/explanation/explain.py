"""Explain: by what the records of a profile are one person, and why two records are not."""

from uuid import UUID

from sqlalchemy import Connection

from cdp.errors import InvalidRequest, ProfileNotFound
from cdp.identity import refs
from cdp.identity.explanation.case import Case
from cdp.identity.explanation.obstacles import Obstacles
from cdp.identity.explanation.telling import Teller, named
from cdp.identity.policy.live import LivePolicy, find_live
from cdp.model.explanation import IdentityExplanation, WhyNot
from cdp.store.database import Database, driver
from cdp.store.identity import evidence, scores


def explain_identity(
    database: Database,
    profile: UUID | str,
    a: UUID | str | None = None,
    b: UUID | str | None = None,
) -> IdentityExplanation:
    """By what the records of a profile are one person, clustered anew on demand.

    Args:
        database: the store.
        profile: the id of the profile or of any of its records, or `namespace:value`.
        a: one of its records (uid, `channel:key`, or `namespace:value`); with `b` the path from one
            to the other is told, too.
        b: another one of its records.

    Raises:
        ProfileNotFound: no record answers to one of the ids.
        InvalidRequest: `a` or `b` is given alone, or is no record of the profile.
    """
    if (a is None) != (b is None):
        raise InvalidRequest("name both records between which the path is asked, or none")
    with database.transaction() as tx:
        uid = record_uid(tx, profile)
        ends = [record_uid(tx, end) for end in (a, b) if end is not None]
        live = _live(tx)
        case = Case(_evidence(tx, [uid]), live.policy)
        members = case.members(case.profiles[uid])
        for name, end in zip("ab", ends, strict=False):
            if end not in members:
                raise InvalidRequest(
                    f"the record {name} is of another profile; `cdp identity why-not` tells why"
                )
        return _explained(tx, case, live.version, members, ends)


def why_not(database: Database, a: UUID | str, b: UUID | str) -> WhyNot:
    """Why two records, or the profiles they belong to, are not one person.

    Args:
        database: the store.
        a: the id of a profile or record, `channel:key` of a record, or `namespace:value`.
        b: the other one.

    Raises ProfileNotFound where no record answers to one of them.
    """
    with database.transaction() as tx:
        left, right = record_uid(tx, a), record_uid(tx, b)
        live = _live(tx)
        case = Case(_evidence(tx, [left, right]), live.policy)
        one, other = case.profiles[left], case.profiles[right]
        lefts, rights = case.members(one), case.members(other)
        teller = Teller(tx, case, [*lefts, *rights])
        if one == other:
            path = [teller.joint(joint) for joint in case.path(left, right)]
            words = "they are one person: " + "; ".join(step.words for step in path)
            told = {"one_person": True, "path": path, "words": words}
        else:
            obstacles = Obstacles(case, teller, lefts, rights).all()
            words = "they are not one person: " + "; ".join(each.words for each in obstacles)
            told = {"one_person": False, "obstacles": obstacles, "words": words}
        return WhyNot(left=UUID(one), right=UUID(other), policy_version=live.version, **told)


def record_uid(tx: Connection, given: UUID | str) -> str:
    """The uid of the record that an id, `channel:key` or `namespace:value` stands for.

    Raises ProfileNotFound, AmbiguousIdentifier, InvalidRequest.
    """
    channel, _, key = str(given).partition(":")
    if "\0" in key:
        raise InvalidRequest("no key or identifier holds a zero byte")
    uid = scores.record_with_key(tx, channel, key) or refs.resolved(driver(tx), given)
    if scores.component_of(tx, uid) is None:
        raise ProfileNotFound("no record answers to that name; `cdp profile records` lists them")
    return str(uid)


def _evidence(tx: Connection, uids: list[str]) -> evidence.Evidence:
    components = {scores.component_of(tx, UUID(uid)) for uid in uids}
    return evidence.of_components(tx, [component for component in components if component])


def _live(tx: Connection) -> LivePolicy:
    found = find_live(tx)
    if found is None:
        raise InvalidRequest("the store has no policy yet; the first `cdp ingest` records one")
    return found


def _explained(
    tx: Connection, case: Case, version: int, members: list[str], ends: list[str]
) -> IdentityExplanation:
    teller = Teller(tx, case, members)
    tree = [teller.joint(case.joints[uid]) for uid in members if uid in case.joints]
    path = [teller.joint(joint) for joint in case.path(*ends)] if ends else []
    shared = [teller.shared(each) for each in case.shared(*([end] for end in ends))] if ends else []
    if ends and teller.score(*ends):
        shared.append(teller.probable(*ends))
    told = path or tree
    words = (
        "; ".join(each.words for each in told)
        or f"{named(teller.record(members[0]))} stands alone: it is the only record of this profile"
    )
    return IdentityExplanation(
        profile_id=UUID(members[0]),
        policy_version=version,
        words=words,
        records=[teller.record(uid) for uid in members],
        tree=tree,
        path=path,
        shared=shared,
    )
