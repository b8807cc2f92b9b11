"""The search for personas: components of a mixture over individuals.

StepMix fits a few people (full-information maximum likelihood over mixed types and missing values:
Morin, Legault, Laliberté, Bakk, Giguère, de la Sablonnière and Lacourse, 'StepMix', Journal of
Statistical Software 2025); EM of the same likelihood goes on from there over many (`mixture`).
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from cdp.model.persona import STABLE
from cdp.persona.features import Described
from cdp.persona.mixture import Columns, Mixture, columns, mixture

FEWEST, MOST = 3, 7  # personas
BEGUN = 1_000  # individuals that StepMix reads
FITTED = 10_000  # individuals among whom the number of personas is chosen
RESAMPLED = 4_000  # individuals of a bootstrap
BOOTSTRAPS = 6
STARTS = 3  # at random, besides others
FEWEST_MEMBERS = 20  # whose likeliest persona it is; the card of fewer would tell nothing
BEGIN, ROUNDS = 10, 100  # rounds of EM: of each start, and of the likeliest
SETTLED = 1e-4  # gain of the mean log-likelihood of a round


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
) -> tuple[Mixture | None, Sequence[Tried]]:
    """The mixture of a sample of people, and all that was tried.

    The number of personas is the one with the least ICL among those that bootstraps find again.
    Where none of FEWEST to MOST is: None if one persona has the least ICL, for people are alike; else
    two if these are found again, or the one most nearly so. None as well where every number leaves
    a persona without members.
    """
    # Matrices this narrow gain nothing from threads, which wait for each other where others work, too.
    with threadpool_limits(1, user_api="blas"):
        return _discover(people, outcomes, seed)


def _discover(
    people: Described, outcomes: Sequence[int], seed: int
) -> tuple[Mixture | None, Sequence[Tried]]:
    chosen = np.random.default_rng(seed).permutation(len(people))[:FITTED]
    begun, used = people.part(chosen[:BEGUN]), columns(people.part(chosen), outcomes)
    fits = _fits(begun, used, range(FEWEST, MOST + 1), seed)
    if not fits:
        return None, ()
    tried = _resampled(used, fits, seed)
    if not any(each.stable for each in tried):
        fits |= (two := _fits(begun, used, (2,), seed))
        everybody = mixture(used, np.ones((len(used), 1)))
        tried = [*tried, *_resampled(used, two, seed), _tried(used, 1, everybody)]
        if min(tried, key=lambda each: each.icl).personas == 1:
            return None, tried
    best = next((each for each in tried if each.stable), None)
    best = best or max(tried, key=lambda each: float(np.mean(each.rand or -1)))
    found = fits[best.personas]
    if len(people) > len(used):
        found = _settled(columns(people, outcomes), found, ROUNDS)[0]
    return found, tried


def _resampled(used: Columns, fits: Mapping[int, Mixture], seed: int) -> list[Tried]:
    """The numbers tried, least ICL first, with their bootstraps up to the first that is stable."""
    tried = sorted(
        (_tried(used, number, fit) for number, fit in fits.items()), key=lambda each: each.icl
    )
    for place, each in enumerate(tried):
        rand = _rand(used, fits[each.personas], seed)
        tried[place] = Tried(each.personas, each.bic, each.icl, rand)
        if tried[place].stable:
            break
    return tried


def _fits(begun: Described, used: Columns, numbers: Sequence[int], seed: int) -> dict[int, Mixture]:
    """The mixtures by their number of personas, without those that have a persona of nobody."""
    fits: dict[int, Mixture] = {}
    for number in numbers:
        fits[number] = _fit(begun, used, number, fits.get(number - 1), seed)
    members = {
        number: np.bincount(fit.belongs(used)[0].argmax(axis=1), minlength=number)
        for number, fit in fits.items()
    }
    return {number: fit for number, fit in fits.items() if members[number].min() >= FEWEST_MEMBERS}


def _tried(used: Columns, number: int, fit: Mixture) -> Tried:
    belongs, likelihood = fit.belongs(used)
    bic = fit.parameters * np.log(len(used)) - 2 * len(used) * likelihood
    entropy = -(belongs * np.log(np.maximum(belongs, 1e-300))).sum()
    return Tried(number, float(bic), float(bic + 2 * entropy))


def _fit(begun: Described, used: Columns, number: int, fewer: Mixture | None, seed: int) -> Mixture:
    """The mixture of the likeliest start: StepMix's, one of `fewer` personas split, or one at random."""
    chance = np.random.default_rng((seed, number))
    few = used.part(np.arange(len(begun)))
    starts = [mixture(few, each) for each in _by_stepmix(begun, number, seed)]
    some = used.part(np.arange(min(len(used), RESAMPLED)))
    starts += _split(some, fewer, chance) if fewer else []
    return _settled(used, _likeliest(some, starts, number, chance), ROUNDS)[0]


