"""The one form in which the spellings of a company's name, and of its place, meet."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import yaml
from cleanco.clean import prepare_default_terms

from cdp.identity.letters import IN_LATIN

_ACCENTS = re.compile("[\u0300-\u036f]")
_SHARES = re.compile(r"\((?:class|series|cl)\b[^)]*\)", re.IGNORECASE)
_JOINED = re.compile("[.'\u2019\u0060\u00b4]")  # within a word: S.A., O'Reilly
_SPACED = re.compile(r"[^\w/]+|_+")
_LETTERS_APART = re.compile(r"(?<![^\W_]{2})\b(\w)/(\w)\b")  # A/S, S/A
_DISTRICT = re.compile(r"\b(?:\d+\w*|cedex|arrondissement)\b")
_WEB = re.compile(r"\.(?:com|net|org|io|ai|co)\b", re.IGNORECASE)

_LATIN = str.maketrans(IN_LATIN)
_UNSPACED = re.compile(
    "(株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限公司|주식회사|유한회사)"
)
REMEMBERED = 100_000  # names; the same ones come again with every delivery

Words = tuple[str, ...]


@dataclass(frozen=True)
class Spellings:
    """What of a name or place is spelling only.

    trailing, leading: legal forms as words; longest: words of the longest one; whole: each
    shortened word and the one it stands for.
    """

    trailing: frozenset[Words]
    leading: frozenset[Words]
    longest: int
    articles: frozenset[str]
    whole: Mapping[str, str]
    cities: Mapping[str, str]


@cache
def spellings() -> Spellings:
    """The shipped spellings: cleanco's legal forms, and those of `naming.yaml`."""
    text = resources.files("cdp.identity.companies").joinpath("naming.yaml").read_text("utf-8")
    said = yaml.safe_load(text)
    known = (tuple(_words(" ".join(parts))) for _, parts in prepare_default_terms())
    trailing = frozenset(words for words in known if words) | _all_words(said["legal_forms"])
    leading = _all_words(said["leading_forms"])
    return Spellings(
        trailing=trailing,
        leading=leading,
        longest=max(map(len, trailing | leading)),
        articles=frozenset(said["articles"]),
        whole=_meanings(said["abbreviations"]),
        cities=_meanings(said["cities"]),
    )


@lru_cache(REMEMBERED)
def legal_form(name: str) -> str:
    """The legal form that a name ends or begins with, `gmbh` for one; empty where it has none."""
    words = _words(name)
    head, tail = _extent(words)
    return " ".join([*words[:head], *words[tail:]])


@lru_cache(REMEMBERED)
def plain_company_name(name: str) -> str:
    """A company's name as its spellings have it in common; empty if nothing is left.

    In lower case and Latin letters, without accents, punctuation, legal form and article, shortened words written
    out: `The Acme Intl. Mfg. Co., Inc.` and `ACME International Manufacturing` are one.
    """
    words = _words(_WEB.sub("", _SHARES.sub(" ", name)))
    head, tail = _extent(words)
    kept = words[head:tail]
    known = spellings()
    if len(kept) > 1 and kept[0] in known.articles:
        kept = kept[1:]
    return " ".join(_written_out(word, place) for place, word in enumerate(kept))


@lru_cache(REMEMBERED)
def plain_city(place: str) -> str:
    """A city in lower case, without accents, district numbers and what follows a comma.

    `Paris 8e`, `PARIS CEDEX 08` and `Paris, Île-de-France; Remote` are one.
    """
    first = re.split(r"[;,]", place, maxsplit=1)[0]
    words = _DISTRICT.sub(" ", " ".join(_words(first))).split()
    known = spellings()
    named = " ".join("saint" if word in ("st", "ste", "sankt") else word for word in words)
    return known.cities.get(named, named)


def _written_out(word: str, place: int) -> str:
    whole = spellings().whole.get(word, word)
    return word if whole == "and" and not place else whole  # E & Co. begins with a letter


def _extent(words: Sequence[str]) -> tuple[int, int]:
    """Where the name proper begins and ends; at least one word is left of it."""
    known = spellings()
    tail = len(words)
    while length := _form_at_end(words[:tail], known.trailing, known.longest):
        tail -= length
    head = 0
    while length := _form_at_start(words[head:tail], known.leading, known.longest):
        head += length
    return head, tail


def _form_at_end(words: Sequence[str], forms: Iterable[Words], longest: int) -> int:
    return next(
        (n for n in range(min(longest, len(words) - 1), 0, -1) if tuple(words[-n:]) in forms), 0
    )


def _form_at_start(words: Sequence[str], forms: Iterable[Words], longest: int) -> int:
    return next(
        (n for n in range(min(longest, len(words) - 1), 0, -1) if tuple(words[:n]) in forms), 0
    )


def _words(text: str) -> list[str]:
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    plain = _UNSPACED.sub(r" \1 ", unicodedata.normalize("NFC", folded)).translate(_LATIN)
    plain = plain.replace("&", " and ").replace("+", " and ")
    plain = _LETTERS_APART.sub(r"\1\2", _JOINED.sub("", plain))
    return _initials_joined(_SPACED.sub(" ", plain).replace("/", " ").split())


def _initials_joined(words: Sequence[str]) -> list[str]:
    """`a o smith` is `ao smith`: initials are written with and without spaces."""
    joined: list[str] = []
    single = False
    for word in words:
        is_single = len(word) == 1 and word.isalpha()
        if is_single and single:
            joined[-1] += word
        else:
            joined.append(word)
        single = is_single
    return joined


def _all_words(forms: Iterable[str]) -> frozenset[Words]:
    return frozenset(tuple(_words(form)) for form in forms)


def _meanings(said: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    return {" ".join(_words(short)): whole for whole, shorts in said.items() for short in shorts}
