"""Learning a model from the rated texts of one language."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cdp.derive.sentiment.clauses import clauses_of
from cdp.derive.sentiment.discovery import discovered
from cdp.derive.sentiment.features import (
    FEWEST_PEOPLE,
    counts,
    rarity_of,
    vocabulary_of,
    weighed,
)
from cdp.derive.sentiment.languages import language_named
from cdp.derive.sentiment.model import BORDERS, EVEN, Model, told, worth_of
from cdp.derive.sentiment.tokens import Real, Truth, tokens_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ENOUGH_TEXTS = 500  # rated, of one language; docs/sentiment.md shows what fewer are worth
ENOUGH_OF_EACH = 25  # good ones and bad ones
ENOUGH_OF_A_KIND = 200  # for a kind of event to have shares of its own
REGULAR = 4.0  # scikit-learn's C
ROUNDS = 200


@dataclass(frozen=True)
class Rated:
    """Rated texts of one language: text, score (-1..1), kind and person, one row a text."""

    language: str
    texts: pl.DataFrame

    @property
    def enough(self) -> bool:
        """Whether a model can be learnt from them."""
        score, people = self.texts["score"], self.texts["person"].n_unique()
        each = min((score > BORDERS[2]).sum(), (score < BORDERS[1]).sum())
        return (
            self.texts.height >= ENOUGH_TEXTS and each >= ENOUGH_OF_EACH and people > FEWEST_PEOPLE
        )


def learn(rated: Rated) -> Model:
    """The model of these texts; equal texts in equal order give an equal model."""
    texts = rated.texts
    tokens = tokens_of(texts["text"])
    clauses = clauses_of(tokens, language_named(rated.language))
    person = texts["person"].rank("dense").to_numpy().astype(np.int64)
    vocabulary = vocabulary_of(tokens, person)
    counted = counts(vocabulary, tokens, tokens.text, tokens.texts)
    rarity = rarity_of(counted, vocabulary.size)
    worth = worth_of(rated.language, tokens, clauses)
    known = told(worth, tokens.text, tokens.texts)
    score = texts["score"].to_numpy()
    kinds = _kinds(texts["kind"])
    weights, intercepts = _fitted(weighed(counted, rarity), known, kinds, score)
    return Model(
        language=rated.language,
        vocabulary=vocabulary,
        rarity=rarity.astype(np.float32),
        weights=weights.astype(np.float32),
        intercepts=intercepts,
        aspects=discovered(rated.language, tokens, person, score),
    )


def _kinds(kind: pl.Series) -> dict[str, Truth]:
    """Which texts are of each kind that has enough of them."""
    names = [name for name, texts in kind.value_counts().rows() if texts >= ENOUGH_OF_A_KIND]
    return {name: (kind == name).to_numpy() for name in sorted(names)}


def _fitted(
    terms: "csr_matrix", known: Real, kinds: dict[str, Truth], score: Real
) -> tuple[Real, dict[str, tuple[float, ...]]]:
    """Weights and intercepts: one logistic regression a border.

    Borders that divide the texts alike share theirs. Each kind has an intercept of its own, so that
    words need not tell reviews from posts. A kind that nobody rates gets what is left of these when
    the shares of the kind's tones are taken out, which reads it as if all five steps were equally
    likely (the shift of shares of Saerens, Latinne and Decaestecker 2002).
    """
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415  slow to import
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  slow to import

    own = np.stack([rows.astype(np.float64) for rows in kinds.values()] or [np.zeros(len(score))])
    columns = hstack([terms, csr_matrix(known), csr_matrix(own.T)]).tocsr()
    size = columns[:1].toarray().size - len(own)
    weights = np.zeros((size + len(own), len(BORDERS)))
    common = np.zeros(len(BORDERS))
    for places, beyond in _divisions(score):
        # Of the solvers that leave the intercept alone the fastest here.
        fit = LogisticRegression(C=REGULAR, solver="newton-cg", tol=1e-3, max_iter=ROUNDS).fit(
            columns, beyond
        )
        weights[:, places] = fit.coef_.T
        common[places] = fit.intercept_
    parts = {name: common + weights[size + n] for n, name in enumerate(kinds)}
    groups = kinds or {"": np.ones(len(score), bool)}
    bare = [
        (rows.sum(), parts.get(name, common) - _odds(score[rows])) for name, rows in groups.items()
    ]
    parts[""] = EVEN + sum(texts * left for texts, left in bare) / sum(texts for texts, _ in bare)
    return weights[:size], {name: tuple(np.round(odds, 6).tolist()) for name, odds in parts.items()}


def _divisions(score: Real) -> list[tuple[list[int], Truth]]:
    """The borders that divide the texts, grouped by how they do; one beyond all scores joins the next."""
    groups: list[tuple[list[int], Truth]] = []
    for place, border in enumerate(BORDERS):
        beyond = score > border
        empty = beyond.all() or not beyond.any()
        if groups and (empty or np.array_equal(groups[-1][1], beyond)):
            groups[-1][0].append(place)
        elif empty:
            continue
        else:
            before = [] if groups else list(range(place))
            groups.append(([*before, place], beyond))
    return groups


def _odds(score: Real) -> Real:
    """Log odds to lie beyond each border. Smoothed by one text at each step, so that none is impossible."""
    even = 1.0 / (1.0 + np.exp(-EVEN))
    beyond = np.array([(score > border).sum() for border in BORDERS])
    share = (beyond + 5 * even) / (len(score) + 5)
    return np.log(share / (1 - share))
