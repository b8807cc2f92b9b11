"""Plain identifiers: trimmed, folded, compacted; handles and domains freed of their links."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

LONGEST = 512  # characters; an index entry must hold the value

# Soft hyphen, zero-width and direction marks: copied along from web pages and never seen.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SEPARATORS = r"[\s.\-/]+"
_PRINTABLE = r"^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$"
_PLAIN_HANDLE = r"^[a-z0-9_.\-]+$"


@dataclass(frozen=True)
class Normaliser:
    """One way to normalise, told more than once: `exactly` for any value, else for common shapes.

    `exactly` takes a cleaned text and gives None for an invalid one. `quickly` takes a column of
    trimmed printable ASCII, `at_once` a single cleaned text; what they give is null where they do
    not know, else equal to `exactly`.
    """

    exactly: Callable[[str], str | None]
    quickly: Callable[[pl.Series], pl.Series]
    at_once: Callable[[str], str | None] = lambda _text: None


def cleaned(value: str) -> str:
    """`value` in NFKC (full-width digits become plain ones), trimmed, without invisible marks."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", value)).strip()


def is_storable(text: str) -> bool:
    """Whether the store and its indexes can hold `text` as one value."""
    return 0 < len(text) <= LONGEST and text.isprintable()


def plain_ascii(column: pl.Series) -> pl.Series:
    """The trimmed value where it is printable ASCII and storable, else null."""
    trimmed = column.str.strip_chars()
    return kept(trimmed, trimmed.str.contains(_PRINTABLE) & (trimmed.str.len_bytes() <= LONGEST))


def kept(column: pl.Series, where: pl.Series) -> pl.Series:
    """`column` with nulls elsewhere than `where`."""
    return column.to_frame("x").select(pl.when(where).then("x")).to_series()


def _lower(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def _compact(text: str) -> str | None:
    return re.sub(_SEPARATORS, "", _lower(text)) or None


def _compact_quickly(column: pl.Series) -> pl.Series:
    compact = column.str.to_lowercase().str.replace_all(_SEPARATORS, "")
    return kept(compact, compact != "")


def _handle(text: str) -> str | None:
    """The name of an account: `@Anna`, `https://instagram.com/anna/?hl=en` and `anna` are one."""
    path = re.split(r"[?#]", _lower(text))[0].rstrip("/")
    name = path.rsplit("/", 1)[-1].lstrip("@")
    return None if not name or re.search(r"\s", name) or name == "profile.php" else name


def _handle_quickly(column: pl.Series) -> pl.Series:
    name = column.str.to_lowercase().str.strip_prefix("@")
    return kept(name, name.str.contains(_PLAIN_HANDLE) & (name != "profile.php"))


EXACT = Normaliser(exactly=lambda text: text, quickly=lambda column: column)
LOWER = Normaliser(exactly=_lower, quickly=lambda column: column.str.to_lowercase())
COMPACT = Normaliser(exactly=_compact, quickly=_compact_quickly)
HANDLE = Normaliser(exactly=_handle, quickly=_handle_quickly)
