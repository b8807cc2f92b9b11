"""The search for personas: components of a mixture over individuals, fitted by StepMix.

Full-information maximum likelihood over mixed types and missing values: Morin, Legault, Laliberté,
Bakk, Giguère, de la Sablonnière and Lacourse, 'StepMix', Journal of Statistical Software 2025.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import adjusted_rand_score

from cdp.persona.features import Described
from cdp.persona.mixture import Mixture, mixture

if TYPE_CHECKING:
    from stepmix.stepmix import StepMix

FEWEST, MOST = 3, 7  # personas
FITTED = 5_000  # individuals that personas are looked for among
RESAMPLED = 2_000  # individuals of a bootstrap
BOOTSTRAPS = 6
STABLE = 0.75  # mean adjusted Rand index of bootstraps
STARTS = 3
ROUNDS = 100
SETTLED = 1e-4  # gain of the mean log-likelihood of a round
REFINED = 5  # rounds over the whole sample


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


def _fit(people: Described, number: int, seed: int) -> "StepMix":
    blocks = {}
    if people.numbers.shape[1]:
        blocks["numbers"] = {"model": "gaussian_diag_nan", "n_columns": people.numbers.shape[1]}
    if people.categories.shape[1]:
        blocks["categories"] = {"model": "categorical_nan", "n_columns": people.categories.shape[1]}
    matrix = _matrix(people)
    fits = [_from_start(matrix, blocks, number, seed + start) for start in range(STARTS)]
    # A start in which a persona lost its last member ends in no number at all.
    return max(fits, key=lambda fit: np.nan_to_num(fit.lower_bound_, nan=-np.inf))


def _from_start(matrix: np.ndarray, blocks: dict, number: int, seed: int) -> "StepMix":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its docstrings hold escapes that Python warns of
        from stepmix.stepmix import StepMix  # noqa: PLC0415
    fit = StepMix(
        n_components=number,
        measurement=blocks,  # pyright: ignore[reportArgumentType]  it takes several as well
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


def _rand(people: Described, fit: "StepMix", seed: int) -> tuple[float, ...]:
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
