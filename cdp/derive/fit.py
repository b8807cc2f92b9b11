"""Fitting: what conclusions take from the whole base, worked out from its people."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cdp.derive import arrivals, complements, lifecycle, prediction, rfm
from cdp.derive.facts import read_facts
from cdp.derive.parameters import Parameters, parameters_in_force
from cdp.derive.policy import DerivePolicy, derive_policy
from cdp.settings import settings
from cdp.store.derive import facts as store
from cdp.store.derive import fit as derive_fit


def fit(tx: Connection, now: datetime) -> Parameters:
    """Fit everything anew; other figures than before become a new version and queue every profile."""
    policy = derive_policy(settings().policy)
    document = fitted(tx, policy, now)
    before = parameters_in_force(tx)
    if before is not None and before.document == document:
        return before
    version = store.add_parameters(tx, now, document)
    store.queue_all(tx)
    return Parameters(version, now, document)


def fitted(tx: Connection, policy: DerivePolicy, now: datetime) -> dict[str, Any]:
    """The document of the parameters, family by family."""
    currency = {
        "reporting": policy.currency.reporting or derive_fit.usual_currency(tx),
        "rates": policy.currency.model_dump(mode="json")["rates"],
    }
    facts = read_facts(tx, derive_fit.take_sample(tx), policy, currency)
    return {
        "currency": currency,
        lifecycle.FAMILY: lifecycle.fit(facts, policy.lifecycle),
        rfm.FAMILY: rfm.fit(facts),
        arrivals.FAMILY: arrivals.fit(tx, facts),
        complements.FAMILY: complements.fit(facts, policy.complements),
        prediction.FAMILY: prediction.fit(facts, policy.prediction, now),
    }
