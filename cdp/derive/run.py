"""Derivation as a run: profiles from the queue, their facts, all families, what was concluded."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Lock

import polars as pl

from cdp.derive import own
from cdp.derive.document import documents, together
from cdp.derive.facts import Facts, read_facts
from cdp.derive.fit import fit_where_needed
from cdp.derive.icp import icps_in_force, with_fit
from cdp.derive.parameters import Parameters, parameters_in_force
from cdp.derive.policy import derive_policy
from cdp.derive.registry import FAMILIES
from cdp.settings import settings
from cdp.store import derive as store
from cdp.store.database import Database
from cdp.store.derive_write import write

PROFILES_PER_TRANSACTION = 20_000  # bounds the memory of a chunk
WORKERS = 2  # while one waits for Postgres, the other computes


def derive_queued(
    database: Database, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Derive every profile that waits, and those of which time alone changes a trait; how many.

    `progress` is called with the number derived so far. Safe to run twice at once.
    """
    with database.transaction() as tx:
        store.queue_due(tx, now)
        waiting = store.waiting(tx)
        if waiting:
            fit_where_needed(tx, now)
    tally, derived = Lock(), 0

    def work() -> None:
        nonlocal derived
        while taken := _derive_some(database, now):
            with tally:
                derived += taken
                progress(derived)

    if waiting <= PROFILES_PER_TRANSACTION:
        work()
        return derived
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(work) for _ in range(WORKERS)]:
            done.result()
    return derived


def _derive_some(database: Database, now: datetime) -> int:
    with database.transaction() as tx:
        taken = store.take(tx, PROFILES_PER_TRANSACTION)
        if taken:
            parameters = parameters_in_force(tx)
            assert parameters is not None  # noqa: S101  fitted before
            facts = read_facts(tx, taken, derive_policy(settings().policy), parameters.of("currency"))
            derived = derive(facts, parameters, now)
            write(tx, derived, now=now, parameters=parameters.version)
    return taken


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """profile_id, subject, traits (JSON text), due_at and folded of the profiles at hand."""
    frames = [family.derive(facts, parameters, now) for family in FAMILIES]
    if facts.policy.own:
        frames.append(own.derive(facts, parameters, now))
        frames.append(own.derive_over_traits(together(facts.profiles, frames), facts.policy.own))
    return documents(facts.profiles, frames)
