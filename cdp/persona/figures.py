"""Figures of a card: of the persona's members and of the base, with n, interval and distinctness."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtri

from cdp.model.persona import Figure
from cdp.persona.features import Feature, Part, described
from cdp.persona.fitted import Fitted, typed

LEAST_MEMBERS = 20  # of whom a trait has to be known for a figure
Z = float(ndtri(0.975))


def every(fitted: Fitted, people: pl.DataFrame, history: np.ndarray, persona: int) -> list[Figure]:
    """All figures of a lasting persona, of the features; `people` has the traits as texts.

    Members are those whose likeliest persona it is.
    """
    member = history.argmax(axis=1) == persona
    read = typed(people, fitted.types)
    return [figure for feature in fitted.features for figure in of_feature(feature, read, member)]


def by_part(fitted: Fitted, found: list[Figure]) -> Mapping[Part, list[Figure]]:
    """The figures by the part of the card that they are told in, most distinct first."""
    parts: dict[str, Part] = {each.name: each.part for each in fitted.features}
    told: dict[Part, list[Figure]] = {}
    for each in sorted(found, key=lambda figure: -abs(figure.distinct)):
        told.setdefault(parts[each.trait], []).append(each)
    return told


def of_feature(feature: Feature, people: pl.DataFrame, member: np.ndarray) -> list[Figure]:
    """A median of a number, or the shares of a category's values; none with too few members."""
    said = people[feature.name]
    if feature.continuous or feature.borders:
        values = said.cast(pl.Float64).to_numpy()
        known = ~np.isnan(values)
        if (known & member).sum() < LEAST_MEMBERS:
            return []
        return [_median(feature.name, values[known & member], values[known])]
    codes = described(people.select(feature.name), [feature]).categories[:, 0]
    known = codes >= 0
    n = int((known & member).sum())
    if n < LEAST_MEMBERS:
        return []
    return [
        _share(feature.name, value, codes[known & member] == code, codes[known] == code)
        for code, value in enumerate(feature.values)
    ]


def _median(trait: str, own: np.ndarray, everybody: np.ndarray) -> Figure:
    """The interval is of order statistics (binomial); distinctness the z of the rank sum."""
    n = len(own)
    ordered = np.sort(own)
    center, reach = (n - 1) / 2, Z * np.sqrt(n) / 2
    low, high = max(int(np.floor(center - reach)), 0), min(int(np.ceil(center + reach)), n - 1)
    ranks = np.searchsorted(np.sort(everybody), own, side="left") + np.searchsorted(
        np.sort(everybody), own, side="right"
    )
    middle = ranks.mean() / (2 * len(everybody))
    return Figure(
        trait=trait, statistic="median", persona=float(np.median(own)), n=n,
        base=float(np.median(everybody)), low=float(ordered[low]), high=float(ordered[high]),
        distinct=round(float((middle - 0.5) * np.sqrt(12 * n)), 2),
    )  # fmt: skip


def _share(trait: str, value: str, own: np.ndarray, everybody: np.ndarray) -> Figure:
    """The interval is Wilson's; distinctness the z of the difference from the base."""
    n, share, base = len(own), own.mean(), everybody.mean()
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    spread = np.sqrt(max(base * (1 - base), 1e-9) / n)
    return Figure(
        trait=trait, value=value, statistic="share", persona=round(float(share), 4), n=n,
        base=round(float(base), 4), low=round(float(middle - reach), 4),
        high=round(float(middle + reach), 4), distinct=round(float((share - base) / spread), 2),
    )  # fmt: skip


def reference(fitted: Fitted, people: pl.DataFrame, history: np.ndarray) -> dict[str, Any]:
    """How the base was when the personas were made, for `validation` to compare with later."""
    read = typed(people, fitted.types)
    return {
        "features": {each.name: spread(each, read) for each in fitted.features},
        "shares": np.bincount(history.argmax(axis=1), minlength=history.shape[1]).tolist(),
    }


def spread(feature: Feature, people: pl.DataFrame) -> list[int]:
    """How many people are in each bin of a feature; the last one is for the unknown."""
    one = described(people.select(feature.name), [feature])
    if feature.continuous:
        scores = one.numbers[:, 0]
        bins = np.searchsorted(ndtri(np.array((0.2, 0.4, 0.6, 0.8))), scores)
        counts = np.bincount(np.where(np.isnan(scores), 5, bins), minlength=6)
    else:
        codes = one.categories[:, 0]
        counts = np.bincount(
            np.where(codes < 0, feature.outcomes, codes), minlength=feature.outcomes + 1
        )
    return counts.tolist()
