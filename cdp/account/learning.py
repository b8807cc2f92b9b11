"""Learning an ideal customer profile from won deals: logistic regression, calibrated and explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from cdp.derive.registry import known_trait
from cdp.errors import NothingToLearn
from cdp.model.expression import TraitIs
from cdp.model.icp import (
    Calibration,
    Criterion,
    IcpDefinition,
    Interval,
    LearningReport,
    Subject,
)

FEWEST = 30  # won, and not won: below that no figure of them means anything
FEWEST_OF_A_VALUE = 20  # candidates; rarer values say nothing
MOST_VALUES = 20  # of one trait
MOST_APART = 0.25  # shares of the won and of the others of whom a trait is known
TOO_GOOD = 0.95  # an area that what a company is like before a deal does not reach
FOLDS = 5
RESAMPLES = 500
NUMBERS = ("integer", "number", "money", "age")
SEED = 0

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# What companies are like before anything was sold to them.
FIRMOGRAPHICS = (
    "account.section", "account.line", "account.size", "account.country", "employees", "revenue",
    "founded", "technology",
)  # fmt: skip


@dataclass
class Features:
    """Criteria as columns: which candidates each of them holds for."""

    criteria: list[TraitIs] = field(default_factory=list)
    columns: list[Bools] = field(default_factory=list)
    traits: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def matrix(self) -> Floats:
        """Candidates by criteria."""
        return np.column_stack(self.columns).astype(np.float64)


def learn(
    name: str,
    candidates: pl.DataFrame,
    won: Bools,
    traits: Sequence[str],
    *,
    subject: Subject,
    description: str = "",
) -> IcpDefinition:
    """The ideal customer profile that tells won candidates from the others best.

    Args:
        name: of the profile.
        candidates: column `traits`, the JSON text of what was known of each.
        won: which of them were won.
        traits: the traits that may be read. One that is known of the won only says that they were
            won, not why, and is left out.
        subject: what the candidates are.
        description: in words.

    Raises NothingToLearn where too few were won, or no trait can be used.
    """
    losses = int((~won).sum())
    if min(int(won.sum()), losses) < FEWEST:
        raise NothingToLearn(
            f"not enough data: {int(won.sum())} won and {losses} not won; {FEWEST} of each are needed"
        )
    features = features_of(candidates, won, traits)
    if not features.columns:
        why = "; ".join(f"{trait}: {reason}" for trait, reason in features.left_out.items())
        raise NothingToLearn(f"no trait says anything of the candidates: {why}")
    matrix = features.matrix
    unseen = _unseen(matrix, won)
    model = _model().fit(matrix, won)
    slope, intercept = _platt(unseen, won)
    sums = matrix @ model.coef_[0].round(9)
    return IcpDefinition(
        name=name,
        description=description,
        subject=subject,
        criteria=tuple(
            Criterion(when=criterion, weight=round(float(weight), 9))
            for criterion, weight in zip(features.criteria, model.coef_[0], strict=True)
        ),
        calibration=Calibration(
            slope=slope,
            intercept=slope * float(model.intercept_[0]) + intercept,
            percentiles=tuple(np.quantile(sums, np.linspace(0, 1, 101)).round(9).tolist()),
        ),
        report=_report(features, unseen, won, _heaviest(features, model.coef_[0])),
    )


def features_of(candidates: pl.DataFrame, won: Bools, traits: Sequence[str]) -> Features:
    """The criteria that the values of the traits give."""
    features = Features()
    for trait in dict.fromkeys(traits):
        told = candidates["traits"].to_frame().select(
            pl.col("traits").str.json_path_match(f"$['{trait}']")
        ).to_series()  # fmt: skip
        if reason := _useless(told, won):
            features.left_out[trait] = reason
        elif found := list(_criteria(trait, told)):
            features.traits.append(trait)
            for criterion, holds in found:
                features.criteria.append(criterion)
                features.columns.append(holds)
        else:
            features.left_out[trait] = _no_criterion(told)
    return features


def _useless(told: pl.Series, won: Bools) -> str | None:
    known = told.is_not_null().to_numpy()
    if not known.any():
        return "of no candidate is it known"
    of_won, of_others = float(known[won].mean()), float(known[~won].mean())
    if not of_others or of_won > 10 * of_others + 0.05:
        return "it is known of the won only: it tells that they were won, not why"
    if abs(of_won - of_others) > MOST_APART:
        return (
            f"it is known of {of_won:.0%} of the won and {of_others:.0%} of the others: that it is "
            "known would tell more than what it says"
        )
    return None


def _no_criterion(told: pl.Series) -> str:
    commonest = int(told.drop_nulls().value_counts()["count"].max())  # pyright: ignore[reportArgumentType]
    if commonest < FEWEST_OF_A_VALUE:
        return f"no value is stated by {FEWEST_OF_A_VALUE} candidates"
    return f"{commonest} of {len(told)} candidates state the same: it tells nobody apart"


def _criteria(trait: str, told: pl.Series):  # noqa: ANN202  a generator of criterion and column
    kind = known_trait(trait).type
    if kind in NUMBERS:
        yield from _bands(trait, told.cast(pl.Float64, strict=False))
        return
    values = told
    if kind == "list":
        values = told.str.json_decode(pl.List(pl.String)).explode()
    counts = values.drop_nulls().value_counts(sort=True)
    for value, count in counts.head(MOST_VALUES).iter_rows():
        if FEWEST_OF_A_VALUE <= count <= len(told) - FEWEST_OF_A_VALUE:
            if kind == "list":
                held = told.str.json_decode(pl.List(pl.String)).list.contains(value)
                yield TraitIs(trait=trait, contains=value), _mask(held)
            else:
                yield TraitIs(trait=trait, is_=value), _mask(told == value)


def _bands(trait: str, numbers: pl.Series):  # noqa: ANN202
    """Between the quartiles."""
    quartiles = (numbers.quantile(share) for share in (0.25, 0.5, 0.75))
    edges = [None, *sorted({bound for bound in quartiles if bound is not None}), None]
    for low, high in pairwise(edges):
        said = {"at_least": low, "below": high}
        holds = numbers.is_not_null()
        holds &= (numbers >= low) if low is not None else True
        holds &= (numbers < high) if high is not None else True
        if (limits := {k: v for k, v in said.items() if v is not None}) and 0 < holds.sum() < len(
            holds
        ):
            yield TraitIs(trait=trait, **limits), _mask(holds)


def _mask(holds: pl.Series) -> Bools:
    return holds.fill_null(value=False).to_numpy()


def _model() -> LogisticRegression:
    return LogisticRegression(C=1.0, max_iter=1_000)


def _unseen(matrix: Floats, won: Bools) -> Floats:
    """The log-odds of each candidate by a model that has not seen it."""
    unseen = np.empty(len(won))
    for rest, fold in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(matrix, won):
        unseen[fold] = _model().fit(matrix[rest], won[rest]).decision_function(matrix[fold])
    return unseen


def _platt(unseen: Floats, won: Bools) -> tuple[float, float]:
    """Slope and intercept from log-odds to calibrated ones."""
    # A negative slope would turn the order round where the model is no use at all.
    fitted = LogisticRegression(C=1e6, max_iter=1_000).fit(unseen[:, None], won)
    slope = max(float(fitted.coef_[0, 0]), 0.0)
    if slope == 0.0:
        return 0.0, float(np.log(won.mean() / (1 - won.mean())))
    return slope, float(fitted.intercept_[0])


def _heaviest(features: Features, weights: Floats) -> str:
    return features.criteria[int(np.abs(weights).argmax())].trait


def _report(features: Features, unseen: Floats, won: Bools, heaviest: str) -> LearningReport:
    predicted = 1 / (1 + np.exp(-unseen))
    area = _auc_with_interval(unseen, won)
    share = float(won.mean())
    return LearningReport(
        won=int(won.sum()),
        candidates=len(won),
        auc=area,
        brier=round(float(np.mean((predicted - won) ** 2)), 6),
        brier_base=round(share * (1 - share), 6),
        calibration=_fifths(predicted, won),
        traits=features.traits,
        left_out=features.left_out,
        verdict=_verdict(area, heaviest),
    )


def _verdict(area: Interval, heaviest: str) -> str:
    if area.value >= TOO_GOOD:
        return (
            f"too good to be true: {heaviest} seems to tell that a deal was won, rather than why; "
            "learn again without it"
        )
    if area.low <= 0.5:
        return "no better than chance: these traits do not tell who is won; do not use it"
    if area.value < 0.7:
        return "weak: better than chance, but most of what decides is not in these traits"
    return "useful: it tells won from others better than chance by far"


def _fifths(predicted: Floats, won: Bools) -> list[Mapping[str, float]]:
    parts = np.array_split(np.argsort(predicted, kind="stable"), 5)
    return [
        {
            "predicted": round(float(predicted[part].mean()), 4),
            "won": round(float(won[part].mean()), 4),
            "candidates": len(part),
        }
        for part in parts
    ]


def _auc_with_interval(unseen: Floats, won: Bools) -> Interval:
    chance = np.random.default_rng(SEED)
    areas = []
    for _ in range(RESAMPLES):
        sample = chance.integers(0, len(won), len(won))
        if won[sample].any() and not won[sample].all():
            areas.append(auc(unseen[sample], won[sample]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return Interval(
        value=round(auc(unseen, won), 4), low=round(float(low), 4), high=round(float(high), 4)
    )


def auc(scores: Floats, won: Bools) -> float:
    """The chance that a won one scores above another, ties half (Mann and Whitney, 1947)."""
    ranks = pl.Series(scores).rank("average").to_numpy()
    n = int(won.sum())
    return float((ranks[won].sum() - n * (n + 1) / 2) / (n * (len(won) - n)))
