"""The roles that a column of records can play in matching, and how they are guessed from its name."""

import re
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, get_args

Role = Literal[
    "given_name",
    "middle_name",
    "family_name",
    "name_suffix",
    "full_name",
    "birth_date",
    "birth_year",
    "birth_month",
    "birth_day",
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
    "birth_year",
    "birth_month",
    "birth_day",
    "street",
    "house_number",
    "city",
    "postcode",
    "gender",
)

# The first that fits the column's name, in plain lower-case words a blank apart, decides.
_GUESSES: tuple[tuple[str, Role], ...] = (
    (r"\bip ?(address)?\b|\burl\b|latitude|longitude", "ignore"),
    (r"\be ?mail|^mail$|courriel|correo", "email"),
    (r"phone|mobile|\btel\b|\bcell\b|telefon|celular", "phone"),
    (r"(birth|dob|born) ?y(ea)?r|year of birth|\byob\b|^b ?y(ear)?$|geburtsjahr", "birth_year"),
    (r"(birth|dob|born) ?mon|month of birth|^b ?m(on(th)?)?$", "birth_month"),
    (r"day of birth|dob day|^bd$", "birth_day"),
    (r"birth ?(date|day)|date of birth|\bdob\b|\bborn\b|^b ?day$|geburtsdatum", "birth_date"),
    (r"naissance|nacimiento|nascimento|nascita|geboortedatum|urodzenia", "birth_date"),
    (r"birth ?place|place of birth|\bpob\b|geburtsort|ethnic|nationality", "category"),
    (r"middle", "middle_name"),
    (r"suffix|generation", "name_suffix"),
    (r"full ?name|(person|customer|client|display|contact) ?name$|first and (last|sur)", "full_name"),
    (r"(last|family|sur) ?name|name last|\blname\b|^(last|family)$|pername ?2", "family_name"),
    (r"(nach|familien)name|nom de famille|apellido|sobrenome|cognome|achternaam|nazwisko", "family_name"),
    (r"(first|given|fore|christian) ?name|name first|\bfname\b|^(first|given)$|pername ?1", "given_name"),
    (r"vorname|prenom|primeiro nome|voornaam|^imie$", "given_name"),
    (r"(street|house|building) ?(no|nr|num|number)\b|^house$|hausn(umme)?r|huisnummer", "house_number"),
    (r"post ?(al ?)?code|^postal$|\bzip|\bplz\b|postleitzahl|enum ?pc", "postcode"),
    (r"co(de|digo) postal|\bcep\b|kod pocztowy", "postcode"),
    (r"street|^address( ?line)?( ?1)?$|^addr(ess)?( ?1)?$|enum ?cap", "street"),
    (r"strasse|^adresse|^calle\b|indirizzo|straat|ulica|^rua$|endereco|direccion|logradouro", "street"),
    (r"city|suburb|town|locality|^ort$|^(wohn)?ort|stadt", "city"),
    (r"^ville$|ciudad|cidade|woonplaats|miasto|^comune$|municipio", "city"),
    (r"gender|\bsex[eo]?\b|geschlecht|geslacht|sesso", "gender"),
    (r"\bssn\b|soc(ial)? sec|national id|\bnino\b|passport|tax id|licen[cs]e|\b(dni|nif|cpf)\b", "code"),
    (r"member (no|id)|card|insurance (no|nr|number|id)", "code"),
    (r"occupation|profession|beruf|job|\btitle|state|county|region|country", "category"),
    (r"address|race|marital", "category"),
)  # fmt: skip
# A name, but which one only the other columns tell: Name beside Vorname is the family's.
_BARE_NAMES = ("name", "nom", "nome", "nombre", "naam")


def guessed(column: str) -> Role | None:
    """The role that the name of a column suggests; None where it says nothing."""
    words = _words(column)
    return next((role for pattern, role in _GUESSES if re.search(pattern, words)), None)


def guessed_together(columns: Sequence[str]) -> dict[str, Role | None]:
    """The roles of all columns of a file, of which some say what others mean."""
    roles: dict[str, Role | None] = {column: guessed(column) for column in columns}
    known = set(roles.values())
    for column in columns:
        if _words(column) in _BARE_NAMES and roles[column] is None:
            roles[column] = _bare_name(known)
        if roles[column] == "birth_date" and "birth_month" in known and "day" in column.lower():
            roles[column] = "birth_day"
    return roles


def _bare_name(known: AbstractSet[str | None]) -> Role:
    if "given_name" in known:
        return "full_name" if "family_name" in known else "family_name"
    return "given_name" if "family_name" in known else "full_name"


def _words(column: str) -> str:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    bare = unicodedata.normalize("NFKD", parted.replace("ß", "ss"))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", " ", bare.lower()).strip()
