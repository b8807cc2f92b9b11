"""Terms as numbers: words and pairs of words, weighed by how much they tell, in a sparse matrix."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cdp.derive.sentiment.tokens import PAUSE, Real, Tokens, Whole

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FEWEST_PEOPLE = 5  # who must have written a term: what fewer wrote may be about one person
Compact = NDArray[np.float32]


@dataclass(frozen=True)
class Vocabulary:
    """Words, and pairs of their places for two that stand together."""

    words: tuple[str, ...]
    pairs: Whole  # two columns, sorted

    @property
    def size(self) -> int:
        """The number of terms: words first, then pairs."""
        return len(self.words) + len(self.pairs)

    @cached_property
    def place(self) -> dict[str, int]:
        """The place of each word."""
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def keys(self) -> Whole:
        """The pairs as one number each, ascending."""
        return self.pairs[:, 0] * len(self.words) + self.pairs[:, 1]

    def terms_of(self, tokens: Tokens, unit: Whole) -> tuple[Whole, Whole]:
        """Unit and term of every word and pair that is known; pairs stand in one unit."""
        words = np.array([self.place.get(word, -1) for word in tokens.words], np.int64)[tokens.word]
        known = words >= 0
        first, found = paired(words, unit, len(self.words))
        where = np.searchsorted(self.keys, found)
        where = np.minimum(where, max(len(self.keys) - 1, 0))
        hit = self.keys[where] == found if len(self.keys) else np.zeros(len(found), bool)
        return (
            np.r_[unit[known], unit[first[hit]]],
            np.r_[words[known], len(self.words) + where[hit]],
        )


def paired(words: Whole, unit: Whole, size: int) -> tuple[Whole, Whole]:
    """Where two known words of a unit stand together, and both as one number."""
    together = (words[:-1] >= 0) & (words[1:] >= 0) & (unit[:-1] == unit[1:])
    first = np.flatnonzero(together)
    return first, words[first] * size + words[first + 1]


def vocabulary_of(tokens: Tokens, person: Whole) -> Vocabulary:
    """The terms that at least FEWEST_PEOPLE wrote; `person`: who wrote each text, as a number."""
    who = person[tokens.text]
    counted = _people(tokens.word, who, len(tokens.words))
    usable = np.array([word != PAUSE for word in tokens.words], bool)
    chosen = np.flatnonzero((counted >= FEWEST_PEOPLE) & usable)
    chosen = chosen[np.argsort(np.array([tokens.words[place] for place in chosen]), kind="stable")]
    new = np.full(len(tokens.words), -1, np.int64)
    new[chosen] = np.arange(len(chosen))
    first, keys = paired(new[tokens.word], tokens.text, len(chosen))
    distinct, place = np.unique(keys, return_inverse=True)
    kept = distinct[_people(place, who[first], len(distinct)) >= FEWEST_PEOPLE]
    pairs = np.stack([kept // max(len(chosen), 1), kept % max(len(chosen), 1)], axis=1)
    return Vocabulary(tuple(tokens.words[place] for place in chosen), pairs)


def _people(term: Whole, person: Whole, size: int) -> Whole:
    """By how many people each term was written."""
    if not len(term):
        return np.zeros(size, np.int64)
    distinct = np.unique(term * (int(person.max()) + 1) + person)
    return np.bincount(distinct // (int(person.max()) + 1), minlength=size)


def counts(vocabulary: Vocabulary, tokens: Tokens, unit: Whole, units: int) -> "csr_matrix":
    """How often each term stands in each unit (a text or a clause)."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  slow to import

    rows, columns = vocabulary.terms_of(tokens, unit)
    ones = np.ones(len(rows), np.float64)
    return csr_matrix((ones, (rows, columns)), shape=(units, vocabulary.size))


def weighed(counted: "csr_matrix", rarity: Real | Compact) -> "csr_matrix":
    """TF-IDF with (1 + ln tf) and rows of length one; `rarity`: the inverse document frequencies."""
    made = counted.copy()
    made.data = (1.0 + np.log(made.data)) * rarity[made.indices]
    length = np.sqrt(np.asarray(made.multiply(made).sum(axis=1)).ravel())
    rows = np.repeat(np.arange(len(made.indptr) - 1), np.diff(made.indptr))
    made.data /= np.maximum(length, 1e-12)[rows]
    return made


def rarity_of(counted: "csr_matrix", terms: int) -> Real:
    """ln((1 + texts) / (1 + texts with the term)) + 1, as scikit-learn smooths it."""
    documents = np.bincount(counted.indices, minlength=terms)
    return np.log(len(counted.indptr) / (1 + documents)) + 1
