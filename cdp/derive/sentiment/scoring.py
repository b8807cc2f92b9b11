"""Scoring: what texts feel, as a whole and by aspect, and by which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cdp.derive.sentiment.aspects import aspects_of
from cdp.derive.sentiment.clauses import Clauses, clauses_of
from cdp.derive.sentiment.drivers import Pulls, drivers
from cdp.derive.sentiment.language import languages_of
from cdp.derive.sentiment.languages import language_named
from cdp.derive.sentiment.lexicon import Lexicon, lexicon_of, normalised, valences
from cdp.derive.sentiment.model import Judgement, Model, told, worth_of
from cdp.derive.sentiment.tokens import Real, Tokens, Whole, tokens_of, totals

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NO_MODEL = "none"
TONES = ("negative", "neutral", "positive")
LEXICON_NEUTRAL = 0.05  # as VADER's authors divide its scores
SCORES = {
    "model": pl.String,
    "language": pl.String,
    "polarity": pl.Float64,
    "tone": pl.String,
    "confidence": pl.Float64,
    "words": pl.List(pl.String),
    "aspects": pl.String,
}


@dataclass(frozen=True)
class Scorer:
    """The models in force by language, and the language that each channel usually speaks."""

    models: Mapping[str, Model] = field(default_factory=dict)
    usual: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """The texts of one language, read: as wholes and clause by clause, with what pulled."""

    model: str
    whole: Judgement
    pulls: Pulls
    polarity: Real  # of the clauses
    parts: Pulls


def scored(scorer: Scorer, texts: pl.DataFrame) -> pl.DataFrame:
    """The scores of `texts` (text, kind, channel), row by row; columns as in SCORES.

    `polarity` is the expected score (-1..1), `tone` the likeliest of negative, neutral and positive,
    `confidence` its probability: calibrated where a model was learnt, (1 + |polarity|) / 3 by a
    lexicon, and 0 where a language has neither, which leaves only what was stated. `words` are those
    that drove the polarity, `aspects` a JSON object of {aspect: {polarity, words}}.
    """
    usual = texts["channel"].replace_strict(scorer.usual, default=None, return_dtype=pl.String)
    language = languages_of(texts["text"], tokens_of(texts["text"]), usual)
    numbered = texts.with_columns(language=language).with_row_index("row")
    parts = [
        _of_language(scorer, group)
        for _, group in numbered.group_by("language", maintain_order=True)
    ]
    return pl.concat(parts).sort("row").drop("row") if parts else pl.DataFrame(schema=SCORES)


def _of_language(scorer: Scorer, texts: pl.DataFrame) -> pl.DataFrame:
    language = texts["language"][0]
    tokens = tokens_of(texts["text"])
    clauses = clauses_of(tokens, language_named(language))
    model, lexicon = scorer.models.get(language), lexicon_of(language)
    if model is not None:
        read = _by_model(model, tokens, clauses, texts["kind"].to_list())
    elif lexicon is not None:
        read = _by_lexicon(lexicon, tokens, clauses)
    else:
        read = _unread(tokens, clauses)
    known = (language if read.model != NO_MODEL else None, model.aspects if model else ())
    return texts.select(
        "row",
        model=pl.lit(read.model),
        language="language",
        polarity=pl.Series(read.whole.polarity.round(4)),
        tone=pl.Series(TONES, dtype=pl.String).gather(read.whole.tone + 1),
        confidence=pl.Series(read.whole.confidence.round(4)),
        words=drivers(read.pulls, read.whole.polarity).cast(pl.List(pl.String)),
        aspects=aspects_of(tokens, clauses, read.polarity, read.parts, known),
    )


def _by_model(model: Model, tokens: Tokens, clauses: Clauses, kinds: list[str]) -> Read:
    base = model.base_of(kinds)
    worth = worth_of(model.language, tokens, clauses)
    terms = model.terms(tokens, tokens.text, tokens.texts)
    whole = model.judge(terms, told(worth, tokens.text, tokens.texts), base)
    parts = model.terms(tokens, clauses.clause, clauses.count)
    # A clause is judged as if it were a text of its own.
    own = model.judge(parts, told(worth, clauses.clause, clauses.count), base[clauses.text])
    return Read(model.model, whole, _pulls(model, terms), own.polarity, _pulls(model, parts))


def _pulls(model: Model, terms: "csr_matrix") -> Pulls:
    rows = np.repeat(np.arange(len(terms.indptr) - 1), np.diff(terms.indptr))
    kept = model.telling[terms.indices]
    columns = terms.indices[kept].astype(np.int64)
    pull = terms.data[kept] * model.pull[columns]
    return Pulls(rows[kept].astype(np.int64), columns, pull, model.spelled)


def _by_lexicon(lexicon: Lexicon, tokens: Tokens, clauses: Clauses) -> Read:
    worth = valences(lexicon, tokens, clauses)
    polarity = normalised(totals(tokens.text, worth, tokens.texts))
    tone = np.where(np.abs(polarity) >= LEXICON_NEUTRAL, np.sign(polarity), 0).astype(np.int64)
    moved = np.flatnonzero(worth)
    # Each word twice: as it is, and negated.
    term = tokens.word[moved] + len(tokens.words) * clauses.negated[moved]
    words = pl.Series(tokens.words, dtype=pl.String)
    spelled = words.append("not " + words) if len(words) else words

    def pulls(unit: Whole) -> Pulls:
        return Pulls(unit[moved], term, worth[moved], spelled)

    return Read(
        lexicon.model,
        Judgement(polarity, tone, (1.0 + np.abs(polarity)) / 3.0),
        pulls(tokens.text),
        normalised(totals(clauses.clause, worth, clauses.count)),
        pulls(clauses.clause),
    )


def _unread(tokens: Tokens, clauses: Clauses) -> Read:
    none = np.zeros(0, np.int64)
    nothing = Pulls(none, none, np.zeros(0), pl.Series(dtype=pl.String))
    silent = np.zeros(tokens.texts)
    return Read(
        NO_MODEL,
        Judgement(silent, silent.astype(np.int64), silent),
        nothing,
        np.zeros(clauses.count),
        nothing,
    )
