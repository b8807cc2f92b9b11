"""Personas as components of a mixture over individuals, fitted by StepMix.

Features are independent within a persona: numbers are Gaussian, categories multinomial, and what is
unknown is left out of the likelihood (full-information maximum likelihood; Morin, Legault, Laliberté,
Bakk, Giguère, de la Sablonnière and Lacourse, 'StepMix', Journal of Statistical Software 2025).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score
from stepmix.stepmix import StepMix

from cdp.persona.features import Described

FEWEST, MOST = 3, 7  # personas
FITTED = 5_000  # individuals that personas are looked for among
RESAMPLED = 2_000  # individuals of a bootstrap
BOOTSTRAPS = 6
STABLE = 0.75  # mean adjusted Rand index of bootstraps
STARTS = 3
ROUNDS = 100
SETTLED = 1e-4  # gain of the mean log-likelihood of a round
REFINED = 5  # rounds over the whole sample
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
        parts = [self._posterior(people.part(np.s_[start : start + CHUNK])) for start in starts]
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


@dataclass(frozen=True)
class Tried:
    """A number of personas that was tried.

    `bic` and `icl` (BIC and twice the entropy of the assignment) are better when lower. `rand`: the
    adjusted Rand index of each bootstrap against the whole; empty where it was not needed.
    """

    personas: int
    bic: float
    icl: float
    rand: Sequence[float] = ()

    @property
    def stable(self) -> bool:
        """Whether resampling finds the same personas again."""
        return bool(self.rand) and float(np.mean(self.rand)) >= STABLE


def discover(
    people: Described, outcomes: Sequence[int], seed: int
) -> tuple[Mixture, Sequence[Tried]]:
    """The mixture of a sample of people, and all that was tried.

    The number of personas is the one with the least ICL among those that bootstraps find again;
    where none is stable, the one most nearly so.
    """
    chance = np.random.default_rng(seed)
    used = people.part(chance.permutation(len(people))[:FITTED])
    fits = {number: _fit(used, number, seed) for number in range(FEWEST, MOST + 1)}
    matrix = _matrix(used)
    tried = []
    for number, fit in fits.items():
        bic = float(fit.bic(matrix))
        tried.append(Tried(number, bic, bic + 2 * _entropy(fit.predict_proba(matrix))))
    tried = sorted((each for each in tried if np.isfinite(each.icl)), key=lambda each: each.icl)
    for place, each in enumerate(tried):
        tried[place] = Tried(
            each.personas, each.bic, each.icl, _rand(used, fits[each.personas], seed)
        )
        if tried[place].stable:
            break
    best = next((each for each in tried if each.stable), None)
    best = best or max(tried, key=lambda each: float(np.mean(each.rand)))
    found = mixture(used, outcomes, fits[best.personas].predict_proba(matrix))
    for _ in range(REFINED):
        found = mixture(people, outcomes, found.posterior(people))
    return found, tried


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
    both = np.zeros(size)
    np.add.at(both, (former, now), 1)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    overlap = both / np.maximum(union, 1)
    pairs = zip(*linear_sum_assignment(-overlap), strict=True)
    return {int(new): int(old) for old, new in pairs if overlap[old, new] >= least}


def _fit(people: Described, number: int, seed: int) -> StepMix:
    blocks = {}
    if people.numbers.shape[1]:
        blocks["numbers"] = {"model": "gaussian_diag_nan", "n_columns": people.numbers.shape[1]}
    if people.categories.shape[1]:
        blocks["categories"] = {"model": "categorical_nan", "n_columns": people.categories.shape[1]}
    matrix = _matrix(people)
    fits = [_from_start(matrix, blocks, number, seed + start) for start in range(STARTS)]
    # A start in which a persona lost its last member ends in no number at all.
    return max(fits, key=lambda fit: np.nan_to_num(fit.lower_bound_, nan=-np.inf))


def _from_start(matrix: np.ndarray, blocks: dict, number: int, seed: int) -> StepMix:
    fit = StepMix(
        n_components=number,
        measurement=blocks,
        max_iter=ROUNDS,
        abs_tol=SETTLED,
        random_state=seed,
        progress_bar=0,
    )
    with warnings.catch_warnings():
        # Nearly settled is good enough: what is used is the last round.
        warnings.simplefilter("ignore")
        return fit.fit(matrix)


def _matrix(people: Described) -> np.ndarray:
    codes = people.categories.astype(float)
    return np.concatenate([people.numbers, np.where(codes < 0, np.nan, codes)], axis=1)


def _entropy(belongs: np.ndarray) -> float:
    return float(-(belongs * np.log(np.maximum(belongs, 1e-300))).sum())


def _rand(people: Described, fit: StepMix, seed: int) -> tuple[float, ...]:
    """Adjusted Rand index of each bootstrap's personas against those of the whole."""
    chance = np.random.default_rng((seed, fit.n_components))
    sample = people.part(chance.permutation(len(people))[:RESAMPLED])
    matrix = _matrix(sample)
    whole = fit.predict(matrix)
    found = []
    for again in range(BOOTSTRAPS):
        drawn = sample.part(chance.integers(len(sample), size=len(sample)))
        other = _fit(drawn, fit.n_components, seed + again + 1).predict(matrix)
        found.append(round(float(adjusted_rand_score(whole, other)), 4))
    return tuple(found)
