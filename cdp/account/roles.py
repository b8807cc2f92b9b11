"""Roles as sources say them: what somebody does for a company, and how high up."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import polars as pl
import yaml

REMEMBERED = 50_000
_ACCENTS = re.compile("[\u0300-\u036f]")
_NOT_WORDS = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True)
class Role:
    """What a role means; None where its words are not known.

    functions: finance, human_resources, ...; a role may cover several. level: c_level, vp,
    director, manager or staff.
    """

    functions: tuple[str, ...] = ()
    level: str | None = None


@lru_cache(REMEMBERED)
def role(said: str) -> Role:
    """What a role as a source says it means: `Directrice Financière` is finance, director.

    An assistant of a director is staff; who has left the role has none.
    """
    text = _plain(said)
    known = _known()
    if known.past.search(text):
        return Role()
    functions = _functions(text, known.functions)
    below = bool(known.below.search(text))
    level = "staff" if below else _level(text, known.levels)
    return Role(functions, level or ("staff" if functions else None))


def with_roles(people: pl.DataFrame) -> pl.DataFrame:
    """`people` with `function` and `level`, read from the column `role`.

    A role of two functions gives two rows; one whose function is not known has an empty one.
    """
    said = people["role"].drop_nulls().unique().to_list()
    told = [role(each) for each in said]
    meanings = pl.DataFrame(
        {
            "role": said,
            "function": [list(each.functions) or [""] for each in told],
            "level": [each.level for each in told],
        },
        schema={"role": pl.String, "function": pl.List(pl.String), "level": pl.String},
    )
    meant = people.join(meanings, on="role", how="left", maintain_order="left")
    return meant.explode("function").with_columns(pl.col("function").fill_null(""))


def functions() -> Sequence[str]:
    """The names of all functions."""
    return list(_declared()["functions"])


def levels() -> Sequence[str]:
    """The names of all levels, the highest first."""
    return list(_declared()["levels"])


@dataclass(frozen=True)
class _Words:
    functions: Mapping[str, re.Pattern[str]]
    levels: Mapping[str, re.Pattern[str]]
    below: re.Pattern[str]
    past: re.Pattern[str]


@cache
def _known() -> _Words:
    said = _declared()
    return _Words(
        {name: _pattern(words) for name, words in said["functions"].items()},
        {name: _pattern(words) for name, words in said["levels"].items()},
        _pattern(said["below"]),
        _pattern(said["past"]),
    )


@cache
def _declared() -> Mapping:
    return yaml.safe_load(resources.files("cdp.account").joinpath("roles.yaml").read_text("utf-8"))


def _functions(text: str, known: Mapping[str, re.Pattern[str]]) -> tuple[str, ...]:
    found = _meant(text, known)
    # A managing director of finance is of finance.
    return tuple(sorted(found - {"general_management"} or found))


def _level(text: str, known: Mapping[str, re.Pattern[str]]) -> str | None:
    found = _meant(text, known)
    return next((name for name in known if name in found), None)


def _meant(text: str, known: Mapping[str, re.Pattern[str]]) -> set[str]:
    """Whose words occur; what is part of something longer, as the president of a vice president, is not."""
    spans = [
        (match.start(), match.end(), name)
        for name, pattern in known.items()
        for match in pattern.finditer(text)
    ]
    return {
        name
        for start, end, name in spans
        if not any(
            s <= start and end <= e and (e - s) > (end - start)
            for s, e, other in spans
            if other != name
        )
    }


def _plain(said: str) -> str:
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", said.casefold()))
    whole = unicodedata.normalize("NFC", folded)
    return " ".join(_NOT_WORDS.sub(" ", whole.replace("&", " and ")).split())


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, whole, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    parts = [re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", " ") for word in ordered]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")
