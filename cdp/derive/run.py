"""Derivation as a run: profiles from the queue, their facts, all families, what was concluded."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from threading import Lock

import polars as pl

from cdp.derive import own
from cdp.derive.document import documents, together
from cdp.derive.facts import Facts, read_facts
from cdp.derive.fit import fit
from cdp.derive.icp import icps_in_force, with_fit
from cdp.derive.parameters import Parameters, parameters_in_force
from cdp.derive.policy import derive_policy
from cdp.derive.registry import FAMILIES, computed_traits, shipped_traits
from cdp.settings import settings
from cdp.store.database import Database
from cdp.store.derive import facts as store
from cdp.store.derive.write import write

PROFILES_PER_TRANSACTION = 20_000  # bounds the memory of a chunk
WORKERS = 2  # while one waits for Postgres, the other computes
# A base that has grown by this share of its orders is fitted anew at once, a large one not before
# it has doubled: the nightly fit is soon enough for it.
SMALL, GROWTH, GROWTH_OF_LARGE = 200_000, 0.1, 1.0


def derive_queued(
    database: Database,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
    *,
    at_once: int | None = None,
) -> int:
    """Derive every profile that waits, and those of which time alone changes a trait; how many.

    `progress` is called with the number derived so far. `at_once`: at most so many profiles a
    transaction, one after the other; None: as is quickest. Safe to run twice at once. Raises
    InvalidRequest naming a trait of CDP_POLICY that cannot be.
    """
    computed_traits()  # before anything is taken
    with database.transaction() as tx:
        store.queue_due(tx, now)
        waiting = store.waiting(tx)
        if waiting and parameters_in_force(tx) is None:
            fit(tx, now)
    if not waiting:
        return 0
    alone = at_once is not None or waiting <= PROFILES_PER_TRANSACTION
    work = partial(_derive_all, database, now, at_once or PROFILES_PER_TRANSACTION, alone=alone)
    derived, orders = work(progress)
    if _refitted(database, now, orders):
        again, _ = work(lambda count: progress(derived + count))
        derived = max(derived, again)
        _refitted(database, now, 0)
    return derived


def refit(database: Database, now: datetime) -> Parameters:
    """Fit everything anew; other figures than before queue every profile."""
    with database.transaction() as tx:
        return fit(tx, now)


def rebuild(
    database: Database, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Derive every profile anew with the parameters in force; how many."""
    with database.transaction() as tx:
        store.queue_all(tx)
    return derive_queued(database, now, progress)


def _derive_all(
    database: Database, now: datetime, at_once: int, progress: Callable[[int], None], *, alone: bool
) -> tuple[int, int]:
    """How many profiles were derived, and how many more orders than before they have."""
    tally, derived, orders = Lock(), 0, 0

    def work() -> None:
        nonlocal derived, orders
        more = True
        while more:
            taken, added, more = _derive_some(database, now, at_once)
            with tally:
                derived, orders = derived + taken, orders + added
                progress(derived)

    if alone:
        work()
        return derived, orders
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(work) for _ in range(WORKERS)]:
            done.result()
    return derived, orders


def _derive_some(database: Database, now: datetime, at_once: int) -> tuple[int, int, bool]:
    """How many were derived, how many more orders they have, and whether more may wait."""
    with database.transaction() as tx:
        taken, more = store.take(tx, at_once)
        if not taken:
            return 0, 0, False
        parameters = parameters_in_force(tx)
        assert parameters is not None  # noqa: S101  fitted before
        facts = read_facts(tx, taken, derive_policy(settings().policy), parameters.of("currency"))
        derived = with_fit(derive(facts, parameters, now), icps_in_force(tx))
        before = write(tx, derived, taken=taken, now=now, parameters=parameters.version)
    return taken, facts.orders_of_persons - before, more


def _refitted(database: Database, now: datetime, more: int) -> bool:
    """Note the orders that were added; whether the base had grown so much that it was fitted anew."""
    with database.transaction() as tx:
        orders, fitted_orders = store.count_orders(tx, more)
        if fitted_orders is None:
            store.mark_fitted(tx)
            return False
        growth = GROWTH if fitted_orders < SMALL else GROWTH_OF_LARGE
        if orders - fitted_orders <= growth * fitted_orders:
            return False
        before = parameters_in_force(tx)
        after = fit(tx, now)
        if after is before:
            store.mark_fitted(tx)
        return after is not before


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns profile_id, subject, traits (JSON text), due_at and folded of the profiles at hand."""
    frames = [family.derive(facts, parameters, now) for family in FAMILIES]
    if facts.policy.own:
        frames.append(own.derive(facts, parameters, now))
        whole = together(facts.profiles, frames)
        frames.append(own.derive_over_traits(whole, facts.policy.own, shipped_traits()))
    return documents(facts.profiles, frames)
