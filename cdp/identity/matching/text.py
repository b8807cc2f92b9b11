"""Column expressions that bring names, words and digits to one plain spelling."""
# ruff: noqa: RUF001 - letters that look alike are what this is about

import polars as pl

_LATIN = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i",
    "ħ": "h", "ŋ": "n",
}  # fmt: skip
_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
    "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i", "ї": "i",
    "є": "e", "ґ": "g", "ў": "u", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "ђ": "d", "џ": "dz",
}  # fmt: skip
_GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i",
    "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s",
    "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
_LETTERS = _LATIN | _CYRILLIC | _GREEK
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
    folded = (
        text.cast(pl.String)
        .str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_all(_ACCENTS, "")
        .str.normalize("NFC")
        .str.replace_many(list(_LETTERS), list(_LETTERS.values()))
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
    found = text.cast(pl.String).str.replace_all(r"\D", "")
    return pl.when(found != "").then(found)


def compact(text: pl.Expr) -> pl.Expr:
    """A plain text without blanks, such as a postcode or a number typed by hand."""
    return plain(text).str.replace_all(" ", "")
