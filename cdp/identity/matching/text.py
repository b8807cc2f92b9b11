"""Column expressions that bring names, words and digits to one plain spelling."""
# ruff: noqa: RUF001 - quotation marks that look alike are meant

import polars as pl

from cdp.identity.letters import IN_LATIN

_PLAIN = "^[a-z0-9]+(?: [a-z0-9]+)*$"
_ACCENTS = "[\u0300-\u036f]"

# Letters that sound alike or are mistaken for each other; what is not here keeps its own sound.
_SOUNDS = {
    "ph": "f", "ck": "k", "sch": "s", "sh": "s", "ch": "k", "th": "t", "gh": "", "dg": "g",
    "kn": "n", "wr": "r", "mc": "mk", "mac": "mk", "c": "k", "q": "k", "x": "s", "z": "s", "v": "f",
    "d": "t", "m": "n", "j": "g", "b": "p",
}  # fmt: skip
_TWICE = [letter * 2 for letter in "fgklnprst"]


def plain(text: pl.Expr) -> pl.Expr:
    """Lower case, without accents; Cyrillic and Greek in Latin letters; words a blank apart.

    Null where no letter or digit is left. Scripts without a table here stay as they are.
    """
    written = text.cast(pl.String)
    lower = written.str.to_lowercase()
    # Most texts need nothing more, which is seen many times faster than all the rest is done.
    is_plain = lower.str.contains(_PLAIN)
    return pl.when(is_plain).then(lower).otherwise(_folded(pl.when(~is_plain).then(written)))


def _folded(text: pl.Expr) -> pl.Expr:
    folded = (
        text.str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_all(_ACCENTS, "")
        .str.normalize("NFC")
        .str.replace_many(list(IN_LATIN), list(IN_LATIN.values()))
        .str.replace_all("['’`´]", "")
        .str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
        .str.strip_chars()
    )
    return pl.when(folded != "").then(folded)


def sound(word: pl.Expr) -> pl.Expr:
    """How a plain word roughly sounds: its first letter's sound and the consonants after it."""
    consonants = (
        word.str.replace_all(" ", "")
        .str.replace_many(list(_SOUNDS), list(_SOUNDS.values()))
        .str.replace_all(r"(.)[aeiouyhw]+", "${1}")
        .str.replace_many(_TWICE, [pair[0] for pair in _TWICE])
    )
    return pl.when(consonants != "").then(consonants)


def digits(text: pl.Expr) -> pl.Expr:
    """The digits of a text, null where there are none."""
    written = text.cast(pl.String)
    return pl.when(written.str.contains(r"\d")).then(written).str.replace_all(r"\D+", "")


def compact(text: pl.Expr) -> pl.Expr:
    """A plain text without blanks, such as a postcode or a number typed by hand."""
    return plain(text).str.replace_all(" ", "")
