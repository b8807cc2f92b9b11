"""What is known of languages beforehand: words that tell them, negations, contrasts, aspects."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from cdp.derive.sentiment.tokens import word_of

HERE = Path(__file__).parent


class Language(BaseModel):
    """The words of one language that have a meaning of their own for sentiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    function: frozenset[str]
    negation: frozenset[str]
    contrast: frozenset[str]
    article: frozenset[str]
    joining: frozenset[str]


@cache
def languages() -> Mapping[str, Language]:
    """The languages whose words are known, by ISO 639-1."""
    declared = yaml.safe_load((HERE / "words.yaml").read_text())
    return {
        name: Language(**{part: frozenset(map(word_of, words)) for part, words in parts.items()})
        for name, parts in declared.items()
    }


NOTHING = Language(**dict.fromkeys(Language.model_fields, frozenset()))


def language_named(name: str | None) -> Language:
    """What is known of a language; of one without words here, nothing."""
    return languages().get(name or "", NOTHING)


@cache
def aspect_words(language: str | None) -> Mapping[str, str]:
    """Aspect by the word, or beginning of a word (`deliver*`), that means it in a language."""
    declared = yaml.safe_load((HERE / "aspects.yaml").read_text())
    return {
        (word_of(word.rstrip("*")) + "*" if word.endswith("*") else word_of(word)): aspect
        for aspect, words in declared.items()
        for word in words.get(language or "", ())
    }


def aspect_of(word: str, known: Mapping[str, str]) -> str | None:
    """The aspect that `word` means; the longest beginning of a word decides."""
    if word in known:
        return known[word]
    for end in range(len(word), 2, -1):
        if (aspect := known.get(word[:end] + "*")) is not None:
            return aspect
    return None
