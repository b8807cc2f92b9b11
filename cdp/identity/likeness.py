"""Whether two given names or two birth dates plainly speak of different people."""

import re
import unicodedata
from functools import cache

import numpy as np
import polars as pl
from nicknames import NickNamer
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

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
_NOT_LETTERS = re.compile(r"[^\w]+|[\d_]+")


def plain_name(name: str | None) -> str | None:
    """A given name in lower case, without accents, titles and punctuation; None if none is left."""
    if name is None:
        return None
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold()))
    # Recomposed, so that scripts written with other combining signs stay words.
    words = _NOT_LETTERS.sub(" ", unicodedata.normalize("NFC", folded)).split()
    return " ".join(word for word in words if word not in _TITLES) or None


def unlike_names(left: pl.Series, right: pl.Series) -> pl.Series:
    """For each pair whether the given names plainly belong to different people.

    A missing name is unlike nobody. Alike are: equal first names, an initial and its name, a name
    and its nickname or two nicknames of one name, a middle name used as first name, spellings
    whose Jaro-Winkler similarity reaches `ALIKE`, and one slip in a name of `TYPO` letters. Names of two scripts cannot be compared and are
    never unlike.

    Args:
        left: given names as they were said.
        right: as many others.
    """
    said = pl.concat([left.rename("said"), right.rename("said")]).unique().drop_nulls()
    plain = dict(zip(said, map(plain_name, said), strict=True))
    pairs = pl.DataFrame({
        "left": left.replace_strict(plain, default=None, return_dtype=pl.String),
        "right": right.replace_strict(plain, default=None, return_dtype=pl.String),
    })
    distinct = pairs.unique().drop_nulls().filter(pl.col("left") != pl.col("right"))
    verdicts = distinct.with_columns(unlike=unlike_plain_names(distinct["left"], distinct["right"]))
    joined = pairs.join(verdicts, on=["left", "right"], how="left", maintain_order="left")
    return joined["unlike"].fill_null(value=False)


def unlike_plain_names(left: pl.Series, right: pl.Series) -> pl.Series:
    """The same for pairs of two different `plain_name`s."""
    first = [column.str.split(" ").list.first() for column in (left, right)]
    likeness = process.cpdist(
        first[0].to_list(), first[1].to_list(), scorer=JaroWinkler.similarity, dtype=np.float32
    )
    doubtful = np.flatnonzero(likeness < ALIKE)
    unlike = np.zeros(len(left), dtype=bool)
    pairs = zip(left.gather(doubtful), right.gather(doubtful), strict=True)
    unlike[doubtful] = [not _are_related(*pair) for pair in pairs]
    return pl.Series("unlike", unlike, dtype=pl.Boolean)


def apart_dates(left: pl.Series, right: pl.Series) -> pl.Series:
    """For each pair of dates whether they plainly are two birthdays.

    A missing date is apart from none. One person's date may come with day and month swapped, with
    one digit mistyped, or as 1 January where only the year was known. Father and son of one name
    differ by more than that.
    """
    days = pl.DataFrame({"left": left, "right": right})
    one, other = pl.col("left"), pl.col("right")
    same_year = one.dt.year() == other.dt.year()
    swapped = (one.dt.day() == other.dt.month()) & (one.dt.month() == other.dt.day())
    year_only = _is_new_year(one) | _is_new_year(other)
    close = (same_year & (swapped | year_only)) | (_digits_apart(one, other) <= 1)
    return days.select(apart=~close.fill_null(value=True)).to_series()


def _is_new_year(date: pl.Expr) -> pl.Expr:
    return (date.dt.month() == 1) & (date.dt.day() == 1)


def _digits_apart(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    texts = [date.dt.strftime("%Y%m%d") for date in (one, other)]
    return pl.sum_horizontal(
        (texts[0].str.slice(place, 1) != texts[1].str.slice(place, 1)).cast(pl.Int8)
        for place in range(8)
    )


def _are_related(left: str, right: str) -> bool:
    if bool(_LATIN.search(left)) != bool(_LATIN.search(right)):
        return True
    lefts, rights = left.split(), right.split()
    if lefts[0] in rights or rights[0] in lefts:
        return True
    one, other = lefts[0], rights[0]
    if min(len(one), len(other)) == 1:
        return one[0] == other[0]
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
