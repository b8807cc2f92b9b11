"""Link companies: records that share no identifier but plainly are one company."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from cdp.identity.companies import likeness, shares
from cdp.identity.policy.declaration import IdentityPolicy, identity_policy
from cdp.identity.policy.live import live_or_first, live_policy
from cdp.identity.resolve import Resolved, resolve
from cdp.settings import settings
from cdp.store import staging
from cdp.store.database import Database
from cdp.store.identity import companies, links, people
from cdp.store.identity import graph as identity
from cdp.store.retry import retried


@dataclass(frozen=True)
class LinkedCompanies:
    """What one run did: records compared, pairs looked at, links that came and went, and merges."""

    compared: int = 0
    pairs: int = 0
    came: int = 0
    went: int = 0
    resolved: Resolved = field(default_factory=Resolved)


def link_companies(database: Database, *, full: bool = False) -> LinkedCompanies:
    """Compare new and changed records of companies with all others; join what plainly is one company.

    The thresholds, guards, decisions and the review list are those of people. `full` compares
    everything with everything. Written in one transaction; the caller holds `links.alone`.
    """
    with database.transaction() as tx:
        people.snapshot(tx)
        policy = live_policy(tx, identity_policy(settings().policy))
        queue = links.queue(tx, "account")
        if queue.is_empty() and not full:
            return LinkedCompanies()
        nodes = likeness.comparable(companies.companies(tx))
        linked = links.live_pairs(tx, "account")
    pairs = _pairs(nodes, linked, None if full else queue["record_uid"])
    scored = _near(nodes, pairs, policy)
    return retried(lambda: _write(database, nodes, pairs, queue, scored, full=full))


def _pairs(nodes: pl.DataFrame, linked: pl.DataFrame, records: pl.Series | None) -> pl.DataFrame:
    """The candidates, and what was linked before: once compared, always compared."""
    chosen = None
    if records is not None:
        chosen = nodes.filter(pl.col("record_uid").is_in(records.implode()))["node"]
    uids = nodes.select("record_uid", "node")
    again = (
        linked.join(uids.rename({"record_uid": "left", "node": "one"}), on="left")
        .join(uids.rename({"record_uid": "right", "node": "other"}), on="right")
        .select(left=pl.min_horizontal("one", "other"), right=pl.max_horizontal("one", "other"))
    )
    if chosen is not None:
        here = chosen.implode()
        again = again.filter(pl.col("left").is_in(here) | pl.col("right").is_in(here))
    found = pl.concat([likeness.candidate_pairs(nodes, chosen), again])
    return found.unique().sort("left", "right")


def _near(nodes: pl.DataFrame, pairs: pl.DataFrame, policy: IdentityPolicy) -> pl.DataFrame:
    """The pairs that may be one company, as `cdp.store.identity.links.replace` takes them."""
    uid = nodes["record_uid"]
    near = likeness.scored(nodes, pairs).filter(pl.col("probability") >= policy.matching.propose)
    return near.select(
        record_uid=uid.gather(near["left"]),
        other_uid=uid.gather(near["right"]),
        weight="weight",
        probability="probability",
        evidence="evidence",
    )


def _write(
    database: Database,
    nodes: pl.DataFrame,
    pairs: pl.DataFrame,
    queue: pl.DataFrame,
    scored: pl.DataFrame,
    *,
    full: bool,
) -> LinkedCompanies:
    with database.transaction() as tx:
        policy = live_or_first(tx, identity_policy(settings().policy)).policy
        staging.prepare(tx)
        identity.lock(tx)
        at = datetime.now(UTC)
        weight = policy.matching.merge_weight
        came, went = links.replace(
            tx,
            at,
            shares.version(),
            queue,
            scored,
            full=full,
            merge_weight=weight,
            subject="account",
        )
        resolved = resolve(tx, at, policy)
    compared = nodes.height if full else queue["record_uid"].n_unique()
    return LinkedCompanies(compared, pairs.height, came, went, resolved)
