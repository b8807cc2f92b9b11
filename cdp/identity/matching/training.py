"""Unsupervised training: how often fields agree for one person, for housemates and for strangers.

All pairs of records are one population of three kinds. The candidate pairs hold nearly all pairs
that are not of strangers and are looked at one by one; the rest is known by a random sample.
Expectation maximisation over both together gives the shares without any label. Housemates agree on
names, places and numbers as one person does, and on what is personal as strangers do: without that
kind of its own, they are taken for one person who changes the first name and the birth date.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cdp.identity.matching.levels import Comparison

Floats = NDArray[np.float64]

ROUNDS = 60
CLOSE = 1e-4  # change of every parameter from which it is at rest
# The levels' first guesses weigh as much as this share of the pairs of a kind: enough to keep the
# kinds from changing places, too little to drown what the data says.
TRUST = 0.05
# How many twins, and juniors named as their parents, there are is learnt, too. Twins are easily
# mistaken for one person of two names: the guess weighs as much as what is found, and is the least.
MOST_ALIKE = 0.5
SMALLEST = 1e-7
FEWEST = 1e-12  # share of the pairs that are of housemates, where there are none
# Where contact points and numbers are all that is known, housemates cannot be told from one person:
# who has the same address is one.
HOMELY = ("given_name", "middle_name", "family_name", "birth_date", "place")


@dataclass(frozen=True)
class Trained:
    """The comparisons with their estimated shares, and how many pairs are of each kind.

    prior: share of all pairs that are of one person; household: that are of housemates.
    """

    comparisons: list[Comparison]
    prior: float
    household: float


def estimate(
    comparisons: Sequence[Comparison],
    candidates: pl.DataFrame,
    sample: pl.DataFrame,
    total: int,
    scale: float = 1.0,
) -> Trained:
    """The shares of every level among the pairs of each kind.

    Args:
        comparisons: with their first guesses.
        candidates: one row per candidate pair: `gamma_<comparison>` (Splink's level, -1 missing)
            and `tf_<comparison>` (the frequency of the value agreed on, null where it is none).
        sample: the same for random pairs that are no candidates.
        total: how many pairs of records there are.
        scale: how many candidate pairs each of `candidates` stands for.
    """
    # Many pairs agree in the same way: each way is looked at once in each round.
    ways = candidates.group_by(
        [c for c in candidates.columns if c.startswith(("gamma_", "tf_"))], maintain_order=True
    ).len(name="pairs")
    pairs = ways["pairs"].to_numpy().astype(np.float64)
    fields = [_Field.of(each, ways, sample, total, scale) for each in comparisons]
    prior = household = min(0.05, candidates.height * scale / 10 / total)
    if not any(each.name in HOMELY for each in comparisons):
        household = FEWEST
    for _ in range(ROUNDS):
        before = np.concatenate([f.m for f in fields])
        match = np.full(len(pairs), np.log(prior))
        house = np.full(len(pairs), np.log(household))
        strangers = np.full(len(pairs), np.log1p(-prior - household))
        for field in fields:
            match += field.likelihood(field.m)[field.ways]
            house += field.of_housemates()[field.ways]
            strangers += field.chance()[field.ways]
        top = np.maximum(np.maximum(match, house), strangers)
        odds = [np.exp(kind - top) for kind in (match, house, strangers)]
        whole = (odds[0] + odds[1] + odds[2]) / pairs
        matching, housemates = odds[0] / whole, odds[1] / whole
        for field in fields:
            field.learn(matching, housemates, pairs)
        prior = float(np.clip(matching.sum() * scale / total, 1e-10, 0.1))
        household = float(np.clip(housemates.sum() * scale / total, FEWEST, 0.1))
        if np.abs(np.concatenate([f.m for f in fields]) - before).max() < CLOSE:
            break
    return Trained([field.learnt() for field in fields], prior, household)


@dataclass
class _Field:
    """What is known of one comparison while training; levels in Splink's order, strongest last.

    `slots` and `frequency` are of each way in which pairs agree on this field alone.
    """

    comparison: Comparison
    ways: NDArray[np.int64]  # how candidates that agree in one way on all fields do so on this one
    slots: NDArray[np.int64]  # the level, counted from 1; 0 where missing
    frequency: Floats  # of the value agreed on, as log; nan where it is none
    elsewhere: Floats  # pairs at each level among those that are no candidates
    guess: Floats
    m: Floats
    h: Floats
    u: Floats
    alike: float  # share of the housemates who agree on it though it is personal

    @classmethod
    def of(
        cls,
        comparison: Comparison,
        ways: pl.DataFrame,
        sample: pl.DataFrame,
        total: int,
        scale: float,
    ) -> "_Field":
        count = len(comparison.levels)
        gamma, share = f"gamma_{comparison.name}", f"tf_{comparison.name}"
        own = ways.select(gamma, share).unique(maintain_order=True).with_row_index("way")
        numbers = ways.join(
            own, on=[gamma, share], how="left", nulls_equal=True, maintain_order="left"
        )
        drawn = sample[gamma].to_numpy().astype(np.int64)
        candidates = int(ways["pairs"].sum())
        each = (total - candidates * scale) / max(1, sample.height) / scale
        guess = np.array([level.m for level in comparison.levels])[::-1]
        first_u = np.array([level.u for level in comparison.levels])[::-1]
        elsewhere = np.bincount(drawn[drawn >= 0], minlength=count) * each
        elsewhere += first_u / first_u.sum()
        guess = guess / guess.sum()
        return cls(
            comparison,
            numbers["way"].to_numpy().astype(np.int64),
            own[gamma].to_numpy().astype(np.int64) + 1,
            np.log(own[share].to_numpy().astype(np.float64)),
            elsewhere,
            guess,
            guess.copy(),
            guess.copy(),
            elsewhere / elsewhere.sum(),
            comparison.alike,
        )

    def likelihood(self, shares: Floats) -> Floats:
        """How likely (log) each way is for a kind; 0 where missing."""
        return np.concatenate([[0.0], np.log(shares)])[self.slots]

    def chance(self) -> Floats:
        """The same for strangers, who agree on a frequent value more often than on a rare one."""
        return np.where(np.isnan(self.frequency), self.likelihood(self.u), self.frequency)

    def of_housemates(self) -> Floats:
        """The same for housemates: as they agree, or on personal matters as strangers do."""
        if self.comparison.shared:
            return self.likelihood(self.h)
        alike = self.alike
        strangers = self.chance()
        if not alike:
            return strangers
        either = (1 - alike) * np.exp(strangers) + alike * np.exp(self.likelihood(self.m))
        return np.log(either)

    def learn(self, matching: Floats, housemates: Floats, pairs: Floats) -> None:
        """The shares anew from how many of the candidates are of each kind."""
        matches, homely, every = (self._summed(kind) for kind in (matching, housemates, pairs))
        strangers = every - matches
        if self.comparison.shared:
            strangers = strangers - homely
        self.m = self._shares(matches)
        misses = self.elsewhere + self._counted(strangers)
        self.u = np.maximum(misses / misses.sum(), SMALLEST)
        if self.comparison.shared:
            self.h = self._shares(homely)
        else:
            self.alike = self._alike(homely)
            self.h = (1 - self.alike) * self.u + self.alike * self.m

    def _alike(self, housemates: Floats) -> float:
        """The share of the housemates who agree on what is personal: twins, junior and senior."""
        first = self.comparison.alike
        if not first:
            return 0.0
        known = self.slots > 0
        agreeing = self.alike * np.exp(self.likelihood(self.m))
        agreeing = agreeing / (agreeing + (1 - self.alike) * np.exp(self.chance()))
        told = housemates[known]
        found = (told * agreeing[known]).sum() / max(1.0, told.sum())
        return float(np.clip((found + first) / 2, first, MOST_ALIKE))

    def _summed(self, candidates: Floats) -> Floats:
        summed = np.bincount(self.ways, weights=candidates, minlength=len(self.slots))
        return summed.astype(np.float64)

    def _counted(self, weights: Floats) -> Floats:
        counted = np.bincount(self.slots, weights=weights, minlength=len(self.guess) + 1)[1:]
        return counted.astype(np.float64)

    def _shares(self, weights: Floats) -> Floats:
        hits = self._counted(weights)
        hits = hits + self.guess * (TRUST * hits.sum() + 1)
        return np.maximum(hits / hits.sum(), SMALLEST)

    def learnt(self) -> Comparison:
        levels = tuple(
            level.model_copy(update={"m": float(m), "h": float(h), "u": float(u)})
            for level, m, h, u in zip(
                self.comparison.levels, self.m[::-1], self.h[::-1], self.u[::-1], strict=True
            )
        )
        return self.comparison.model_copy(update={"levels": levels, "alike": self.alike})
