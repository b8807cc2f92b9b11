"""The over-merge firewall's findings: what is junk, what may become it, and what was held back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import live_policy
from cdp.model.explanation import CrowdedRecord, Held, HeldBack, ProfileSize, Spread
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.identity import held as reading

# Half way to a limit is worth a look.
NEAR = 0.5
MOST_CROWDED = 1_000


def held(database: Database, *, limit: int = 20) -> Held:
    """What the firewall found, at most `limit` of each kind, the most suspicious first."""
    with database.transaction() as tx:
        policy = live_policy(tx, identity_policy(settings().policy))
        per_record = policy.spread.per_record
        return Held(
            junk=_spread(tx, reading.junk(tx, limit), blocked=True),
            near_limit=_near(tx, policy)[:limit],
            held_back=[HeldBack(**row) for row in reading.held_back(tx, limit)],
            crowded=[
                CrowdedRecord(**row)
                for row in (reading.crowded_records(tx, per_record, limit) if per_record else ())
            ],
            largest=[ProfileSize(**row) for row in reading.largest(tx, limit)],
        )


def _near(tx: Connection, policy: IdentityPolicy) -> list[Spread]:
    """The values that are at least half way to a limit of their spread, the nearest first."""
    limits = [guards.shared_by for guards in (policy.default, *policy.namespaces.values())]
    least = min((limit for limit in (policy.spread.records, *limits) if limit), default=None)
    if least is None:
        return []
    crowded = reading.crowded_values(tx, int(least * NEAR), MOST_CROWDED)
    found = [(_way(each, policy), each) for each in _spread(tx, crowded, blocked=False)]
    near = [(way, each) for way, each in found if way >= NEAR]
    return [each for _, each in sorted(near, key=lambda pair: (-pair[0], pair[1].namespace))]


def _way(spread: Spread, policy: IdentityPolicy) -> float:
    """How far a value is on its way to be junk: 1 is the limit."""
    limits = policy.spread
    guards = policy.of(spread.namespace)
    if not guards.links:
        return 0.0
    shares = [spread.records / guards.shared_by] if guards.shared_by else []
    if limits.records and spread.records > limits.records:
        for namespace, number in spread.seen_with.items():
            seen = policy.of(namespace)
            email = limits.emails if seen.normaliser == "email" else None
            most = limits.ids if seen.strong else email
            if most:
                shares.append(number / most)
    return max(shares, default=0.0)


def _spread(tx: Connection, values: Sequence[dict[str, Any]], *, blocked: bool) -> list[Spread]:
    """The values with their records now and what else is said on these, most records first."""
    seen: dict[tuple[str, str], dict[str, int]] = {}
    chosen = [(row["namespace"], row["value"]) for row in values]
    for row in reading.spread(tx, chosen):
        seen.setdefault((row["namespace"], row["value"]), {})[row["seen"]] = row["number"]
    return [
        Spread(
            namespace=namespace,
            value=value,
            records=seen.get((namespace, value), {}).pop("", 0),
            blocked=blocked,
            seen_with=dict(sorted(seen.get((namespace, value), {}).items())),
        )
        for namespace, value in chosen
    ]
