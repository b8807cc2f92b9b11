"""A mixture over individuals: what the members of each persona are like, and who belongs to which.

Features are independent within a persona: numbers are Gaussian, categories multinomial, and what is
unknown is left out of the likelihood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cdp.persona.features import Described

LEAST_VARIANCE = 0.05  # of normal scores
CHUNK = 50_000


@dataclass(frozen=True)
class Mixture:
    """The personas' shares and what their members are like."""

    share: np.ndarray  # (personas,)
    means: np.ndarray  # (personas, numbers)
    variances: np.ndarray  # (personas, numbers)
    chances: Sequence[np.ndarray]  # per category: (personas, outcomes)

    def posterior(self, people: Described) -> np.ndarray:
        """(individuals, personas): P(persona | features)."""
        starts = range(0, max(len(people), 1), CHUNK)
        parts = [
            self._posterior(people.part(np.arange(start, min(start + CHUNK, len(people)))))
            for start in starts
        ]
        return np.concatenate(parts)

    def _posterior(self, people: Described) -> np.ndarray:
        log = np.tile(np.log(self.share), (len(people), 1))
        known = ~np.isnan(people.numbers)
        numbers = np.where(known, people.numbers, 0.0)
        precision = 1 / self.variances
        log -= 0.5 * (
            known @ (np.log(self.variances) + self.means**2 * precision).T
            + numbers**2 @ precision.T
            - 2 * numbers @ (self.means * precision).T
        )
        for column, chances in zip(people.categories.T, self._logs, strict=True):
            log += chances[column]
        likely = np.exp(log - log.max(axis=1, keepdims=True))
        return likely / likely.sum(axis=1, keepdims=True)

    @cached_property
    def _logs(self) -> list[np.ndarray]:
        """Logarithms by outcome; the last row, that of -1, says nothing."""
        nothing = np.zeros((1, len(self.share)))
        return [np.concatenate([np.log(chances.T), nothing]) for chances in self.chances]


def mixture(people: Described, outcomes: Sequence[int], belongs: np.ndarray) -> Mixture:
    """What the members of each persona are like; `belongs` (individuals, personas): 0..1."""
    share = (belongs.sum(axis=0) + 1) / (len(belongs) + belongs.shape[1])
    known = ~np.isnan(people.numbers)
    numbers = np.where(known, people.numbers, 0.0)
    weight = belongs.T @ known + 1.0  # one more, who is like everybody: mean 0, variance 1
    means = belongs.T @ numbers / weight
    variances = (belongs.T @ numbers**2 + 1.0) / weight - means**2
    chances = []
    for column, size in zip(people.categories.T, outcomes, strict=True):
        said = np.eye(size + 1)[column][:, :size]
        base = (said.sum(axis=0) + 1) / (said.sum() + size)
        counts = belongs.T @ said + size * base
        chances.append(counts / counts.sum(axis=1, keepdims=True))
    return Mixture(share / share.sum(), means, np.maximum(variances, LEAST_VARIANCE), chances)


def matched(former: np.ndarray, now: np.ndarray, least: float = 0.3) -> dict[int, int]:
    """Which persona of now is which former one: by how many of the same individuals they share.

    Both are persona numbers of the same individuals. The pairing with most overlap (Hungarian
    method), without pairs whose overlap is less than `least` of their union.
    """
    size = int(former.max(initial=-1)) + 1, int(now.max(initial=-1)) + 1
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  for discovery only

    both = np.zeros(size)
    np.add.at(both, (former, now), 1)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    overlap = both / np.maximum(union, 1)
    pairs = zip(*linear_sum_assignment(-overlap), strict=True)
    return {int(new): int(old) for old, new in pairs if overlap[old, new] >= least}
