"""A mixture over individuals: what the members of each persona are like, and who belongs to which.

Features are independent within a persona: numbers are Gaussian, categories multinomial, and what is
unknown is left out of the likelihood. Both steps of EM are products of matrices (`Columns`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cdp.persona.features import Described

LEAST_VARIANCE = 0.05  # of normal scores
CHUNK = 50_000


@dataclass(frozen=True)
class Columns:
    """Individuals as a matrix in which every log-likelihood is linear.

    `values` (individuals, columns): whether each number is known, the numbers, their squares, then
    one column per outcome of each category; 0 where unknown. `outcomes`: of each category.
    """

    values: np.ndarray
    numbers: int
    outcomes: Sequence[int]

    def __len__(self) -> int:
        return len(self.values)

    def part(self, rows: np.ndarray) -> "Columns":
        """Some of the individuals, in this order."""
        return Columns(self.values[rows], self.numbers, self.outcomes)

    def split(self, table: np.ndarray) -> list[np.ndarray]:
        """A table over the columns as known, numbers, squares and one part per category."""
        sizes = (self.numbers, self.numbers, self.numbers, *self.outcomes)
        return np.split(table, np.cumsum(sizes)[:-1], axis=1)


@dataclass(frozen=True)
class Mixture:
    """The personas' shares and what their members are like."""

    share: np.ndarray  # (personas,)
    means: np.ndarray  # (personas, numbers)
    variances: np.ndarray  # (personas, numbers)
    chances: Sequence[np.ndarray]  # per category: (personas, outcomes)

    def posterior(self, people: Described) -> np.ndarray:
        """(individuals, personas): P(persona | features)."""
        outcomes = [each.shape[1] for each in self.chances]
        rows = np.arange(len(people))
        parts = [
            self.belongs(columns(people.part(rows[start : start + CHUNK]), outcomes))[0]
            for start in range(0, max(len(people), 1), CHUNK)
        ]
        return np.concatenate(parts)

    def belongs(self, people: Columns) -> tuple[np.ndarray, float]:
        """P(persona | features) of each individual, and the mean log-likelihood."""
        log = (people.values @ self._weights.T).astype(np.float64) + np.log(self.share)
        top = log.max(axis=1, keepdims=True)
        likely = np.exp(log - top)
        total = likely.sum(axis=1, keepdims=True)
        return likely / total, float((top + np.log(total)).mean()) if len(log) else 0.0

    @property
    def parameters(self) -> int:
        """How many free parameters there are."""
        personas, numbers = self.means.shape
        free = sum(each.shape[1] - 1 for each in self.chances)
        return personas - 1 + personas * (2 * numbers + free)

    @cached_property
    def _weights(self) -> np.ndarray:
        """(personas, columns): the log-likelihood of features is their product with `Columns`."""
        precision = 1 / self.variances
        parts = [
            -0.5 * (np.log(2 * np.pi * self.variances) + self.means**2 * precision),
            self.means * precision,
            -0.5 * precision,
            *(np.log(each) for each in self.chances),
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)


def columns(people: Described, outcomes: Sequence[int]) -> Columns:
    """Individuals as EM reads them; `outcomes`: how many each category has."""
    known = ~np.isnan(people.numbers)
    numbers = np.where(known, people.numbers, 0.0)
    ends = np.cumsum([0, *outcomes])
    said = np.zeros((len(people), ends[-1] + 1), dtype=np.float32)
    # What is unknown goes to one more column, which is cut off.
    place = np.where(people.categories < 0, ends[-1], people.categories + ends[:-1])
    said[np.arange(len(people))[:, None], place] = 1
    values = np.concatenate([known, numbers, numbers**2, said[:, :-1]], axis=1, dtype=np.float32)
    return Columns(values, numbers.shape[1], outcomes)


def mixture(people: Columns, belongs: np.ndarray) -> Mixture:
    """What the members of each persona are like; `belongs` (individuals, personas): 0..1."""
    share = (belongs.sum(axis=0) + 1) / (len(belongs) + belongs.shape[1])
    sums = (belongs.T.astype(np.float32) @ people.values).astype(np.float64)
    known, numbers, squares, *said = people.split(sums)
    weight = known + 1.0  # one more, who is like everybody: mean 0, variance 1
    means = numbers / weight
    variances = (squares + 1.0) / weight - means**2
    chances = []
    for counts in said:
        everybody = counts.sum(axis=0) + 1
        counts = counts + counts.shape[1] * everybody / everybody.sum()  # noqa: PLW2901
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
