"""What individuals are described by when personas are looked for: traits as numbers and as categories.

Numbers become normal scores of their rank (so that no outlier rules); those that take few values, or
one value very often, are cut at quintiles into categories, as are words beyond the most frequent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from scipy.special import ndtri

Part = Literal[
    "demographics",
    "geography",
    "psychographics",
    "affinities",
    "behaviour",
    "channels",
    "sentiment",
]
LEAST_SUPPORT = 0.2  # of the base must have a value
LEAST_SHARE = 0.02  # of those: what is rarer than this does not tell people apart
MOST_VALUES = 12  # of a category; the others are one
MOST_OF_PART = 8  # features, so that no part outvotes the others
COMMON = 0.2  # a number that says one value this often is no continuum
CONTINUUM = 10  # distinct values
SAME = 0.9  # multiple correlation of ranks from which on other features say the same
KNOTS = 101
FURTHEST = 2.5  # normal scores
OTHER = "other"
NUMERIC = frozenset({"integer", "number", "money"})


@dataclass(frozen=True)
class Trait:
    """A trait that may describe individuals; `type` as the registry has it."""

    name: str
    part: Part
    type: str


@dataclass(frozen=True)
class Feature:
    """A trait and how it is read.

    `knots`: quantiles of a continuum; `borders`: where a number is cut; `values`: of a category.
    One of the three is given.
    """

    name: str
    part: Part
    knots: Sequence[float] = ()
    borders: Sequence[float] = ()
    values: Sequence[str] = ()

    @property
    def continuous(self) -> bool:
        """Whether it is read as a number."""
        return bool(self.knots)

    @property
    def outcomes(self) -> int:
        """How many categories it has."""
        return len(self.borders) + 1 if self.borders else len(self.values)


@dataclass(frozen=True)
class Described:
    """Individuals as numbers (NaN: unknown) and categories (-1: unknown), a column per feature."""

    numbers: np.ndarray
    categories: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, rows: np.ndarray) -> "Described":
        """Some of them."""
        return Described(self.numbers[rows], self.categories[rows])


def features(people: pl.DataFrame, traits: Sequence[Trait]) -> list[Feature]:
    """The features that a sample of `people` (a column per trait) can be told apart by."""
    found = [(trait, _feature(people[trait.name], trait)) for trait in traits]
    usable = [feature for _, feature in found if feature is not None]
    chosen: list[Feature] = []
    for part in dict.fromkeys(each.part for each in usable):
        chosen += _different([each for each in usable if each.part == part], people)
    return chosen


def described(people: pl.DataFrame, chosen: Sequence[Feature]) -> Described:
    """`people` by the chosen features."""
    numbers = [_scores(people[each.name], each) for each in chosen if each.continuous]
    categories = [_codes(people[each.name], each) for each in chosen if not each.continuous]
    return Described(
        _columns(numbers, len(people), float), _columns(categories, len(people), np.int16)
    )


def _columns(columns: Sequence[np.ndarray], height: int, kind: type) -> np.ndarray:
    return np.column_stack(columns) if columns else np.empty((height, 0), dtype=kind)


def _feature(said: pl.Series, trait: Trait) -> Feature | None:
    known = said.drop_nulls()
    if known.len() < max(LEAST_SUPPORT * said.len(), 1):
        return None
    found = _number(known, trait) if trait.type in NUMERIC else _category(known, trait)
    return found if found is not None and (found.continuous or found.outcomes > 1) else None


def _number(known: pl.Series, trait: Trait) -> Feature | None:
    values = known.cast(pl.Float64)
    commonest = values.value_counts()["count"].max()
    if values.n_unique() >= CONTINUUM and commonest / values.len() <= COMMON:  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
        knots = np.quantile(values.to_numpy(), np.linspace(0, 1, KNOTS))
        return Feature(trait.name, trait.part, knots=tuple(map(float, knots)))
    quintiles = {float(q) for q in np.quantile(values.to_numpy(), (0.2, 0.4, 0.6, 0.8))}
    # A border is the highest value below it: those with the commonest value stay together.
    borders = tuple(sorted(quintiles - {float(values.max())}))  # pyright: ignore[reportArgumentType]
    return Feature(trait.name, trait.part, borders=borders) if borders else None


def _category(known: pl.Series, trait: Trait) -> Feature | None:
    counts = (
        known.cast(pl.String).value_counts().sort("count", known.name, descending=[True, False])
    )
    common = counts.filter(pl.col("count") >= LEAST_SHARE * known.len())[known.name].head(
        MOST_VALUES
    )
    rest = counts.height > common.len()
    values = (*common, *((OTHER,) if rest and common.len() else ()))
    return Feature(trait.name, trait.part, values=values) if len(common) else None


def _scores(said: pl.Series, feature: Feature) -> np.ndarray:
    values = said.cast(pl.Float64).to_numpy()
    rank = np.interp(values, feature.knots, np.linspace(0, 1, KNOTS))
    return np.clip(ndtri(np.clip(rank, 1e-9, 1 - 1e-9)), -FURTHEST, FURTHEST)


def _codes(said: pl.Series, feature: Feature) -> np.ndarray:
    if feature.borders:
        values = said.cast(pl.Float64).to_numpy()
        codes = np.searchsorted(np.asarray(feature.borders), values, side="left")
        return np.where(np.isnan(values), -1, codes).astype(np.int16)
    numbers = {value: n for n, value in enumerate(feature.values)}
    other = numbers.get(OTHER, -1)
    words = said.cast(pl.String)
    codes = words.replace_strict(numbers, default=other, return_dtype=pl.Int16)
    return codes.zip_with(
        words.is_not_null(), pl.repeat(-1, len(said), dtype=pl.Int16, eager=True)
    ).to_numpy()


def _different(candidates: Sequence[Feature], people: pl.DataFrame) -> list[Feature]:
    """Those with most to tell of a part, without any that better ones say already.

    Features are taken as independent within a persona. One that follows from others, as what was
    spent does from the orders and their mean, would make personas of its own.
    """
    seen = {each.name: _ordinal(each, people) for each in candidates}
    ranked = sorted(candidates, key=lambda each: (-_tells(seen[each.name]), each.name))
    kept: list[Feature] = []
    among = np.empty((0, 0))
    for each in ranked:
        own = np.array([_alike(seen[each.name], seen[other.name]) for other in kept])
        if _said_by(among, own) <= SAME:
            kept.append(each)
            among = np.block([[among, own[:, None]], [own[None, :], np.ones((1, 1))]])
        if len(kept) == MOST_OF_PART:
            break
    return kept


def _ordinal(feature: Feature, people: pl.DataFrame) -> np.ndarray:
    one = described(people, [feature])
    if feature.continuous:
        return one.numbers[:, 0]
    return np.where(one.categories[:, 0] < 0, np.nan, one.categories[:, 0].astype(float))


def _tells(values: np.ndarray) -> float:
    """Share of people with a value, times how evenly these spread (0..1)."""
    known = values[~np.isnan(values)]
    shares = np.histogram(known, bins=MOST_VALUES)[0] / max(len(known), 1)
    shares = shares[shares > 0]
    evenness = -(shares * np.log(shares)).sum() / np.log(MOST_VALUES)
    return len(known) / len(values) * float(evenness)


def _said_by(among: np.ndarray, own: np.ndarray) -> float:
    """Multiple correlation (0..1) of a feature with others: `own` with each, `among` with each other."""
    return float(np.sqrt(np.clip(own @ np.linalg.pinv(among) @ own, 0, 1))) if len(own) else 0.0


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of ranks (Spearman) among those of whom both are known."""
    from scipy.stats import rankdata  # noqa: PLC0415  for discovery only

    both = ~(np.isnan(one) | np.isnan(other))
    if both.sum() < CONTINUUM or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return 0.0
    return float(np.corrcoef([rankdata(values[both]) for values in (one, other)])[0, 1])


def by_name(chosen: Sequence[Feature]) -> Mapping[str, Feature]:
    """The features by the name of their trait."""
    return {each.name: each for each in chosen}
