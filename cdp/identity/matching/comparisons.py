"""What is compared of two records: the fields, their levels and where training begins."""

from collections.abc import Sequence

from cdp.identity.matching.levels import (
    Comparison,
    alike,
    among,
    comparison,
    equal,
    level,
    null,
    overlap,
    same,
    slip,
)

# Of two housemates: mother and daughter of one name, and twins. Where fields that housemates share
# agree, these shares decide how much a name or a birth date alone can prove.
NAMESAKES = 0.05
TWINS = 0.05


def comparisons(columns: Sequence[str]) -> list[Comparison]:
    """The comparisons for features of which `columns` are ever filled."""
    filled = set(columns)
    found = [each for each in _SHIPPED if each.columns[0] in filled]
    place = _place(filled)
    named = [_NAMED[c.split("_", 1)[0]](c) for c in columns if c.split("_", 1)[0] in _NAMED]
    return [*found, *([place] if place else []), *named]


_LEFT_ASIDE = same("given_l", "family_r")
_RIGHT_ASIDE = same("given_r", "family_l")
_EXCHANGED = f"{_LEFT_ASIDE} and {_RIGHT_ASIDE}"
# Of one record only one name is known, and it stands in the other's field.
_MISPLACED = f"(family_l is null and {_LEFT_ASIDE}) or (family_r is null and {_RIGHT_ASIDE})"
_GIVEN = comparison(
    "given_name",
    ("given", "family", "middle", "behind"),
    null("given"),
    (
        level("equal", equal("given"), "given", 0.7, 0.01),
        level("nickname", overlap("behind"), None, 0.06, 0.004),
        level("nearly equal", f"{alike('given', 0.92)} or {slip('given', 4)}", None, 0.1, 0.004),
        level(
            "initial",
            "least(length(given_l), length(given_r)) = 1 and left(given_l, 1) = left(given_r, 1)",
            None, 0.02, 0.005,
        ),
        level("both names exchanged", _EXCHANGED, None, 0.02, 0.00005),
        level("in the place of the family name", _MISPLACED, None, 0.01, 0.0005),
        level("a middle name of the other", among("given", "middle"), None, 0.03, 0.01),
        level("alike", alike("given", 0.8), None, 0.02, 0.02),
        level("different", "else", None, 0.05, 0.95),
    ),
    alike=NAMESAKES,
)  # fmt: skip
_FAMILY = comparison(
    "family_name",
    ("family", "given", "words", "middle"),
    # Exchanged names agree once, not twice: the given name's comparison counts it.
    f"{null('family')} or (given_l <> given_r and {_EXCHANGED})",
    (
        level("equal", equal("family"), "family", 0.8, 0.003),
        level("nearly equal", f"{alike('family', 0.92)} or {slip('family', 4)}", None, 0.08, 0.003),
        level(
            "one word of it",
            f"{overlap('words')} or {among('family', 'middle')}",
            None, 0.02, 0.003,
        ),
        level("alike", alike("family", 0.8), None, 0.02, 0.01),
        level("different", "else", None, 0.06, 0.98),
    ),
    shared=True,
)  # fmt: skip
_SWAPPED = "right(birth_l, 4) = right(birth_r, 2) || substr(birth_r, 5, 2)"
_YEAR = "left(birth_l, 4) = left(birth_r, 4)"
_BIRTH = comparison(
    "birth_date",
    ("birth",),
    null("birth"),
    (
        level("equal", equal("birth"), "birth", 0.8, 0.0001),
        level(
            "one digit or day and month exchanged",
            f"{{slips}}(birth_l, birth_r) <= 1 or ({_YEAR} and {_SWAPPED})",
            None, 0.08, 0.001,
        ),
        level(
            "year and month, or day and month equal",
            "left(birth_l, 6) = left(birth_r, 6) or right(birth_l, 4) = right(birth_r, 4)",
            None, 0.03, 0.004,
        ),
        level("same year or two digits", f"{_YEAR} or {{slips}}(birth_l, birth_r) <= 2",
              None, 0.04, 0.03),
        level("different", "else", None, 0.05, 0.97),
    ),
    alike=TWINS,
)  # fmt: skip
# Addresses are made of names: namesakes have alike ones at the large providers, with other digits.
_MISTYPED = (
    "coalesce(digits_l, '') = coalesce(digits_r, '') and "
    "((abs(length(email_l) - length(email_r)) <= 2 and {slips}(email_l, email_r) <= 2) "
    f"or ({alike('local', 0.85)} and {alike('domain', 0.85)}))"
)
_EMAIL = comparison(
    "email",
    ("emails", "email", "local", "domain", "digits"),
    null("emails"),
    (
        level("equal", f"{equal('email')} or {overlap('emails')}", None, 0.6, 0.0001),
        level("mistyped", _MISTYPED, None, 0.1, 0.0005),
        level(
            "same name and digits before the @",
            "local_l = local_r and digits_l is not null",
            "local", 0.05, 0.0005,
        ),
        level("different", "else", None, 0.25, 0.99),
    ),
    shared=True,
)  # fmt: skip
_PHONE = comparison(
    "phone",
    ("phones", "phone"),
    null("phones"),
    (
        level("equal", f"{equal('phone')} or {overlap('phones')}", None, 0.6, 0.0001),
        level("one digit or the last seven", f"{slip('phone', 7)} or right(phone_l, 7) = right(phone_r, 7)",
              None, 0.05, 0.0001),
        level("different", "else", None, 0.35, 0.99),
    ),
    shared=True,
)  # fmt: skip
_GENDER = comparison(
    "gender",
    ("gender",),
    null("gender"),
    (
        level("equal", equal("gender"), None, 0.95, 0.5),
        level("different", "else", None, 0.05, 0.5),
    ),
)
_GENERATION = comparison(
    "generation",
    ("generation",),
    null("generation"),
    (
        level("equal", equal("generation"), None, 0.98, 0.5),
        level("junior and senior", "else", None, 0.02, 0.5),
    ),
)
_MIDDLE = comparison(
    "middle_name",
    ("middle",),
    null("middle"),
    (
        level("a shared one", "{overlap}(middle_l, middle_r)", None, 0.8, 0.02),
        level("different", "else", None, 0.2, 0.98),
    ),
)
_SHIPPED = (_GIVEN, _MIDDLE, _FAMILY, _GENERATION, _BIRTH, _GENDER, _EMAIL, _PHONE)


