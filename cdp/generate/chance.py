"""Seeded randomness in whole columns: the same seed and label always give the same draw."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Chance:
    """One stream of random columns, named by a seed and a label.

    Every channel draws from a stream of its own, so leaving one channel out changes no other.
    """

    def __init__(self, seed: int, label: str) -> None:
        self._rng = np.random.default_rng([seed, crc32(label.encode())])

    def flags(self, count: int, share: float) -> Flags:
        """`count` booleans, true with probability `share`."""
        return self._rng.random(count) < share

    def whole(self, count: int, low: int, high: int) -> Whole:
        """`count` integers of [`low`, `high`)."""
        return self._rng.integers(low, high, count)

    def real(self, count: int) -> Real:
        """`count` numbers of [0, 1)."""
        return self._rng.random(count)

    def waits(self, count: int) -> Real:
        """`count` exponential waiting times of mean 1."""
        return self._rng.exponential(1.0, count)

    def spread(self, count: int, sigma: float) -> Real:
        """`count` log-normal factors of median 1: few large, many small."""
        return self._rng.lognormal(0.0, sigma, count)

    def places(self, count: int, weights: Sequence[float] | Real) -> Whole:
        """`count` positions in `weights`, drawn in proportion to them."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.searchsorted(bounds / bounds[-1], self._rng.random(count), side="right")

    def pick(
        self, words: Sequence[str | None], count: int, weights: Sequence[float] | None = None
    ) -> pl.Series:
        """`count` of the `words`, evenly or in proportion to `weights`."""
        places = (
            self.whole(count, 0, len(words)) if weights is None else self.places(count, weights)
        )
        return pl.Series(words, dtype=pl.String).gather(places)

    def shares(self, total: int, weights: Real, least: int = 0) -> Whole:
        """Whole numbers that add up to `total`, at least `least` each, the rest by `weights`.

        Where `total` does not suffice for the least, everyone gets the least and the sum is larger.
        """
        if not len(weights):
            return np.zeros(0, dtype=np.int64)
        rest = max(0, total - least * len(weights))
        drawn = np.bincount(self.places(rest, weights), minlength=len(weights))
        return least + drawn.astype(np.int64)

    def sample(self, count: int, out_of: int) -> Whole:
        """`count` different positions below `out_of`, in ascending order."""
        return np.sort(self._rng.choice(out_of, size=min(count, out_of), replace=False))


def scattered(numbers: pl.Expr, offset: int = 0) -> pl.Expr:
    """Nine digits for each whole number below 10^9, no two alike and in no visible order.

    Another `offset` gives another numbering.
    """
    # The factor is coprime to 10^9, so the map is one to one.
    digits = (numbers.cast(pl.Int64) * 736_338_719 + offset * 123_456_791) % 1_000_000_000
    return digits.cast(pl.String).str.zfill(9)
