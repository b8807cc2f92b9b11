"""The policy that a store lives by: configured for the first ingestion, afterwards changed by apply only."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Connection

from cdp.identity.policy.declaration import IdentityPolicy, the_same
from cdp.store.identity import policies

BY_ITSELF = "first ingestion"

log = logging.getLogger(__name__)

# Every small push of records asks for the live version; versions are few and never change.
_read: dict[tuple[int, datetime], "LivePolicy"] = {}
# When a reader last asked which version is live, and the answer.
_asked: WeakKeyDictionary[psycopg.Connection, tuple[float, tuple[int, datetime] | None]] = (
    WeakKeyDictionary()
)
SECONDS_KNOWN = 1.0


@dataclass(frozen=True)
class LivePolicy:
    """A version of the policy, as it stands in a store."""

    version: int
    applied_at: datetime
    policy: IdentityPolicy


def live_policy(tx: Connection, configured: IdentityPolicy) -> IdentityPolicy:
    """The store's live policy; in a store that has none yet, the configured one."""
    found = find_live(tx)
    return found.policy if found else configured


def live_or_first(tx: Connection, configured: IdentityPolicy) -> LivePolicy:
    """The store's live policy, kept from being changed until the transaction ends.

    A store that has none yet begins with the configured one. Where that differs from the live one,
    the log says so once.
    """
    policies.lock_shared(tx)
    found = find_live(tx)
    if found is None:
        policies.lock_first(tx)
        found = find_live(tx) or put_live(tx, configured, by=BY_ITSELF, note="")
    if found.policy != configured:
        _say_that_they_differ(found.version, found.applied_at)
    return found


def find_live(tx: Connection) -> LivePolicy | None:
    """The store's live policy; None before the first ingestion."""
    stamp = policies.live_stamp(tx)
    if stamp is None:
        return None
    version, applied_at = stamp
    return of_version(tx, version, applied_at)


def standing(tx: Connection, configured: IdentityPolicy) -> dict[str, int | bool | None]:
    """How the store's policy stands, as `StoreStatus` tells it: policy_version, policy_differs."""
    live = find_live(tx)
    return {
        "policy_version": live.version if live else None,
        "policy_differs": live is not None and live.policy != configured,
    }


def policy_of_reader(connection: psycopg.Connection, configured: IdentityPolicy) -> IdentityPolicy:
    """The policy by which a look-up writes its value: the live one, asked for once a second."""
    asked_at, stamp = _asked.get(connection, (-math.inf, None))
    if time.monotonic() - asked_at > SECONDS_KNOWN:
        stamp = policies.read_stamp(connection)
        _asked[connection] = time.monotonic(), stamp
    if stamp is None:
        return configured
    version = stamp[0]
    return _kept(stamp, lambda: policies.read_document(connection, version)).policy


def ask_again() -> None:
    """Let look-ups of this process see a change of the policy at once."""
    _asked.clear()


def policy_as_of(tx: Connection, as_of: datetime, configured: IdentityPolicy) -> IdentityPolicy:
    """The policy that was live at a past time; the configured one before the first version."""
    stamp = policies.live_stamp(tx, as_of)
    return of_version(tx, *stamp).policy if stamp else configured


def of_version(tx: Connection, version: int, applied_at: datetime) -> LivePolicy:
    """A version by its number and time."""
    return _kept((version, applied_at), lambda: policies.document(tx, version))


def _kept(stamp: tuple[int, datetime], document: Callable[[], str]) -> LivePolicy:
    if stamp not in _read:
        _read[stamp] = LivePolicy(*stamp, the_same(IdentityPolicy.model_validate_json(document())))
    return _read[stamp]


def put_live(tx: Connection, policy: IdentityPolicy, *, by: str, note: str) -> LivePolicy:
    """Make `policy` the newest version. The caller holds `policies.lock`."""
    at = datetime.now(UTC)
    document = policy.model_dump(mode="json")
    version = policies.add(tx, at, by=by, note=note, document=document)
    ask_again()
    return LivePolicy(version, at, policy)


@cache
def _say_that_they_differ(version: int, _applied_at: datetime) -> None:
    log.warning(
        "the policy file differs from the live policy (version %d), which goes on to decide; "
        "see `cdp identity preview`, then `cdp identity apply`",
        version,
    )
