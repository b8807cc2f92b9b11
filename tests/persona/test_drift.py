"""Drift: a shift of the people counts, what chance makes of a few of them does not."""

import numpy as np

from cdp.persona.validation import psi, shifted


def test_a_shift_of_many_people_counts_and_chance_among_few_does_not():
    assert shifted([500, 500], [300, 700]) is False  # psi 0.17
    assert shifted([500, 500], [250, 750]) is True
    chance = np.random.default_rng(1)
    shares = np.full(12, 1 / 12)
    pairs = [[chance.multinomial(40, shares).tolist() for _ in range(2)] for _ in range(200)]
    assert np.mean([psi(*pair) >= 0.2 for pair in pairs]) > 0.9
    assert np.mean([shifted(*pair) for pair in pairs]) <= 0.05
    assert not shifted([40], [50])  # everybody is one persona
