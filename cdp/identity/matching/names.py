"""Names of people: titles and generations taken off, given and family name told apart."""

import polars as pl
from nicknames import NickNamer

from cdp.identity.matching.text import plain

_TITLES = (
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "lord", "lady", "rev", "hon",
    "col", "capt", "herr", "frau", "mme", "mlle", "sra", "srta", "don", "dona", "baronet", "baron",
    "earl", "viscount", "duke", "marquess", "count", "1st", "2nd", "3rd", "4th", "5th", "6th",
    "7th", "8th", "9th", "10th", "11th", "12th", "bt", "esq", "phd", "md",
)  # fmt: skip
_GENERATIONS = {
    "jr": "2", "jnr": "2", "junior": "2", "sr": "1", "snr": "1", "senior": "1", "ii": "2",
    "iii": "3", "iv": "4",
}  # fmt: skip


# Han and Hangul write the family name first and nothing between: 王小明 is 小明 of the family 王. Families
# of two signs are rare, and in Japan, where they are not, the same sign is taken off every time.
_UNSPACED = r"^[\p{Han}\p{Hangul}]{2,4}$"

_STATED = ("given_name", "middle_name", "family_name", "name_suffix", "full_name")


def names(frame: pl.DataFrame) -> pl.DataFrame:
    """What is known of the names in given_name, middle_name, family_name, name_suffix, full_name.

    Returns:
        given (first given name), middle (list), family, words (of it), generation ('1' is the eldest),
        names (all words of two letters or more), behind (names of which `given` is a nickname).
    """
    # Many people have one name: each is taken apart once.
    stated = frame.select(pl.col(*_STATED).cast(pl.String))
    distinct = stated.unique(maintain_order=True)
    told = distinct.hstack(_told(distinct))
    return stated.join(told, on=_STATED, how="left", nulls_equal=True, maintain_order="left").drop(
        _STATED
    )


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    words = frame.select(
        given=_words("given_name", "middle_name"),
        family=_words("family_name", "name_suffix"),
        full=_words("full_name"),
    )
    last_first = frame["full_name"].str.contains(",", literal=True).fill_null(value=False)
    words = words.with_columns(full=_spaced("full"))
    words = words.with_columns(
        pl.when(pl.Series(last_first) & pl.col("given").is_null() & pl.col("family").is_null())
        .then(pl.concat_list(pl.col("full").list.slice(1), pl.col("full").list.slice(0, 1)))
        .otherwise("full")
        .alias("full")
    )
    generation = pl.concat_list(*(pl.col(c).fill_null([]) for c in ("given", "family", "full")))
    generation = generation.list.eval(
        pl.element().filter(pl.element().is_in(list(_GENERATIONS))).replace(_GENERATIONS)
    ).list.first()
    words = words.with_columns(generation=generation)
    words = words.with_columns(_telling("given"), _telling("family"), _telling("full"))
    one_column = pl.col("given").is_null() & pl.col("family").is_null()
    several = pl.col("full").list.len() > 1
    words = words.with_columns(
        given=pl.when(one_column & several)
        .then(pl.col("full").list.head(pl.col("full").list.len() - 1))
        .when(one_column | pl.col("given").is_null())
        .then(_without("full", "family"))
        .otherwise("given"),
        family=pl.when(one_column & several).then(pl.col("full").list.tail(1)).otherwise("family"),
    ).with_columns(_filled("given"), _filled("family"))
    known = words.select(
        given=pl.col("given").list.first(),
        family=pl.col("family").list.join(" "),
        words="family",
        generation="generation",
        names=pl.concat_list(*(pl.col(c).fill_null([]) for c in ("given", "family", "full")))
        .list.eval(pl.element().filter(pl.element().str.len_chars() > 1))
        .list.unique(maintain_order=True),
        middle=_middle(),
    )
    return known.with_columns(behind=_behind(known["given"]))


def _words(*columns: str) -> pl.Expr:
    written = pl.concat_str(
        [pl.col(c).cast(pl.String) for c in columns], separator=" ", ignore_nulls=True
    )
    return plain(written).str.split(" ")


def _spaced(column: str) -> pl.Expr:
    """The words of a name; given and family name where it is a single word of both."""
    word = pl.col(column).list.first()
    both = (pl.col(column).list.len() == 1) & word.str.contains(_UNSPACED)
    return (
        pl.when(both)
        .then(pl.concat_list(word.str.slice(1), word.str.slice(0, 1)))
        .otherwise(column)
        .alias(column)
    )


def _telling(column: str) -> pl.Expr:
    """The words of a name that are neither title nor generation; all where no other is left."""
    dropped = [*_TITLES, *_GENERATIONS]
    rest = pl.col(column).list.eval(pl.element().filter(~pl.element().is_in(dropped)))
    return pl.when(rest.list.len() > 0).then(rest).alias(column)


def _without(column: str, other: str) -> pl.Expr:
    return pl.col(column).list.set_difference(pl.col(other).fill_null([]))


def _filled(column: str) -> pl.Expr:
    return pl.when(pl.col(column).list.len() > 0).then(column).alias(column)


def _middle() -> pl.Expr:
    every = pl.concat_list(
        pl.col("given").list.slice(1).fill_null([]), pl.col("full").list.slice(1).fill_null([])
    )
    middle = every.list.set_difference(pl.col("family").fill_null([]))
    return pl.when(middle.list.len() > 0).then(middle)


def _behind(given: pl.Series) -> pl.Series:
    namer = NickNamer()
    distinct = given.unique().drop_nulls()
    behind = [sorted({name, *namer.canonicals_of(name)}) for name in distinct]
    table = pl.DataFrame(
        {"given": distinct, "behind": behind}, schema_overrides={"behind": pl.List(pl.String)}
    )
    return given.to_frame("given").join(table, on="given", how="left", maintain_order="left")[
        "behind"
    ]
