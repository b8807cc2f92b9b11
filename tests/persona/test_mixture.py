"""The mixture over individuals: its likelihood beside scipy's, and planted kinds of people found again."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import adjusted_rand_score

from cdp.persona.components import discover
from cdp.persona.features import Described
from cdp.persona.mixture import Mixture, columns, mixture

OUTCOMES = (3, 2)


def people(
    count: int, kinds: int, chance: np.random.Generator, shares: Sequence[float] | None = None
) -> tuple[np.ndarray, Described]:
    """Individuals of some kinds (of these shares, or equal ones), a fifth of what they say unknown."""
    kind = chance.choice(kinds, size=count, p=shares)
    numbers = chance.normal(size=(count, 4)) + 3 * np.eye(kinds, 4)[kind]
    likely = np.column_stack([kind % size for size in OUTCOMES])
    other = np.column_stack([chance.integers(size, size=count) for size in OUTCOMES])
    categories = np.where(chance.random((count, 2)) < 0.7, likely, other)
    numbers[chance.random(numbers.shape) < 0.2] = np.nan
    categories[chance.random(categories.shape) < 0.2] = -1
    return kind, Described(numbers, categories.astype(np.int16))


def one_by_one(found: Mixture, said: Described) -> np.ndarray:
    """log P(persona, features) of each individual, term by term."""
    log = np.tile(np.log(found.share), (len(said), 1))
    for n, persona in np.ndindex(*log.shape):
        for x, mean, variance in zip(
            said.numbers[n], found.means[persona], found.variances[persona], strict=True
        ):
            log[n, persona] += 0 if np.isnan(x) else norm.logpdf(x, mean, np.sqrt(variance))
        for code, chances in zip(said.categories[n], found.chances, strict=True):
            log[n, persona] += 0 if code < 0 else np.log(chances[persona, code])
    return log


def test_products_of_matrices_give_what_each_term_gives():
    chance = np.random.default_rng(1)
    _, said = people(40, 3, chance)
    read = columns(said, OUTCOMES)
    found = mixture(read, chance.dirichlet(np.ones(3), 40))
    joint = np.exp(one_by_one(found, said))

    belongs, likelihood = found.belongs(read)
    assert belongs == pytest.approx(joint / joint.sum(axis=1, keepdims=True), abs=1e-4)
    assert likelihood == pytest.approx(np.log(joint.sum(axis=1)).mean(), abs=1e-4)
    assert found.posterior(said) == pytest.approx(belongs)


def test_planted_kinds_are_found_again_and_the_same_for_the_same_seed():
    kind, said = people(900, 4, np.random.default_rng(2))
    found, tried = discover(said, OUTCOMES, seed=3)
    assert found
    assert len(found.share) == 4
    # Kinds overlap: EM that begins from the truth ends with .80.
    assert adjusted_rand_score(kind, found.posterior(said).argmax(axis=1)) > 0.78
    chosen = next(each for each in tried if each.personas == 4)
    assert chosen.stable
    assert chosen.icl == min(each.icl for each in tried)
    again, _ = discover(said, OUTCOMES, seed=3)
    assert again
    assert again.share == pytest.approx(found.share)


def test_a_small_kind_is_found_beside_large_ones():
    _, said = people(6_000, 4, np.random.default_rng(4), shares=(0.7, 0.2, 0.06, 0.04))
    found, _ = discover(said, OUTCOMES, seed=1)
    assert found
    assert sorted(found.share) == pytest.approx([0.04, 0.06, 0.2, 0.7], abs=0.015)


def test_people_who_are_alike_are_no_kinds_and_two_kinds_are_two():
    chance = np.random.default_rng(5)
    _, said = people(220, 1, chance)
    found, tried = discover(
        Described(chance.normal(size=(220, 4)), said.categories), OUTCOMES, seed=1
    )
    assert found is None
    assert min(tried, key=lambda each: each.icl).personas == 1
    kind, said = people(300, 2, chance)
    found, _ = discover(said, OUTCOMES, seed=1)
    assert found
    assert len(found.share) == 2
    assert adjusted_rand_score(kind, found.posterior(said).argmax(axis=1)) > 0.7


def test_no_persona_is_one_of_nobody():
    """One trait tells no kinds apart: a mixture puts all into one persona and leaves the others empty."""
    said = Described(np.empty((500, 0)), np.random.default_rng(1).integers(5, size=(500, 1)))
    found, tried = discover(said, (5,), seed=4)
    if found:
        members = np.bincount(found.posterior(said).argmax(axis=1), minlength=len(found.share))
        assert members.min() >= 20
    else:
        assert not tried
