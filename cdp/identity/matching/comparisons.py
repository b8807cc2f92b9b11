"""How two records are compared, field by field: levels from agreement to disagreement, as data."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

# The same function under each engine's name.
FUNCTIONS: Mapping[str, Mapping[str, str]] = {
    "duckdb": {
        "alike": "jaro_winkler_similarity",
        "slips": "levenshtein",
        "overlap": "list_has_any",
        "has": "list_contains",
    },
    "spark": {
        "alike": "jaro_winkler",
        "slips": "levenshtein",
        "overlap": "arrays_overlap",
        "has": "array_contains",
    },
}


# Of two housemates: mother and daughter of one name, and twins. Where fields that housemates share
# agree, these shares decide how much a name or a birth date alone can prove.
NAMESAKES = 0.05
TWINS = 0.05


class Level(BaseModel):
    """One degree of agreement of a field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(description="in words, for explanations")
    condition: str = Field(description="SQL over both records' columns (_l, _r); else: all others")
    frequency: str | None = Field(
        default=None, description="the feature whose frequent values say less than rare ones"
    )
    m: float = Field(description="share of the pairs of one person that stand here")
    u: float = Field(description="share of the pairs of strangers")
    h: float = Field(default=0.0, description="share of the pairs of housemates")


class Comparison(BaseModel):
    """One field (or several that belong together), compared once for each pair.

    The m and u of an untrained comparison are where training begins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    columns: tuple[str, ...] = Field(description="features it reads; it needs the first one")
    missing: str = Field(description="SQL that holds where the two cannot be compared")
    levels: tuple[Level, ...] = Field(description="from the strongest agreement to none")
    shared: bool = Field(default=False, description="housemates commonly agree on it")
    alike: float = Field(
        default=0.0, description="share of the housemates who agree on it though it is personal"
    )

    def level(self, gamma: int) -> Level | None:
        """The level that Splink calls `gamma`; None where the field is missing."""
        return None if gamma < 0 else self.levels[len(self.levels) - 1 - gamma]


def _level(
    label: str, condition: str, frequency: str | None = None, m: float = 0.0, u: float = 0.0
) -> Level:
    return Level(label=label, condition=condition, frequency=frequency, m=m, u=u)


def _comparison(
    name: str,
    columns: tuple[str, ...],
    missing: str,
    levels: tuple[Level, ...],
    *,
    shared: bool = False,
    alike: float = 0.0,
) -> Comparison:
    return Comparison(
        name=name, columns=columns, missing=missing, levels=levels, shared=shared, alike=alike
    )


def comparisons(columns: Sequence[str]) -> list[Comparison]:
    """The comparisons for features of which `columns` are ever filled."""
    filled = set(columns)
    found = [each for each in _SHIPPED if _needed(each) <= filled]
    place = _place(filled)
    named = [
        _NAMED[c.split("_", 1)[0]](c)
        for c in columns
        if c.split("_", 1)[0] in _NAMED
    ]
    return [*found, *([place] if place else []), *named]


def _needed(comparison: Comparison) -> set[str]:
    return set(comparison.columns[:1])


def _null(column: str) -> str:
    return f"{column}_l is null or {column}_r is null"


def _equal(column: str) -> str:
    return f"{column}_l = {column}_r"


def _slip(column: str, shortest: int) -> str:
    return (
        f"{{slips}}({column}_l, {column}_r) <= 1 "
        f"and least(length({column}_l), length({column}_r)) >= {shortest}"
    )


def _alike(column: str, least: float) -> str:
    return f"{{alike}}({column}_l, {column}_r) >= {least}"


def _among(column: str, others: str) -> str:
    return f"{{has}}({others}_r, {column}_l) or {{has}}({others}_l, {column}_r)"


def _same(one: str, other: str) -> str:
    return f"({one} = {other} or {{alike}}({one}, {other}) >= 0.9)"


_LEFT_ASIDE = _same("given_l", "family_r")
_RIGHT_ASIDE = _same("given_r", "family_l")
_EXCHANGED = f"{_LEFT_ASIDE} and {_RIGHT_ASIDE}"
# Of one record only one name is known, and it stands in the other's field.
_MISPLACED = (
    f"(family_l is null and {_LEFT_ASIDE}) or (family_r is null and {_RIGHT_ASIDE})"
)
_GIVEN = _comparison(
    "given_name",
    ("given", "family", "middle", "behind"),
    _null("given"),
    (
        _level("equal", _equal("given"), "given", 0.7, 0.01),
        _level("nickname", "{overlap}(behind_l, behind_r)", None, 0.06, 0.004),
        _level("nearly equal", f"{_alike('given', 0.92)} or {_slip('given', 4)}", None, 0.1, 0.004),
        _level(
            "initial",
            "least(length(given_l), length(given_r)) = 1 and left(given_l, 1) = left(given_r, 1)",
            None, 0.02, 0.005,
        ),
        _level("both names exchanged", _EXCHANGED, None, 0.02, 0.00005),
        _level("in the place of the family name", _MISPLACED, None, 0.01, 0.0005),
        _level("a middle name of the other", _among("given", "middle"), None, 0.03, 0.01),
        _level("alike", _alike("given", 0.8), None, 0.02, 0.02),
        _level("different", "else", None, 0.05, 0.95),
    ),
    alike=NAMESAKES,
)  # fmt: skip
_FAMILY = _comparison(
    "family_name",
    ("family", "given", "words", "middle"),
    # Exchanged names agree once, not twice: the given name's comparison counts it.
    f"{_null('family')} or ({_EXCHANGED} and given_l <> given_r)",
    (
        _level("equal", _equal("family"), "family", 0.8, 0.003),
        _level("nearly equal", f"{_alike('family', 0.92)} or {_slip('family', 4)}", None, 0.08, 0.003),
        _level(
            "one word of it",
            f"{{overlap}}(words_l, words_r) or {_among('family', 'middle')}",
            None, 0.02, 0.003,
        ),
        _level("alike", _alike("family", 0.8), None, 0.02, 0.01),
        _level("different", "else", None, 0.06, 0.98),
    ),
    shared=True,
)  # fmt: skip
_SWAPPED = "right(birth_l, 4) = right(birth_r, 2) || substr(birth_r, 5, 2)"
_YEAR = "left(birth_l, 4) = left(birth_r, 4)"
_BIRTH = _comparison(
    "birth_date",
    ("birth",),
    _null("birth"),
    (
        _level("equal", _equal("birth"), "birth", 0.8, 0.0001),
        _level(
            "one digit or day and month exchanged",
            f"{{slips}}(birth_l, birth_r) <= 1 or ({_YEAR} and {_SWAPPED})",
            None, 0.08, 0.001,
        ),
        _level(
            "year and month, or day and month equal",
            "left(birth_l, 6) = left(birth_r, 6) or right(birth_l, 4) = right(birth_r, 4)",
            None, 0.03, 0.004,
        ),
        _level("same year or two digits", f"{_YEAR} or {{slips}}(birth_l, birth_r) <= 2",
              None, 0.04, 0.03),
        _level("different", "else", None, 0.05, 0.97),
    ),
    alike=TWINS,
)  # fmt: skip
# Addresses are made of names: namesakes have alike ones at the large providers, with other digits.
_MISTYPED = (
    "coalesce(digits_l, '') = coalesce(digits_r, '') and "
    f"({{slips}}(email_l, email_r) <= 2 or ({_alike('local', 0.85)} and {_alike('domain', 0.85)}))"
)
_EMAIL = _comparison(
    "email",
    ("emails", "email", "local", "domain", "digits"),
    _null("emails"),
    (
        _level("equal", "{overlap}(emails_l, emails_r)", None, 0.6, 0.0001),
        _level("mistyped", _MISTYPED, None, 0.1, 0.0005),
        _level(
            "same name and digits before the @",
            "local_l = local_r and digits_l is not null",
            "local", 0.05, 0.0005,
        ),
        _level("different", "else", None, 0.25, 0.99),
    ),
    shared=True,
)  # fmt: skip
_PHONE = _comparison(
    "phone",
    ("phones", "phone"),
    _null("phones"),
    (
        _level("equal", "{overlap}(phones_l, phones_r)", None, 0.6, 0.0001),
        _level("one digit or the last seven", f"{_slip('phone', 7)} or right(phone_l, 7) = right(phone_r, 7)",
              None, 0.05, 0.0001),
        _level("different", "else", None, 0.35, 0.99),
    ),
    shared=True,
)  # fmt: skip
_GENDER = _comparison(
    "gender",
    ("gender",),
    _null("gender"),
    (_level("equal", _equal("gender"), None, 0.95, 0.5), _level("different", "else", None, 0.05, 0.5)),
)
_MIDDLE = _comparison(
    "middle_name",
    ("middle",),
    _null("middle"),
    (
        _level("a shared one", "{overlap}(middle_l, middle_r)", None, 0.8, 0.02),
        _level("different", "else", None, 0.2, 0.98),
    ),
)
_SHIPPED = (_GIVEN, _MIDDLE, _FAMILY, _BIRTH, _GENDER, _EMAIL, _PHONE)


def _place(filled: set[str]) -> Comparison | None:
    """Street, postcode and city as one field: they change together when somebody moves."""
    parts = [c for c in ("street", "postcode", "city") if c in filled]
    if not parts:
        return None
    levels = []
    if "street" in filled:
        levels += [
            _level("same street and number", _equal("street"), None, 0.5, 0.0001),
            _level("nearly the same street", f"{_slip('street', 6)} or {_alike('street', 0.93)}",
                  None, 0.1, 0.0005),
        ]  # fmt: skip
    if "postcode" in filled:
        levels += [
            _level("same postcode", _equal("postcode"), "postcode", 0.1, 0.001),
            _level("nearly the same postcode", _slip("postcode", 4), None, 0.05, 0.002),
        ]
    if "city" in filled:
        levels += [
            _level("same city", _equal("city"), "city", 0.1, 0.01),
            _level("nearly the same city", f"{_slip('city', 4)} or {_alike('city', 0.9)}",
                  None, 0.05, 0.005),
        ]  # fmt: skip
    missing = " and ".join(f"({_null(part)})" for part in parts)
    return _comparison(
        "place",
        tuple(parts),
        missing,
        (*levels, _level("elsewhere", "else", None, 0.2, 0.98)),
        shared=True,
    )


def _category(column: str) -> Comparison:
    return _comparison(
        column,
        (column,),
        _null(column),
        (
            _level("equal", _equal(column), column, 0.8, 0.05),
            _level("nearly equal", f"{_slip(column, 4)} or {_alike(column, 0.9)}", None, 0.1, 0.01),
            _level("different", "else", None, 0.1, 0.94),
        ),
    )


def _code(column: str) -> Comparison:
    return _comparison(
        column,
        (column,),
        _null(column),
        (
            _level("equal", _equal(column), None, 0.9, 0.0001),
            _level("one slip", _slip(column, 5), None, 0.07, 0.0001),
            _level("different", "else", None, 0.03, 0.999),
        ),
    )


_NAMED = {"category": _category, "code": _code}
