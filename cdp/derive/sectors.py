"""A company's line of business in the United Nations' classification (ISIC Rev. 4), from any words."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import yaml

REMEMBERED = 50_000
MADE = "manufacturing"  # says how; what is made says which line it is
_ACCENTS = re.compile("[\u0300-\u036f]")
_NOT_WORDS = re.compile(r"[^\w,]+|_+")
_PREPOSITION = re.compile(r"\b(?:de|du|des|d|di|do|da|del|of|von|fur|for)\b")
# NACE 11.02, NAF 1102B, ISIC C1102; a plain year or number of two digits is too little of a code.
_CODE = re.compile(r"^(?:[a-u])?(\d{2})\.?(\d{1,2})([a-z])?$")


@dataclass(frozen=True)
class Sector:
    """The place of a line of business: section (a letter), code (as fine as known) and its name here."""

    section: str
    code: str
    line: str | None


@lru_cache(REMEMBERED)
def sector(industry: str | None, stated: str | None) -> Sector | None:
    """The sector of a company by what is said of its industry, else of its (wider) sector.

    Both may be words in several languages, or a code of ISIC, NACE or a national version.
    """
    for said in (industry, stated):
        found = _sector(_plain(said)) if said else None
        if found is not None:
            return found
    return None


def section_names() -> Mapping[str, str]:
    """The names of the sections by their letters."""
    return {letter: section["name"] for letter, section in _declared()["sections"].items()}


def _sector(text: str) -> Sector | None:
    if code := _CODE.match(text):
        return _of_code("".join(part for part in code.groups() if part))
    plain = text.replace(",", "")
    if plain in _declared()["stated"]:
        return _placed(_declared()["stated"][plain], None)
    found = next(filter(None, map(_said_by, re.split(r"\b(?:and|et|und|y|e|i)\b|,", text))), None)
    return _placed(_declared()["lines"][found]["isic"], found) if found else None


def _said_by(words: str) -> str | None:
    """The line of business that words joined by no `and` speak of.

    What stands last is what it is: automotive retail is retail, winery equipment is machinery; but
    with a preposition what stands first: retail of cars.
    """
    spans = [
        (match.end(), match.end() - match.start(), -place, line)
        for place, (line, pattern) in enumerate(_lines())
        for match in pattern.finditer(words)
    ]
    spans = [span for span in spans if span[-1] != MADE] or spans
    if not spans:
        return None
    return min(spans)[-1] if _PREPOSITION.search(words) else max(spans)[-1]


def _of_code(code: str) -> Sector | None:
    plain = code.upper()
    lines: Mapping[str, Any] = _declared()["lines"]
    line = next(
        (
            name
            for name, entry in lines.items()
            if any(plain.startswith(each) for each in entry.get("classes", (entry["isic"],)))
        ),
        None,
    )
    return _placed(plain, line)


def _placed(code: str, line: str | None) -> Sector | None:
    if not code[:2].isdigit():
        return Sector(code, code, line)
    division = int(code[:2])
    for letter, section in _declared()["sections"].items():
        first, last = section["divisions"]
        if first <= division <= last:
            return Sector(letter, f"{letter}{code}", line)
    return None


@cache
def _lines() -> list[tuple[str, re.Pattern[str]]]:
    return [(name, _pattern(entry["words"])) for name, entry in _declared()["lines"].items()]


@cache
def _declared() -> Mapping[str, Any]:
    return yaml.safe_load(resources.files("cdp.derive").joinpath("sectors.yaml").read_text("utf-8"))


def _plain(said: str) -> str:
    """Lower case without accents and punctuation, but commas, which part one line from another."""
    narrow = said.rsplit("->", 1)[-1]  # `B2B -> Recruiting and Talent` is read from its narrow end
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", narrow.casefold()))
    joined = folded.replace("&", " and ").replace("/", " , ").replace(";", " , ").replace(".", "")
    return " ".join(_NOT_WORDS.sub(" ", joined).split())


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    ordered = sorted((word.replace("_", " ") for word in words), key=len, reverse=True)
    parts = [re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", " ") for word in ordered]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")
