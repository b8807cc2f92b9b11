"""Derivation as a run: profiles from the queue, their facts, all families, what was concluded."""

from collections.abc import Callable
from datetime import datetime

import polars as pl
from sqlalchemy import Connection

from cdp.derive import own
from cdp.derive.document import documents, together
from cdp.derive.facts import Facts, read_facts
from cdp.derive.fit import fit_where_needed
from cdp.derive.parameters import Parameters, parameters_in_force
from cdp.derive.policy import derive_policy
from cdp.derive.registry import FAMILIES
from cdp.settings import settings
from cdp.store import derive as store
from cdp.store.database import Database

PROFILES_PER_TRANSACTION = 20_000


def derive_queued(
    database: Database, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Derive every profile that waits, and those of which time alone changes a trait; how many.

    `progress` is called with the number derived so far. Safe to run twice at once.
    """
    with database.transaction() as tx:
        store.queue_due(tx, now)
        if not store.anything_queued(tx):
            return 0
        fit_where_needed(tx, now)
    derived = 0
    while True:
        with database.transaction() as tx:
            taken = _derive_some(tx, now)
        if not taken:
            return derived
        derived += taken
        progress(derived)


def _derive_some(tx: Connection, now: datetime) -> int:
    taken = store.take(tx, PROFILES_PER_TRANSACTION)
    if not taken:
        return 0
    parameters = parameters_in_force(tx)
    assert parameters is not None  # noqa: S101  fitted above, in a transaction of its own
    facts = read_facts(tx, derive_policy(settings().policy), parameters.of("currency"))
    derived = derive(facts, parameters, now)
    store.write(tx, derived, now=now, parameters=parameters.version)
    return taken


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """profile_id, subject, traits (JSON text), due_at and folded of the profiles at hand."""
    frames = [family.derive(facts, parameters, now) for family in FAMILIES]
    if facts.policy.own:
        frames.append(own.derive(facts, parameters, now))
        frames.append(own.derive_over_traits(together(facts.profiles, frames), facts.policy.own))
    return documents(facts.profiles, frames)
