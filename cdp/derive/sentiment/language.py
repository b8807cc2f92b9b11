"""Which language a text is in: by its commonest words, else by its letters, else as usual."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cdp.derive.sentiment.languages import languages
from cdp.derive.sentiment.lexicon import FILES, lexicon_of
from cdp.derive.sentiment.tokens import Tokens

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Languages that many people write in; more candidates would only tempt on short texts ("bom" is
# Wolof to a detector that knows 100 languages).
CANDIDATES = [
    "ar",
    "bg",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hr",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "lt",
    "lv",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sv",
    "th",
    "tr",
    "uk",
    "vi",
    "zh",
]
LETTERS = 200  # of a text are looked at
SURE = 0.5  # of a language by its letters
ENOUGH, AHEAD = 2, 2.0  # common words, and how many times those of the next language


def languages_of(texts: pl.Series, tokens: Tokens, usual: pl.Series) -> pl.Series:
    """The language (ISO 639-1) of each text; null where nothing tells it.

    A text with at least two common words of one language, twice as many as of any other, is of that
    language. Of the others py3langid judges the letters, among languages that many people write in.
    Where it is not sure either, as of "ok" or "top!!!", the text is in its source's `usual` language,
    and where none is known, in that of the lexicon that knows most of its words.
    """
    common = {name: each.function for name, each in languages().items()}
    told = _leading(tokens, common, ENOUGH, AHEAD)
    rest = np.flatnonzero(told.is_null())
    judged = pl.Series(
        [_judged(text) for text in texts.gather(rest).fill_null("")], dtype=pl.String
    )
    told = told.scatter(rest, judged)
    worth = {name: lexicon.valence for name in FILES if (lexicon := lexicon_of(name))}
    return pl.select(pl.coalesce(told, usual, _leading(tokens, worth, 1, AHEAD))).to_series()


def _leading(
    tokens: Tokens, words: Mapping[str, Iterable[str]], enough: int, ahead: float
) -> pl.Series:
    """The language of which a text has `enough` words, and so much more than of the next."""
    names = list(words)
    hits = np.stack(
        [
            np.bincount(tokens.text[tokens.of_words(words[name])], minlength=tokens.texts)
            for name in names
        ]
    )
    order = np.sort(hits, axis=0)
    leads = (order[-1] >= enough) & (order[-1] >= ahead * order[-2])
    places = np.where(leads, hits.argmax(axis=0), -1)
    return pl.Series([names[place] if place >= 0 else None for place in places], dtype=pl.String)


def _judged(text: str) -> str | None:
    if not any(letter.isalpha() for letter in text):
        return None
    language, sure = _identifier().classify(text[:LETTERS])
    return language if sure >= SURE else None


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  loads for seconds

    made = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    made.set_languages(CANDIDATES)
    return made
