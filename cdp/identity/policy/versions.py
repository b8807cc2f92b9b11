"""Putting another identity policy live, and taking it back with all that it changed."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from cdp.errors import InvalidRequest
from cdp.identity.policy.declaration import IdentityPolicy
from cdp.identity.policy.derivation import rederived
from cdp.identity.policy.live import LivePolicy, ask_again, find_live, of_version, put_live
from cdp.identity.resolve import resolve_all
from cdp.model.explanation import PolicyApplied, PolicyVersion
from cdp.settings import settings
from cdp.store import staging
from cdp.store.database import Database
from cdp.store.identity import derivation, policies
from cdp.store.identity import graph as identity


def apply(database: Database, policy: IdentityPolicy, *, by: str, note: str = "") -> PolicyApplied:
    """Put `policy` live as a new version and decide anew, by it, who is who in the whole store.

    One transaction; it waits for those that bring records in, and they wait for it. What changes is
    logged with the version as its cause, and the profiles concerned are queued for folding.

    Raises InvalidRequest where the policy is live already.
    """
    with database.transaction() as tx:
        _lock(tx)
        live = find_live(tx)
        if live and live.policy == policy:
            raise InvalidRequest(
                f"this policy is live already, as version {live.version}; nothing was changed"
            )
        new = put_live(tx, policy, by=by, note=note)
        return _decide_anew(
            tx, new.applied_at, live or new, new, cause=f"policy version {new.version}"
        )


def revert(database: Database, *, by: str, note: str = "") -> PolicyApplied:
    """Take the live version back: the one before it is live again, its merges and splits undone.

    Where nothing else came between, the store is as it was before the version was applied.

    Raises InvalidRequest where the live version is the first.
    """
    with database.transaction() as tx:
        _lock(tx)
        live = find_live(tx)
        stamp = live and policies.stamp_before(tx, live.version)
        if not live or not stamp:
            raise InvalidRequest("no policy has been applied that could be reverted")
        at = datetime.now(UTC)
        policies.revert(tx, live.version, at, by=by, note=note)
        ask_again()
        cause = f"policy version {live.version} reverted"
        return _decide_anew(tx, at, live, of_version(tx, *stamp), cause=cause)


def versions(database: Database) -> list[PolicyVersion]:
    """All versions of the store's policy, newest first."""
    with database.transaction() as tx:
        live = policies.live_stamp(tx)
        return [
            PolicyVersion(live=bool(live) and row["version"] == live[0], **row)
            for row in policies.versions(tx)
        ]


def _lock(tx: Connection) -> None:
    policies.lock(tx)
    identity.lock(tx)
    staging.prepare(tx)


def _decide_anew(
    tx: Connection, at: datetime, before: LivePolicy, after: LivePolicy, *, cause: str
) -> PolicyApplied:
    changes = rederived(tx, before.policy, after.policy, settings().default_region)
    derivation.withdraw(tx, changes.lost, at)
    derivation.add(tx, changes.gained, at)
    resolved = resolve_all(tx, at, after.policy, cause, recount_blocks=True)
    return PolicyApplied(
        version=after.version,
        records=resolved.records,
        merges=resolved.merges,
        splits=resolved.splits,
        identifiers_lost=changes.lost.height,
        identifiers_gained=changes.gained.height,
    )
