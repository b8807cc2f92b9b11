"""How well texts are read: tone and rank beside a lexicon and always the commonest tone."""

import hashlib

import numpy as np
import polars as pl

from cdp.derive.sentiment.learning import Rated, learn
from cdp.derive.sentiment.scoring import NO_MODEL, TONES, Scorer, scored
from cdp.derive.sentiment.tokens import Real, Whole
from cdp.model.sentiment import SentimentFigures

HELD_BACK = 0.3
BINS = 10


def held_back(person: pl.Series, share: float = HELD_BACK) -> pl.Series:
    """Whether the texts of each person are kept from learning: by a hash of the person.

    All texts of a person fall on one side, so that nothing of how one person writes leaks.
    """
    people = person.unique()
    drawn = [
        int.from_bytes(hashlib.sha256(f"held back {each}".encode()).digest()[:4]) / 2**32 < share
        for each in people
    ]
    return person.replace_strict(people, pl.Series(drawn), return_dtype=pl.Boolean)


def tones_of(score: Real) -> Whole:
    """Stated scores as tones: -1, 0, 1; between -0.25 and 0.25 they are neutral."""
    return np.where(score > 0.25, 1, np.where(score < -0.25, -1, 0))


def evaluated(rated: Rated) -> list[SentimentFigures]:
    """A model learnt from most people, its lexicon, and the commonest tone, on the texts of the rest."""
    back = held_back(rated.texts["person"])
    learning, test = rated.texts.filter(~back), rated.texts.filter(back)
    if not test.height or not Rated(rated.language, learning).enough:
        return []
    model = learn(Rated(rated.language, learning))
    asked = test.select("text", "kind", channel=pl.lit("asked"))
    usual = {"asked": rated.language}
    by_model = scored(Scorer({rated.language: model}, usual), asked)
    by_lexicon = scored(Scorer({}, usual), asked)
    stated = test["score"].to_numpy()
    found = [figures_of(rated.language, "model", by_model, stated)]
    if (by_lexicon["model"] != NO_MODEL).any():
        found.append(figures_of(rated.language, "lexicon", by_lexicon, stated))
    return [*found, majority(rated.language, learning["score"].to_numpy(), stated)]


def figures_of(language: str, by: str, scores: pl.DataFrame, stated: Real) -> SentimentFigures:
    """Figures of `scores` (polarity, tone, confidence) against what was stated."""
    tone = scores["tone"].replace_strict(list(TONES), [-1, 0, 1], return_dtype=pl.Int64).to_numpy()
    right, sure = tone == tones_of(stated), scores["confidence"].to_numpy()
    return SentimentFigures(
        language=language,
        by=by,
        texts=len(stated),
        accuracy=round(float(right.mean()), 4),
        macro_f1=round(macro_f1(tones_of(stated), tone), 4),
        rank_correlation=round(rank_correlation(scores["polarity"].to_numpy(), stated), 4),
        calibration_error=round(_calibration_error(sure, right), 4),
    )


def majority(language: str, learnt: Real, stated: Real) -> SentimentFigures:
    """Figures of always the commonest tone of `learnt`."""
    values, counts = np.unique(tones_of(learnt), return_counts=True)
    always = np.full(len(stated), values[counts.argmax()])
    true = tones_of(stated)
    return SentimentFigures(
        language=language,
        by="majority",
        texts=len(stated),
        accuracy=round(float((always == true).mean()), 4),
        macro_f1=round(macro_f1(true, always), 4),
        rank_correlation=None,
    )


def macro_f1(true: Whole, said: Whole) -> float:
    """The mean over the tones that occur of 2 · right / (said + true)."""
    each = [
        2 * ((true == tone) & (said == tone)).sum() / ((true == tone).sum() + (said == tone).sum())
        for tone in np.unique(np.r_[true, said])
    ]
    return float(np.mean(each))


def rank_correlation(one: Real, other: Real) -> float:
    """Spearman's, with mean ranks for ties."""
    ranks = pl.DataFrame({"one": one, "other": other}).select(pl.all().rank())
    return float(np.corrcoef(ranks["one"].to_numpy(), ranks["other"].to_numpy())[0, 1])


def _calibration_error(sure: Real, right: np.ndarray) -> float:
    place = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    total = np.bincount(place, sure - right, BINS)
    return float(np.abs(total).sum() / len(sure))
