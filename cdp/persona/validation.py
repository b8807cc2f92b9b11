"""Validation: how much of the base personas cover, how distinct they are, and whether they still hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from scipy.special import chdtri
from sqlalchemy import Connection

from cdp.model.persona import Drift, Validation
from cdp.persona import figures
from cdp.persona.features import by_name
from cdp.persona.fitted import Fitted
from cdp.persona.people import people as individuals
from cdp.store.persona import personas

SAMPLE = 20_000
COVERED = 0.5  # probability of a persona from which on a person counts as covered
BORDER = 0.2  # lead of the likeliest persona below which a person is near a border
SHIFT = 0.2  # population stability index (Siddiqi 2006): below 0.1 none, from 0.2 on a shift
CHANCE = 0.01
SEED = 7


def run(tx: Connection, fitted: Fitted, now: datetime) -> Validation:
    """The personas in force against a sample of the people of now."""
    personas.sample(tx, SAMPLE, SEED)
    people = individuals(tx, fitted.traits(), now)
    history = fitted.history(people)[:, fitted.situation.lasting]
    before = fitted.report["reference"]
    now_ = figures.reference(fitted, people, history)
    known = by_name(fitted.features)
    moved = [
        Drift(trait=name, psi=psi(before["features"][name], counts))
        for name, counts in now_["features"].items()
        if name in known and shifted(before["features"][name], counts)
    ]
    moved.sort(key=lambda each: -each.psi)
    shares = before["shares"][: history.shape[1]]
    top = np.sort(history, axis=1)[:, ::-1]
    first = top[:, 0] if len(top) else np.ones(1)
    second = top[:, 1] if top.shape[1] > 1 and len(top) else np.zeros_like(first)
    total = max(sum(now_["shares"]), 1)
    return Validation(
        checked_at=now,
        version=fitted.version,
        people=people.height,
        coverage=_rounded((first >= COVERED).mean()),
        separation=_rounded(first.mean()),
        border=_rounded((first - second < BORDER).mean()),
        stability=fitted.stability,
        shares={
            fitted.names[uid]: _rounded(count / total)
            for uid, count in zip(fitted.situation.personas, now_["shares"], strict=False)
        },
        shares_psi=psi(shares, now_["shares"]),
        moved=moved,
        drifted=shifted(shares, now_["shares"]) or bool(moved),
    )


def psi(before: Sequence[float], now: Sequence[float]) -> float:
    """Population stability index: Σ (now - before) · ln(now / before) of the shares of the bins.

    Half a person is added to each bin, so that an empty one makes no infinity.
    """
    was, is_ = (np.asarray(each, dtype=float) + 0.5 for each in (before, now))
    was, is_ = was / was.sum(), is_ / is_.sum()
    return _rounded(((is_ - was) * np.log(is_ / was)).sum())


def shifted(before: Sequence[float], now: Sequence[float]) -> bool:
    """Whether people have moved, and further than chance alone moves so few.

    Of two samples of the same people the index is χ² (bins - 1) · (1/n + 1/m) (Yurdakul and Naranjo,
    'Statistical properties of the population stability index', 2020).
    """
    few = 1 / max(sum(before), 1) + 1 / max(sum(now), 1)
    return psi(before, now) >= max(SHIFT, float(chdtri(len(before) - 1, CHANCE)) * few)


def drifted_at(check: Mapping[str, Any] | None, fitted: Fitted | None) -> datetime | None:
    """Since when the version in force is known to have drifted."""
    if check is None or fitted is None or check["version"] != fitted.version:
        return None
    return check["checked_at"] if check["document"]["drifted"] else None


def drift_of(check: Mapping[str, Any] | None, card: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is marked on a card that is older than its drift: the date and the traits that moved."""
    if check is None or check["version"] != card["version"] or not check["document"]["drifted"]:
        return None
    document = check["document"]
    return {
        "since": document["checked_at"],
        "shares_psi": document["shares_psi"],
        "moved": document["moved"],
    }


def _rounded(value: Any) -> float:
    return round(float(value), 4)
