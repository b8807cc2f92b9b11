"""Whether two names or two birth dates plainly speak of different people."""

import re
import unicodedata
from datetime import date
from functools import cache

import numpy as np
import polars as pl
from nicknames import NickNamer
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from cdp.identity.letters import IN_LATIN

# Jaro-Winkler similarity from which two spellings may be one name. On 100,000 generated records
# it lets pass 1 % of the pairs of one household and refuses 5 % of the pairs of one person.
ALIKE = 0.82
TYPO = 4  # letters a name needs for one slip (OSA distance 1) to be taken for a slip

_TITLES = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "rev", "herr", "frau", "mme", "mlle",
    "sr", "sra", "srta", "don", "dona", "doña",
})  # fmt: skip
_ACCENTS = re.compile("[\u0300-\u036f]")
_LATIN = re.compile("[a-z]")
_IN_LATIN = str.maketrans(IN_LATIN)
_NOT_LETTERS = re.compile(r"[^\w]+|[\d_]+")


def plain_name(name: str | None) -> str | None:
    """A name in lower case, without accents, titles and punctuation; None if none is left.

    Cyrillic and Greek are written in Latin letters.
    """
    if name is None:
        return None
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold()))
    # Recomposed, so that scripts written with other combining signs stay words.
    composed = unicodedata.normalize("NFC", folded).translate(_IN_LATIN)
    words = _NOT_LETTERS.sub(" ", composed).split()
    return " ".join(word for word in words if word not in _TITLES) or None


def unlike_plain_names(left: pl.Series, right: pl.Series) -> pl.Series:
    """For each pair of `plain_name`s, none missing, whether they are `are_unlike`."""
    first = [column.str.split(" ").list.first().to_list() for column in (left, right)]
    doubtful = process.cpdist(*first, scorer=JaroWinkler.similarity, dtype=np.float64) < ALIKE
    unlike = np.zeros(len(left), dtype=bool)
    pairs = zip(left.filter(doubtful), right.filter(doubtful), strict=True)
    unlike[doubtful] = [are_unlike(*pair) for pair in pairs]
    return pl.Series(unlike, dtype=pl.Boolean)


def are_unlike(one: str, other: str) -> bool:
    """Whether two `plain_name`s, both given or both family names, plainly are of different people.

    Alike are: equal first names, an initial and its name, a name and its nickname or two nicknames
    of one name, a middle name used as first name, spellings whose Jaro-Winkler similarity reaches
    `ALIKE`, and one slip in a name of `TYPO` letters. A name in another script than Latin, Cyrillic or
    Greek cannot be compared with one in these and is never unlike it.
    """
    if bool(_LATIN.search(one)) != bool(_LATIN.search(other)):
        return False
    ones, others = one.split(), other.split()
    if ones[0] in others or others[0] in ones:
        return False
    return not _may_be_one(ones[0], others[0])


def apart_dates(left: pl.Series, right: pl.Series) -> pl.Series:
    """For each pair of dates, none missing, whether they are `are_apart`."""
    return pl.Series([are_apart(*pair) for pair in zip(left, right, strict=True)], dtype=pl.Boolean)


def are_apart(one: date, other: date) -> bool:
    """Whether two dates plainly are two birthdays.

    One person's date may come with day and month swapped, with one digit mistyped, or as 1 January
    where only the year was known. Father and son of one name differ by more than that.
    """
    if one.year == other.year:
        swapped = (one.day, one.month) == (other.month, other.day)
        year_only = (1, 1) in {(one.day, one.month), (other.day, other.month)}
        if swapped or year_only:
            return False
    digits = zip(f"{one:%Y%m%d}", f"{other:%Y%m%d}", strict=True)
    return sum(left != right for left, right in digits) > 1


def _may_be_one(one: str, other: str) -> bool:
    if min(len(one), len(other)) == 1:
        return one[0] == other[0]
    if JaroWinkler.similarity(one, other) >= ALIKE:
        return True
    if min(len(one), len(other)) >= TYPO and OSA.distance(one, other, score_cutoff=1) <= 1:
        return True
    return bool(_names_behind(one) & _names_behind(other))


@cache
def _names_behind(name: str) -> frozenset[str]:
    """The name and those of which it is a nickname: two sets that meet are of one name."""
    return frozenset({name, *_nicknames().canonicals_of(name)})


@cache
def _nicknames() -> NickNamer:
    return NickNamer()