def _likeliest(
    people: Columns, starts: Sequence[Mixture], number: int, chance: np.random.Generator
) -> Mixture:
    """Of `starts` and others at random the likeliest after a few rounds (Biernacki et al. 2003)."""
    every = [*starts, *(_start(people, number, chance) for _ in range(STARTS))]
    begun = [_settled(people, start, BEGIN) for start in every]
    return max(begun, key=lambda each: each[1])[0]


def _settled(people: Columns, found: Mixture, rounds: int) -> tuple[Mixture, float]:
    """The mixture after so many rounds of EM, or when it gains no more, and its log-likelihood."""
    before = -np.inf
    for _ in range(rounds):
        belongs, now = found.belongs(people)
        if now - before < SETTLED:
            return found, now
        found, before = mixture(people, belongs), now
    return found, found.belongs(people)[1]


def _start(people: Columns, number: int, chance: np.random.Generator) -> Mixture:
    """Everybody to the nearest of some individuals drawn at random."""
    drawn = chance.choice(len(people), number, replace=False)
    return mixture(people, np.eye(number)[_nearest(people, drawn)])


def _split(people: Columns, fewer: Mixture, chance: np.random.Generator) -> list[Mixture]:
    """Each persona in two, one at a time: small ones hide in others, where chance seldom looks.

    (Ueda, Nakano, Ghahramani and Hinton, 'SMEM algorithm for mixture models', 2000.)
    """
    belongs, starts = fewer.belongs(people)[0], []
    for persona in range(belongs.shape[1]):
        members = np.flatnonzero(belongs.argmax(axis=1) == persona)
        if len(members) > 1:
            drawn = chance.choice(members, 2, replace=False)
            second = belongs[:, persona] * _nearest(people, drawn)
            both = np.column_stack([belongs, second])
            both[:, persona] -= second
            starts.append(mixture(people, both))
    return starts


def _nearest(people: Columns, drawn: np.ndarray) -> np.ndarray:
    """Which of the drawn individuals (rows) each one is nearest to."""
    said = people.values.copy()
    said[:, : people.numbers] = said[:, 2 * people.numbers : 3 * people.numbers] = 0
    seeds = said[drawn]
    return ((seeds**2).sum(axis=1) - 2 * said @ seeds.T).argmin(axis=1)


def _by_stepmix(people: Described, number: int, seed: int) -> list[np.ndarray]:
    """(individuals, personas): StepMix's posterior; none where a persona lost its last member."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its docstrings hold escapes that Python warns of
        from stepmix.stepmix import StepMix  # noqa: PLC0415
    matrix, blocks = _for_stepmix(people)
    fit = StepMix(
        n_components=number,
        measurement=blocks,  # pyright: ignore[reportArgumentType]  it takes several as well
        max_iter=BEGIN,
        abs_tol=SETTLED,
        random_state=seed,
        progress_bar=0,
    )
    with warnings.catch_warnings():
        # It need not settle: EM goes on from there.
        warnings.simplefilter("ignore")
        belongs = fit.fit(matrix).predict_proba(matrix)
    return [belongs] if np.isfinite(belongs).all() else []


def _for_stepmix(people: Described) -> tuple[np.ndarray, dict[str, dict[str, object]]]:
    """Its matrix, and its blocks of columns; categories one-hot, which it would else do each round."""
    blocks: dict[str, dict[str, object]] = {}
    count, categories = people.numbers.shape[1], people.categories.shape[1]
    parts = [people.numbers]
    if count:
        blocks["numbers"] = {"model": "gaussian_diag_nan", "n_columns": count}
    if categories:
        most = int(people.categories.max()) + 1
        said = np.eye(most + 1)[people.categories][:, :, :most]
        said[people.categories < 0] = np.nan
        parts.append(said.reshape(len(people), -1))
        outcomes = int((people.categories.max(axis=0) + 1).sum())
        blocks["categories"] = {
            "model": "categorical_nan", "n_columns": categories * most,
            "integer_codes": False, "max_n_outcomes": most, "total_outcomes": outcomes,
        }  # fmt: skip
    return np.concatenate(parts, axis=1), blocks


def _rand(people: Columns, fit: Mixture, seed: int) -> tuple[float, ...]:
    """Adjusted Rand index of each bootstrap's personas against those of the whole.

    Each is looked for anew: the former personas are one start beside others, drawn at random.
    """
    number = len(fit.share)
    chance = np.random.default_rng((seed, number, BOOTSTRAPS))
    sample = people.part(chance.permutation(len(people))[:RESAMPLED])
    whole = fit.belongs(sample)[0].argmax(axis=1)
    found = []
    for _ in range(BOOTSTRAPS):
        drawn = sample.part(chance.integers(len(sample), size=len(sample)))
        again = _settled(drawn, _likeliest(drawn, [fit], number, chance), ROUNDS)[0]
        other = again.belongs(sample)[0].argmax(axis=1)
        found.append(round(float(adjusted_rand_score(whole, other)), 4))
    return tuple(found)
