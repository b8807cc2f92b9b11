"""A small world of people who are hard to tell apart, and the records that several sources keep."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from nicknames import NickNamer

_STARTS = ("bar", "cor", "del", "fen", "gar", "hol", "kin", "lan", "mar", "nor", "pel", "ros",
           "sal", "tor", "wil", "whit", "ash", "brad", "clay", "dun")  # fmt: skip
_ENDS = ("ton", "well", "man", "ford", "ley", "wood", "son", "by", "ster", "field", "ham", "more",
         "der", "ner", "kins", "worth")  # fmt: skip
_CYRILLIC = str.maketrans("abvgdezijklmnoprstufhcyw", "абвгдезийклмнопрстуфхцыв")


@dataclass(frozen=True)
class World:
    """How often what happens; shares between 0 and 1."""

    households: int = 500
    twins: float = 0.05
    juniors: float = 0.05
    foreign: float = 0.1
    recycled: float = 0.05
    moved: float = 0.15
    married: float = 0.1
    nickname: float = 0.15
    swapped: float = 0.03
    typo: float = 0.08
    missing: float = 0.2
    shared_phone: float = 0.4
    records: tuple[float, ...] = (0.45, 0.3, 0.15, 0.1)  # 1, 2, ... records of a person
    seed: int = 7


def records(world: World) -> pl.DataFrame:
    """record_key, source, given_name, family_name, birth_date, email, phone, street, city,
    postcode; truth (never to be given to the resolver)."""
    chance = np.random.default_rng(world.seed)
    people = _people(world, chance)
    rows = []
    for number, person in enumerate(people):
        count = 1 + int(chance.choice(len(world.records), p=world.records))
        rows += [_record(person, world, chance) | {"truth": number} for _ in range(count)]
    order = chance.permutation(len(rows))
    return pl.DataFrame([rows[i] for i in order]).with_columns(
        record_key=pl.format("r{}", pl.int_range(len(rows)).cast(pl.String).str.zfill(6))
    )


def _people(world, chance):
    givens = list(_GIVEN)
    weights = 1 / np.arange(2, len(givens) + 2) ** 0.7
    families = [s + e for s in _STARTS for e in _ENDS]
    family_weights = 1 / np.arange(3, len(families) + 3) ** 0.7
    people, phones = [], []
    for _ in range(world.households):
        foreign = chance.random() < world.foreign
        family = str(chance.choice(families, p=family_weights / family_weights.sum()))
        place = {
            "street": f"{chance.integers(1, 400)} {chance.choice(_STARTS).title()}{chance.choice(_ENDS)} Street",
            "city": f"{chance.choice(_STARTS).title()}{chance.choice(_ENDS)}",
            "postcode": f"{chance.integers(10_000, 99_999)}",
        }
        shared = _phone(chance) if chance.random() < world.shared_phone else None
        size = int(chance.choice((1, 2, 3, 4), p=(0.4, 0.3, 0.15, 0.15)))
        members = []
        for _ in range(size):
            given = str(chance.choice(givens, p=weights / weights.sum()))
            birth = _birth(chance)
            if members and chance.random() < world.twins:
                birth = members[-1]["birth"]
            elif members and chance.random() < world.juniors:
                given = members[0]["given"]
            if any(m["given"] == given and m["birth"] == birth for m in members):
                continue
            phone = shared or _phone(chance)
            if phones and chance.random() < world.recycled:
                phone = phones[chance.integers(len(phones))]
            phones.append(phone)
            maiden = str(chance.choice(families)) if chance.random() < world.married else None
            local = f"{given}{'.' if chance.random() < 0.5 else ''}{family}"
            digits = str(chance.integers(1, 9999)) if chance.random() < 0.6 else ""
            members.append({
                "given": given, "family": family, "foreign": foreign, "maiden": maiden, "birth": birth,
                "phone": phone, "email": f"{local}{digits}@{chance.choice(_DOMAINS)}".lower(),
                "home": place, "old": {**place, "street": f"{chance.integers(1, 400)} Old Road",
                                       "postcode": f"{chance.integers(10_000, 99_999)}"},
            })  # fmt: skip
        people += members
    return people


def _record(person, world, chance):
    def happens(share):
        return chance.random() < share

    given, family = person["given"], person["family"]
    if person["maiden"] and happens(0.4):
        family = person["maiden"]
    if happens(world.nickname):
        given = str(chance.choice(sorted(NickNamer().nicknames_of(given)) or [given]))
    given, family = (
        _typo(name, chance) if happens(world.typo) else name for name in (given, family)
    )
    if happens(world.swapped):
        given, family = family, given
    if person["foreign"] and happens(0.5):
        given, family = given.translate(_CYRILLIC).title(), family.translate(_CYRILLIC).title()
    home = person["old"] if happens(world.moved) else person["home"]
    birth = person["birth"]
    if happens(world.typo):
        birth = birth[:-1] + str(chance.integers(0, 10))
    said = {
        "given_name": None if happens(world.missing / 4) else given,
        "family_name": None if happens(world.missing / 4) else family,
        "birth_date": None if happens(world.missing * 1.5) else birth,
        "email": None if happens(world.missing * 1.5) else person["email"],
        "phone": None if happens(world.missing) else person["phone"],
    }
    lives = {key: None if happens(world.missing) else value for key, value in home.items()}
    return said | lives | {"source": str(chance.choice(("crm", "shop", "store")))}


def census(households: int = 600, seed: int = 3, typo: float = 0.1) -> pl.DataFrame:
    """The same households counted twice: each person stands once in each source."""
    chance = np.random.default_rng(seed)
    people = _people(World(households=households, foreign=0.0), chance)
    rows = []
    for number, person in enumerate(people):
        for source in ("first", "second"):
            if chance.random() < 0.1:
                continue
            given, family = (
                _typo(name, chance) if chance.random() < typo else name
                for name in (person["given"], person["family"])
            )
            year = int(person["birth"][:4]) + int(chance.choice((-1, 0, 0, 0, 0, 0, 0, 1)))
            rows.append({
                "source": source, "given_name": given, "family_name": family,
                "birth_date": f"{year}{person['birth'][4:]}", "street": person["home"]["street"],
                "city": person["home"]["city"], "truth": number,
            })  # fmt: skip
    order = chance.permutation(len(rows))
    return pl.DataFrame([rows[i] for i in order]).with_columns(
        record_key=pl.format("c{}", pl.int_range(len(rows)).cast(pl.String).str.zfill(6))
    )


def _birth(chance):
    return f"{chance.integers(1935, 2004)}-{chance.integers(1, 13):02}-{chance.integers(1, 29):02}"


def _phone(chance):
    return f"+1212{chance.integers(2_000_000, 9_999_999)}"


def _typo(name, chance):
    if len(name) < 3:
        return name
    place = int(chance.integers(1, len(name) - 1))
    kind = chance.integers(3)
    if kind == 0:
        return name[:place] + name[place + 1 :]
    if kind == 1:
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return name[:place] + str(chance.choice(list("aeiorstln"))) + name[place + 1 :]


_DOMAINS = ("gmail.com", "gmail.com", "yahoo.com", "hotmail.com", "icloud.com")
_GIVEN = (
    "james", "mary", "john", "patricia", "robert", "jennifer", "michael", "linda", "william",
    "elizabeth", "david", "barbara", "richard", "susan", "joseph", "jessica", "thomas", "sarah",
    "charles", "karen", "christopher", "nancy", "daniel", "margaret", "matthew", "lisa", "anthony",
    "betty", "mark", "dorothy", "donald", "sandra", "steven", "ashley", "paul", "kimberly", "andrew",
    "donna", "joshua", "emily", "kenneth", "carol", "kevin", "michelle", "brian", "amanda", "george",
    "melissa", "edward", "deborah", "ronald", "stephanie", "timothy", "rebecca", "jason", "laura",
    "jeffrey", "helen", "ryan", "sharon", "jacob", "cynthia", "gary", "kathleen", "nicholas", "amy",
    "eric", "shirley", "jonathan", "angela", "stephen", "anna", "larry", "ruth", "justin", "brenda",
    "scott", "pamela", "brandon", "nicole", "benjamin", "katherine", "samuel", "samantha", "gregory",
    "christine", "frank", "emma", "alexander", "catherine", "raymond", "debra", "patrick",
    "virginia", "jack", "rachel", "dennis", "carolyn", "jerry", "janet", "tyler", "maria",
)  # fmt: skip
