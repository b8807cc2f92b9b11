"""Clauses and negation: where a thought ends, and which words are turned."""

from dataclasses import dataclass

import numpy as np

from cdp.derive.sentiment.languages import Language
from cdp.derive.sentiment.tokens import PAUSE, Tokens, Truth, Whole

REACH = 3  # words that a negation turns, as in VADER


@dataclass(frozen=True)
class Clauses:
    """Of each token its clause and whether it is negated; of each clause its text."""

    clause: Whole
    text: Whole
    negated: Truth

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.text)


def clauses_of(tokens: Tokens, language: Language) -> Clauses:
    """The clauses of some texts: they end at marks and begin anew at words of contrast."""
    size = len(tokens.word)
    if not size:
        return Clauses(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))
    first = np.r_[True, tokens.text[1:] != tokens.text[:-1]]
    mark = tokens.of_words((PAUSE, "!", "!!", "?", "?!"))
    thing = np.r_[tokens.of_words(language.article)[1:], False]
    joined = tokens.of_words(language.joining) & thing  # "runs small and the delivery was late"
    after = np.r_[False, mark[:-1] & ~mark[1:]]
    begins = first | tokens.of_words(language.contrast) | joined | after
    clause = np.cumsum(begins) - 1
    negates = tokens.of_words(language.negation)
    turns = np.zeros(size, np.int64)
    for distance in range(1, REACH + 1):
        same = clause[distance:] == clause[:-distance]
        turns[distance:] += negates[:-distance] & same
    return Clauses(clause, tokens.text[begins], turns % 2 == 1)
