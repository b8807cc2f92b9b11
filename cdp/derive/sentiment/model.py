"""A model of one language: how good or bad a text is, as a sum over its terms."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cdp.derive.sentiment.clauses import Clauses
from cdp.derive.sentiment.features import (
    Compact,
    Vocabulary,
    counts,
    weighed,
)
from cdp.derive.sentiment.languages import language_named
from cdp.derive.sentiment.lexicon import lexicon_of, normalised, valences
from cdp.derive.sentiment.tokens import Real, Tokens, Truth, Whole, totals

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# A stated score beyond each of these borders is one more step up: -1, -0.5, 0, 0.5, 1.
BORDERS = (-0.75, -0.25, 0.25, 0.75)
EVEN = np.log(np.array([4.0, 1.5, 2 / 3, 0.25]))  # log odds where all five steps are equally likely
HALFWAY = 4.0  # valence for or against at which half of that lexicon feature is reached
LEXICON_WEIGHT = 0.5  # beside term rows of length one
VERSION = 1  # of how texts are read and weighed; raised whenever that changes


@dataclass(frozen=True)
class Judgement:
    """Of each unit: the expected score, the likeliest tone (-1, 0, 1) and its probability."""

    polarity: Real
    tone: Whole
    confidence: Real


@dataclass(frozen=True)
class Model:
    """An ordinal model: for each border, the log odds that the stated score lies beyond it.

    `weights`: of terms and lexicon features by borders; `intercepts`: the log odds of a text without
    any, by kind of event, and under "" of kinds that nobody rates.
    """

    language: str
    vocabulary: Vocabulary
    rarity: Compact
    weights: Compact
    intercepts: Mapping[str, tuple[float, ...]]
    aspects: tuple[str, ...] = ()

    @cached_property
    def model(self) -> str:
        """Its id: the language and a digest of its parameters."""
        return f"{self.language}-{hashlib.sha256(self.document).hexdigest()[:12]}"

    @cached_property
    def pull(self) -> Real:
        """How far each term moves the polarity: its mean weight over the borders."""
        return self.weights[: self.vocabulary.size].mean(axis=1).astype(np.float64)

    @cached_property
    def spelled(self) -> pl.Series:
        """Every term as it reads."""
        words = self.vocabulary.words
        pairs = [f"{words[one]} {words[two]}" for one, two in self.vocabulary.pairs]
        return pl.Series([*words, *pairs], dtype=pl.String)

    @cached_property
    def telling(self) -> Truth:
        """Whether a term says something by itself: not only marks and words that all texts have."""
        dull = language_named(self.language).function
        said = [len(w) > 2 and w.isalpha() and w not in dull for w in self.vocabulary.words]
        words = np.array(said, bool)
        return np.r_[words, words[self.vocabulary.pairs].any(axis=1)]

    def terms(self, tokens: Tokens, unit: Whole, units: int) -> "csr_matrix":
        """The weighed terms of each unit."""
        return weighed(counts(self.vocabulary, tokens, unit, units), self.rarity)

    def judge(self, terms: "csr_matrix", known: Real, base: Real) -> Judgement:
        """What units with these terms and lexicon features say; `base`: log odds of empty ones."""
        size = self.vocabulary.size
        odds = terms @ self.weights[:size] + known @ self.weights[size:] + base
        return judged(1.0 / (1.0 + np.exp(-odds)))

    def base_of(self, kinds: list[str]) -> Real:
        """The log odds of texts of these kinds before a word is read."""
        other = self.intercepts[""]
        return np.array([self.intercepts.get(kind, other) for kind in kinds]).reshape(
            -1, len(other)
        )

    @cached_property
    def document(self) -> bytes:
        """The whole model as bytes."""
        kept = io.BytesIO()
        head = {
            "version": VERSION,
            "language": self.language,
            "intercepts": self.intercepts,
            "aspects": self.aspects,
            "words": self.vocabulary.words,
        }
        np.savez_compressed(
            kept,
            head=np.frombuffer(json.dumps(head, sort_keys=True).encode(), np.uint8),
            pairs=self.vocabulary.pairs.astype(np.int32),
            rarity=self.rarity,
            weights=self.weights,
        )
        return kept.getvalue()

    @classmethod
    def of(cls, document: bytes) -> "Model":
        """The model that these bytes are."""
        with np.load(io.BytesIO(document), allow_pickle=False) as parts:
            head: dict[str, Any] = json.loads(parts["head"].tobytes())
            return cls(
                language=head["language"],
                vocabulary=Vocabulary(tuple(head["words"]), parts["pairs"].astype(np.int64)),
                rarity=parts["rarity"],
                weights=parts["weights"],
                intercepts={kind: tuple(odds) for kind, odds in head["intercepts"].items()},
                aspects=tuple(head["aspects"]),
            )


def judged(beyond: Real) -> Judgement:
    """From the probabilities to lie beyond each border: expected score, tone and its probability."""
    good, bad = beyond[:, 2], 1.0 - beyond[:, 1]
    tones = np.stack([bad, np.maximum(1.0 - good - bad, 0.0), good], axis=1)
    tones /= tones.sum(axis=1, keepdims=True)
    return Judgement(
        polarity=np.clip(beyond.sum(axis=1) / 2.0 - 1.0, -1.0, 1.0),
        tone=tones.argmax(axis=1) - 1,
        confidence=tones.max(axis=1),
    )


def worth_of(language: str, tokens: Tokens, clauses: Clauses) -> Real:
    """What the lexicon says of each token; nothing in a language without a lexicon."""
    lexicon = lexicon_of(language)
    return np.zeros(len(tokens.word)) if lexicon is None else valences(lexicon, tokens, clauses)


def told(worth: Real, unit: Whole, units: int) -> Real:
    """What the lexicon says of each unit: polarity, and how much speaks for and against (0..1)."""
    good = totals(unit, np.maximum(worth, 0), units)
    bad = totals(unit, np.maximum(-worth, 0), units)
    return LEXICON_WEIGHT * np.stack(
        [normalised(good - bad), good / (good + HALFWAY), bad / (bad + HALFWAY)], axis=1
    )