def _place(filled: set[str]) -> Comparison | None:
    """Street, postcode and city as one field: they change together when somebody moves."""
    parts = [c for c in ("street", "postcode", "city") if c in filled]
    if not parts:
        return None
    levels = []
    if "street" in filled:
        levels += [
            level("same street and number", equal("street"), None, 0.5, 0.0001),
            level("nearly the same street", f"{slip('street', 6)} or {alike('street', 0.93)}",
                  None, 0.1, 0.0005),
        ]  # fmt: skip
    if "postcode" in filled:
        levels += [
            level("same postcode", equal("postcode"), "postcode", 0.1, 0.001),
            level("nearly the same postcode", slip("postcode", 4), None, 0.05, 0.002),
        ]
    if "city" in filled:
        levels += [
            level("same city", equal("city"), "city", 0.1, 0.01),
            level("nearly the same city", f"{slip('city', 4)} or {alike('city', 0.9)}",
                  None, 0.05, 0.005),
        ]  # fmt: skip
    missing = " and ".join(f"({null(part)})" for part in parts)
    return comparison(
        "place",
        tuple(parts),
        missing,
        (*levels, level("elsewhere", "else", None, 0.2, 0.98)),
        shared=True,
    )


def _category(column: str) -> Comparison:
    return comparison(
        column,
        (column,),
        null(column),
        (
            level("equal", equal(column), column, 0.8, 0.05),
            level("nearly equal", f"{slip(column, 4)} or {alike(column, 0.9)}", None, 0.1, 0.01),
            level("different", "else", None, 0.1, 0.94),
        ),
    )


def _code(column: str) -> Comparison:
    return comparison(
        column,
        (column,),
        null(column),
        (
            level("equal", equal(column), None, 0.9, 0.0001),
            level("one slip", slip(column, 5), None, 0.07, 0.0001),
            level("different", "else", None, 0.03, 0.999),
        ),
    )


_NAMED = {"category": _category, "code": _code}
