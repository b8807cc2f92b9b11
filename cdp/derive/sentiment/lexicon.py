"""Lexicons: what words are worth by themselves, for English (VADER) and Portuguese (LeIA)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from cdp.derive.sentiment.clauses import Clauses
from cdp.derive.sentiment.tokens import Real, Tokens, word_of

# Hutto and Gilbert 2014: a negated word is worth -0.74 of itself, an intensifier 0.293, less the
# farther away it stands; the sum of a text is brought to -1..1 by x / sqrt(x² + 15).
NEGATED = -0.74
BOOST = 0.293
FADING = (1.0, 0.95, 0.9)
ALPHA = 15.0
FILES = {
    "en": ("vaderSentiment", "vader_lexicon.txt", "emoji_utf8_lexicon.txt"),
    "pt": ("LeIA", "lexicons/vader_lexicon_ptbr.txt", "lexicons/emoji_utf8_lexicon_ptbr.txt"),
}


@dataclass(frozen=True)
class Lexicon:
    """Valences (about -4..4) and intensifiers of one language."""

    language: str
    valence: Mapping[str, float]
    boost: Mapping[str, float]

    @cached_property
    def model(self) -> str:
        """The id under which its scores are kept."""
        said = json.dumps([self.valence, self.boost], sort_keys=True)
        return f"lexicon-{self.language}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"


@cache
def lexicon_of(language: str | None) -> Lexicon | None:
    """The lexicon of a language; None where there is none."""
    if language not in FILES:
        return None
    package, words, emojis = FILES[language]
    spec = find_spec(package)
    assert spec is not None  # noqa: S101  a dependency
    assert spec.origin is not None  # noqa: S101
    folder = Path(spec.origin).parent
    valence: dict[str, float] = {}
    for line in (folder / words).read_text("utf-8").splitlines():
        said, _, rest = line.strip().partition("\t")
        word = word_of(said) if said else ""
        if word.isalpha() or (word == said and len(word) > 1):  # not `8)` as any number
            valence.setdefault(word, float(rest.partition("\t")[0]))
    for line in (folder / emojis).read_text("utf-8").splitlines():
        emoji, _, description = line.strip().partition("\t")
        worth = sum(valence.get(word_of(word), 0.0) for word in description.split())
        if worth:
            valence.setdefault(emoji, worth)
    return Lexicon(language, valence, _boosters(language, folder))


def _boosters(language: str, folder: Path) -> Mapping[str, float]:
    if language == "en":
        from vaderSentiment.vaderSentiment import BOOSTER_DICT  # noqa: PLC0415  pyright: ignore[reportMissingTypeStubs]

        said = {word: value > 0 for word, value in BOOSTER_DICT.items()}
    else:
        lines = (folder / "lexicons/booster.txt").read_text("utf-8").splitlines()
        parts = [line.strip().rpartition(" ") for line in lines if line.strip()]
        said = {word: sign == "INCR" for word, _, sign in parts}
    return {word_of(w): BOOST if up else -BOOST for w, up in said.items() if " " not in w}


def valences(lexicon: Lexicon, tokens: Tokens, clauses: Clauses) -> Real:
    """What each token is worth where it stands: intensified, and turned by a negation."""
    worth = np.array([lexicon.valence.get(word, 0.0) for word in tokens.words])[tokens.word]
    boost = np.array([lexicon.boost.get(word, 0.0) for word in tokens.words])[tokens.word]
    sign, added = np.sign(worth), np.zeros(len(worth))
    for distance, share in enumerate(FADING, 1):
        same = clauses.clause[distance:] == clauses.clause[:-distance]
        added[distance:] += share * boost[:-distance] * same
    worth = worth + sign * added
    return np.where(clauses.negated, NEGATED * worth, worth)


def normalised(total: Real) -> Real:
    """Sums of valences as polarities from -1 to 1."""
    return total / np.sqrt(total * total + ALPHA)
