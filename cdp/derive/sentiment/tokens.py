"""Texts as tokens: words, marks and emoticons in columns, however many texts at once."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Truth = NDArray[np.bool_]

# Mentions, links and addresses become one word each: whom a text names is nobody's business here.
PIECE = (
    r"[\w.+-]+@[\w-]+\.[\w.]+|@\w+|(?:https?://|www\.)\S+"
    r"|[:;=xX]['\-^]?[()\[\]DPp/\\|*oO3]+|<3|\p{Emoji_Presentation}|[❤☺☹♥]"
    "|[\\p{L}\\p{M}]+(?:['\u2019][\\p{L}\\p{M}]+)*|\\d+|[.!?,;…\n]+"
)
# Shops keep texts as HTML: `Don&#39;t` would not negate, and tags would stand between words.
ESCAPED = {"&#39;": "'", "&#039;": "'", "&#x27;": "'", "&apos;": "'", "&rsquo;": "'", "&nbsp;": " ",
           "&quot;": " ", "&#34;": " ", "&lt;": "<", "&gt;": ">", "&hellip;": "..."}  # fmt: skip
LINE, TAG = r"(?i)<(?:br|/?(?:p|div|li|ul|ol|h\d|tr))\b[^<>]*>", r"</?[a-zA-Z][^<>]*>"
PAUSE = ";"
REPEATED = re.compile(r"(.)\1{2,}")
LONGEST = 10_000  # characters of a text that are read


@dataclass(frozen=True)
class Tokens:
    """The tokens of some texts, one after the other.

    `text` is the place of each token's text, `word` the place of what it says in `words`.
    """

    texts: int
    text: Whole
    word: Whole
    words: tuple[str, ...]

    def of_words(self, known: Iterable[str]) -> Truth:
        """Whether each token is one of these words."""
        wanted = frozenset(known)
        return np.array([word in wanted for word in self.words], bool)[self.word]


def tokens_of(texts: pl.Series) -> Tokens:
    """The tokens of `texts`: small letters without accents; a null has none."""
    found = (
        _plain(texts.str.head(LONGEST))
        .str.extract_all(PIECE)
        .to_frame("raw")
        .with_row_index("text")
        .explode("raw")
        .drop_nulls()
    )
    raw = found["raw"].unique(maintain_order=True)
    said = [word_of(each) for each in raw]
    words = tuple(dict.fromkeys(said))
    place = {word: number for number, word in enumerate(words)}
    numbers = np.array([place[word] for word in said], np.int64)
    distinct = pl.DataFrame({"raw": raw, "word": numbers})
    found = found.join(distinct, on="raw", how="left", maintain_order="left")
    return Tokens(
        texts=len(texts),
        text=found["text"].to_numpy().astype(np.int64),
        word=found["word"].to_numpy(),
        words=words,
    )


def _plain(texts: pl.Series) -> pl.Series:
    """`texts` without the marks of HTML."""
    unescaped = texts.str.replace_all("&amp;", "&", literal=True).str.replace_many(ESCAPED)
    return unescaped.str.replace_all(LINE, "\n").str.replace_all(TAG, " ")


def word_of(raw: str) -> str:
    """A token as it is compared: small letters, no accents, no apostrophes, `sooo` as `soo`."""
    if raw.startswith("@") or ("@" in raw[1:] and "." in raw):
        return "@"
    if raw.startswith(("http", "www.")):
        return "http"
    if raw[0].isdigit():
        return "0"
    if raw[0] in ".,;…\n!?":
        return _mark(raw)
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", raw.lower()) if not unicodedata.combining(c)
    )
    if not raw[0].isalpha() or not any(c.isalpha() for c in bare[1:] or bare):
        return raw
    return REPEATED.sub(r"\1\1", bare.replace("\u2019", "").replace("'", ""))


def totals(unit: Whole, worth: Real, units: int) -> Real:
    """What the tokens (or clauses) of each unit are worth together."""
    return np.bincount(unit, worth, units).astype(np.float64)


def _mark(raw: str) -> str:
    if "?" in raw:
        return "?!" if "!" in raw else "?"
    if "!" in raw:
        return "!" if raw.count("!") == 1 else "!!"
    return PAUSE
