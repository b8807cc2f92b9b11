"""Traits as the Segment spec names them, in the words of the trait registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cdp.channel.push.values import LONGEST_KEY, day, decimal, first, snake
from cdp.profile.traits import registry

# Reserved traits whose names differ from the registry's; `trait.field` is a field of an object.
PERSON: Mapping[str, str] = {
    "first_name": "name.given",
    "firstname": "name.given",
    "middle_name": "name.middle",
    "last_name": "name.family",
    "lastname": "name.family",
    "full_name": "name.full",
    "name": "name.full",
    "birthday": "birth_date",
    "created_at": "customer_since",
    "description": "bio",
    "title": "job_title",
}
COMPANY: Mapping[str, str] = {
    "name": "company_name",
    "employee_count": "employees",
    "created_at": "customer_since",
}
ADDRESS: Mapping[str, str] = {
    "street": "street",
    "city": "city",
    "postal_code": "postcode",
    "zip": "postcode",
    "postcode": "postcode",
    "state": "region",
    "region": "region",
    "country": "country",
}
IDENTIFIERS = ("email", "phone")


@dataclass
class Stated:
    """What the traits of one message say."""

    traits: dict[str, Any] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    company_id: str | None = None
    company: "Stated | None" = None


def person(said: Mapping[str, Any]) -> Stated:
    """The traits of an identify call; `email` and `phone` are identifiers, a company stands apart."""
    stated = Stated()
    for key, value in said.items():
        name = snake(key)
        if name in IDENTIFIERS:
            _identify(stated, name, value)
        elif name == "address" and isinstance(value, dict):
            _address(stated, value)
        elif name == "name" and isinstance(value, dict):
            for part, target in (("first", "given"), ("middle", "middle"), ("last", "family")):
                if part in value:
                    _put(stated, key, f"name.{target}", value[part])
        elif name == "company":
            _employer(stated, value)
        else:
            _put(stated, key, PERSON.get(name, name), value)
    return stated


def company(said: Mapping[str, Any]) -> Stated:
    """The traits of a group call; the web site is an identifier, too."""
    stated = Stated()
    for key, value in said.items():
        name = snake(key)
        if name == "address" and isinstance(value, dict):
            _address(stated, value)
        else:
            _put(stated, key, COMPANY.get(name, name), value)
    domain = first(dict(said), "domain", "website")
    if isinstance(domain, str) and len(domain.encode()) <= LONGEST_KEY:
        stated.identifiers["company_domain"] = domain
    return stated


def _identify(stated: Stated, name: str, value: Any) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and 0 < len(value.encode("utf-8", "replace")) <= LONGEST_KEY:
        stated.identifiers[name] = value
    elif value not in (None, ""):
        stated.traits[f"custom.{name}"] = value


def _address(stated: Stated, said: Mapping[str, Any]) -> None:
    for key, value in said.items():
        target = ADDRESS.get(snake(key))
        if target:
            _put(stated, key, f"address.{target}", value)
        else:
            stated.traits[f"custom.address_{snake(key)}"] = value


def _employer(stated: Stated, value: Any) -> None:
    """`company` of a person: its name is a trait of the person, the rest the company's own."""
    if not isinstance(value, dict):
        _put(stated, "company", "company_name", value)
        return
    known = {key: said for key, said in value.items() if key != "id"}
    if "name" in known:
        _put(stated, "company", "company_name", known["name"])
    key = value.get("id")
    if isinstance(key, str | int) and not isinstance(key, bool) and str(key).strip():
        stated.company_id = str(key).strip()
        stated.company = company(known)
    else:
        for name, said in known.items():
            if name != "name":
                stated.traits[f"custom.company_{snake(name)}"] = said


def _put(stated: Stated, key: str, target: str, value: Any) -> None:
    """State the registry's trait `target`; under custom.`key` what it does not know or admit."""
    name, _, part = target.partition(".")
    declared = registry().get(name)
    if declared is None or (part and part not in declared.fields):
        stated.traits[f"custom.{key}"] = value
        return
    blank = value is None or value == ""
    read = None if blank else READ[declared.fields[part] if part else declared.type](value)
    if read is None and not blank:
        stated.traits[f"custom.{key}"] = value
    elif not part:
        stated.traits[name] = read
    elif isinstance(stated.traits.setdefault(name, {}), dict):
        stated.traits[name][part] = read


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _integer(value: Any) -> int | None:
    found = decimal(value)
    return int(found) if found is not None and found == int(found) else None


def _number(value: Any) -> float | None:
    found = decimal(value)
    return None if found is None else float(found)


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any) -> str | None:
    found = day(value)
    return found.isoformat() if found else None


def _list(value: Any) -> list[Any] | None:
    if isinstance(value, list):
        return [each for each in value if each is not None]
    return [value] if isinstance(value, str) else None


def _object(_value: Any) -> None:
    return None


READ: Mapping[str, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "list": _list,
    "object": _object,
}
