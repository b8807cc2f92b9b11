"""Telephone numbers: E.164, with phonenumbers as the referee and its own metadata as the fast path.

A number counts when its length is possible for its country, at least seven digits; whether the
exchange is in service is not asked. Equality is what identity needs, numbering plans change faster
than any library, and junk is the business of blocked patterns and thresholds. An extension is kept
(`+12125550100;ext=12`): behind one switchboard sit many people.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import phonenumbers
import polars as pl
from phonenumbers import PhoneMetadata, PhoneNumberFormat, ValidationResult

from cdp.errors import InvalidRequest
from cdp.identity.identifiers.text import Normaliser, kept

SHORTEST = 7  # national digits of a number that is only possible, not known to be valid
_SIMPLE = r"^(?:\+|\(|\+\()?[0-9][0-9 ().\-]*$"
_PUNCTUATION = list("+ ().-")
_FLOAT = r"^(\+?\d+)\.0$"  # a column that a spreadsheet took for numbers


def phone(region: str) -> Normaliser:
    """Numbers without a country code are read as of `region` (ISO 3166, two letters).

    Raises:
        InvalidRequest: no such region has telephone numbers.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidRequest(
            f"default region {region!r} is none; give two capital letters such as 'US' or 'DE'"
        )
    return Normaliser(
        exactly=lambda text: _parsed(text, region),
        quickly=lambda column: _plan_of(region).quickly(column),
        at_once=_e164_already,
    )


def _parsed(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(re.sub(_FLOAT, r"\1", text), region)
    except phonenumbers.NumberParseException:
        return None
    if not _is_acceptable(number):
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{e164};ext={number.extension}" if number.extension else e164


def _e164_already(text: str) -> str | None:
    """`text` where it is E.164 of a possible length, and no national prefix can be meant."""
    digits = text[1:]
    if text[:1] != "+" or not (digits.isascii() and digits.isdigit()):
        return None
    for length in (1, 2, 3):  # no country code begins with another
        if known := _numbering(digits[:length]):
            lengths, prefix = known
            national = digits[length:]
            return text if len(national) in lengths and not prefix.match(national) else None
    return None


@cache
def _numbering(code: str) -> tuple[frozenset[int], re.Pattern[str]] | None:
    """Possible lengths of a country's national numbers, and its national prefix."""
    if int(code) not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE or code.startswith("0"):
        return None
    metadata = _metadata(int(code))
    lengths = frozenset(n for n in metadata.general_desc.possible_length if n >= SHORTEST)
    return lengths, re.compile(metadata.national_prefix_for_parsing or "(?!)")


def _is_acceptable(number: phonenumbers.PhoneNumber) -> bool:
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    long_enough = len(phonenumbers.national_significant_number(number)) >= SHORTEST
    return (possible and long_enough) or phonenumbers.is_valid_number(number)


def _metadata(country_code: int) -> Any:  # its attributes are declared as perhaps absent
    region = phonenumbers.region_code_for_country_code(country_code)
    return PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)


def _lengths(metadata: Any) -> str:
    lengths = (n for n in metadata.general_desc.possible_length if n >= SHORTEST)
    return "|".join(f"[0-9]{{{n}}}" for n in lengths)


def _ascii(pattern: str) -> str:
    r"""`pattern` without `\d`, which stands for the digits of every script and makes it huge."""
    return pattern.replace(r"\d", "[0-9]")


@dataclass(frozen=True)
class _Plan:
    """The regular expressions by which `region` reads digits; each leaves the unsure ones out."""

    country_code: str
    international: str  # country code and a national number of possible length
    prefixed: str  # ... which begins like a national prefix: the referee's business
    dialled: str  # begins like a call abroad or like the own country code
    national_prefix: str
    national_prefix_is_plain: bool
    viable: str  # what remains after the national prefix was taken off
    possible: str
    longest: int

    @classmethod
    def of(cls, region: str) -> "_Plan":
        plans = {code: _metadata(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
        own: Any = PhoneMetadata.metadata_for_region(region)
        code = own.country_code
        prefix = own.national_prefix_for_parsing
        international = (f"{c}(?:{_lengths(m)})" for c, m in plans.items() if _lengths(m))
        prefixed = (
            f"{c}(?:{m.national_prefix_for_parsing})"
            for c, m in plans.items()
            if m.national_prefix_for_parsing
        )
        lengths = own.general_desc.possible_length + own.general_desc.possible_length_local_only
        return cls(
            country_code=str(code),
            international=f"^(?:{'|'.join(international)})$",
            prefixed=_ascii(f"^(?:{'|'.join(prefixed)})"),
            dialled=_ascii(f"^(?:{own.international_prefix}|{code})"),
            national_prefix=_ascii(f"^(?:{prefix})") if prefix else "^[^0-9]",
            national_prefix_is_plain=not prefix or re.compile(prefix).groups == 0,
            viable=_ascii(f"^(?:{own.general_desc.national_number_pattern})$"),
            possible=f"^(?:{_lengths(plans[code])})$",
            longest=max(lengths),
        )

    def quickly(self, column: pl.Series) -> pl.Series:
        """E.164 for the written forms of which the referee's answer is certain."""
        text = column.str.replace(_FLOAT, "${1}")
        simple = kept(text, text.str.contains(_SIMPLE))
        digits = simple.str.replace_many(_PUNCTUATION, [""])
        written = pl.DataFrame(
            {
                "digits": digits,
                "bare": digits.str.replace(self.national_prefix, ""),
                "has_plus": simple.str.contains("+", literal=True),
                "is_abroad": digits.str.contains(self.international)
                & ~digits.str.contains(self.prefixed),
                "has_own_code": self._has_own_code(digits),
            }
        )
        return written.select(
            pl.when(pl.col("is_abroad") & (pl.col("has_plus") | pl.col("has_own_code")))
            .then("+" + pl.col("digits"))
            .when(~pl.col("has_plus") & self._is_national(written))
            .then(f"+{self.country_code}" + pl.col("bare"))
        ).to_series()

    def _has_own_code(self, digits: pl.Series) -> pl.Series:
        """Whether a number too long to be a national one begins with the own country code."""
        national = digits.str.strip_prefix(self.country_code)
        return (
            digits.str.starts_with(self.country_code)
            & (digits.str.len_bytes() > self.longest)
            & ~national.str.contains(self.national_prefix)
        )

    def _is_national(self, written: pl.DataFrame) -> pl.Series:
        digits, bare = written["digits"], written["bare"]
        without_prefix = ~digits.str.contains(self.national_prefix)
        if self.national_prefix_is_plain:
            without_prefix |= bare.str.contains(self.viable)
        return (
            bare.str.contains(self.possible) & ~digits.str.contains(self.dialled) & without_prefix
        )


@cache
def _plan_of(region: str) -> _Plan:
    """The plan of a region; made when a column comes, since it reads all numbering plans."""
    return _Plan.of(region)
