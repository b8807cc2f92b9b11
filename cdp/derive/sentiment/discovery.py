"""Aspects nobody named: things that many people write of, and that change how they rate."""

import numpy as np

from cdp.derive.sentiment.languages import aspect_of, aspect_words, language_named
from cdp.derive.sentiment.lexicon import lexicon_of
from cdp.derive.sentiment.tokens import Real, Tokens, Whole

MOST = 20
FEWEST_PEOPLE, FEWEST_SHARE = 20, 0.01  # who write of it
NAMED = 0.25  # of its mentions stand after an article: it is a thing
TELLS = 3.0  # standard errors between the scores of texts that mention it and of all


def discovered(language: str, tokens: Tokens, person: Whole, score: Real) -> tuple[str, ...]:
    """Words for things that at least 20 people and 1 % of them write of and rate distinctly.

    No aspect has a name for them yet, they carry no feeling by themselves (the lexicon does not know
    them), and the mean score of texts that mention them is three standard errors from that of all.
    The twenty farthest from it, in the order of the alphabet.
    """
    known, named = language_named(language), aspect_words(language)
    lexicon = lexicon_of(language)
    worth = lexicon.valence if lexicon else {}
    usable = np.array(
        [
            len(word) > 2
            and word.isalpha()
            and word not in known.function
            and word not in worth
            and aspect_of(word, named) is None
            for word in tokens.words
        ],
        bool,
    )
    size = len(tokens.words)
    article = tokens.of_words(known.article)
    after = np.r_[False, article[:-1] & (tokens.text[:-1] == tokens.text[1:])]
    mentions = np.bincount(tokens.word, minlength=size)
    things = np.bincount(tokens.word[after], minlength=size) >= NAMED * np.maximum(mentions, 1)
    texts, words = _distinct(tokens.text, tokens.word, size)
    people = np.bincount(_distinct(person[texts], words, size)[1], minlength=size)
    enough = people >= max(FEWEST_PEOPLE, FEWEST_SHARE * len(np.unique(person)))
    count = np.bincount(words, minlength=size)
    mean = np.bincount(words, score[texts], size) / np.maximum(count, 1)
    error = max(float(score.std()), 1e-9) / np.sqrt(np.maximum(count, 1))
    distance = np.abs(mean - score.mean()) / error
    chosen = np.flatnonzero(usable & things & enough & (distance >= TELLS))
    farthest = chosen[np.argsort(-distance[chosen], kind="stable")][:MOST]
    return tuple(sorted(tokens.words[place] for place in farthest))


def _distinct(one: Whole, word: Whole, size: int) -> tuple[Whole, Whole]:
    both = np.unique(one * size + word)
    return both // size, both % size
