"""The roles that a column of records can play in matching, and how they are guessed from its name."""

import re
from typing import Literal, get_args

Role = Literal[
    "given_name",
    "middle_name",
    "family_name",
    "name_suffix",
    "full_name",
    "birth_date",
    "email",
    "phone",
    "street",
    "house_number",
    "city",
    "postcode",
    "gender",
    "category",
    "code",
    "identifier",
    "ignore",
]
ROLES: tuple[str, ...] = get_args(Role)

# Roles that several columns may have, each compared by itself.
NAMED = ("category", "code")
# Roles of which a record may state several values: a list, or several columns.
SEVERAL = ("email", "phone")
# Roles of which a record states one value; several columns are read as its parts, in their order.
SINGLE = (
    "given_name",
    "middle_name",
    "family_name",
    "name_suffix",
    "full_name",
    "birth_date",
    "street",
    "house_number",
    "city",
    "postcode",
    "gender",
)

# The first that fits the column's name, in lower-case words a blank apart, decides.
_GUESSES: tuple[tuple[str, Role], ...] = (
    (r"\be ?mail", "email"),
    (r"phone|mobile|\btel\b|\bcell\b", "phone"),
    (r"birth ?(date|day|year)|date of birth|year of birth|\bdob\b|\byob\b|\bborn\b", "birth_date"),
    (r"birth ?place|place of birth", "category"),
    (r"middle", "middle_name"),
    (r"suffix|generation", "name_suffix"),
    (r"full ?name|^name$|first and (last|sur)", "full_name"),
    (r"(first|given|fore|christian) ?name|\bfname\b|^(first|given)$|vorname", "given_name"),
    (r"(last|family|sur) ?name|\blname\b|^(last|family)$|nachname", "family_name"),
    (r"(street|house|building) ?(no|nr|num|number)\b|^house$", "house_number"),
    (r"post ?(al ?)?code|\bzip|\bplz\b", "postcode"),
    (r"street|^address( line)?( ?1)?$|^addr(ess)? ?1$|strasse", "street"),
    (r"city|suburb|town|locality|^ort$", "city"),
    (r"gender|\bsex\b", "gender"),
    (r"\bssn\b|soc sec|national id|passport|tax id|licen[cs]e|member (no|id)|card", "code"),
    (r"occupation|job|\btitle|state|county|region|country|address|race|marital", "category"),
)


def guessed(column: str) -> Role | None:
    """The role that the name of a column suggests; None where it says nothing."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    words = re.sub(r"[^a-z0-9]+", " ", parted.lower()).strip()
    return next((role for pattern, role in _GUESSES if re.search(pattern, words)), None)
