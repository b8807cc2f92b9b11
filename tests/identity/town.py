"""A town of people told by three channels that share no identifier, for probabilistic matching."""

import csv
import io
import random
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from cdp.channel.load import load_channel
from cdp.channel.spec import ChannelSpec
from cdp.identity.link import LinkReport, link_records
from cdp.ingest import ingest
from cdp.profile.fold import fold_stale_profiles
from cdp.profiles import CustomerProfiles
from cdp.store.database import Database

FIELDS = ("no", "given", "family", "born", "gender", "street", "postcode", "city", "mail", "phone")
Row = dict[str, str]

WOMEN = [
    "Ann",
    "Bella",
    "Carla",
    "Dora",
    "Eva",
    "Flora",
    "Greta",
    "Hanna",
    "Ida",
    "Julia",
    "Klara",
    "Laura",
    "Maria",
    "Nora",
    "Olga",
    "Paula",
]
MEN = [
    "Adam",
    "Bruno",
    "Carl",
    "David",
    "Emil",
    "Felix",
    "Georg",
    "Hugo",
    "Ivan",
    "Jonas",
    "Karl",
    "Louis",
    "Max",
    "Noel",
    "Otto",
    "Paul",
]
FAMILIES = [
    "Abel",
    "Bauer",
    "Conti",
    "Dahl",
    "Eriksen",
    "Fabre",
    "Gruber",
    "Horvat",
    "Ilic",
    "Jansen",
    "Keller",
    "Lang",
    "Moreau",
    "Novak",
    "Olsen",
    "Peters",
    "Quist",
    "Rossi",
    "Santos",
    "Tanaka",
    "Ulrich",
    "Vidal",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zeman",
    "Marsh",
    "Ford",
    "Dale",
    "Hill",
]
STREETS = [
    "Oak",
    "Elm",
    "Mill",
    "Lake",
    "Hill",
    "Park",
    "High",
    "Church",
    "River",
    "Garden",
    "Castle",
    "Bridge",
]
TOWNS = (("97301", "Salem"), ("83702", "Boise"), ("62701", "Springfield"), ("97201", "Portland"))


def a_row(no: str, **said: str) -> Row:
    """What a channel says of one person; what is not given is empty."""
    return dict.fromkeys(FIELDS, "") | said | {"no": no}


def background(people: int = 240, seed: int = 5) -> tuple[list[Row], list[Row]]:
    """Rows of the CRM and of the shop for people in households, half of whom are in both.

    The shop spells some names wrongly, knows some former addresses and leaves things out.
    """
    chance = random.Random(seed)  # noqa: S311  a made-up town
    crm, shop = [], []
    while len(crm) < people:
        family = chance.choice(FAMILIES)
        home = _home(chance)
        for _ in range(chance.choice((1, 1, 2, 3))):
            crm.append(_person(chance, f"{len(crm)}", family, home))
            if chance.random() < 0.5:
                shop.append(_seen_again(chance, crm[-1]))
    return crm, shop


def neighbours() -> list[Row]:
    """Margaret by four spellings (1 to 4), and people who are easily taken for one another."""
    old = {"street": "9 Mill Rd", "postcode": "97301", "city": "Salem"}
    new = {"street": "77 Lake Rd", "postcode": "83702", "city": "Boise"}
    elm = {"street": "5 Elm Rd", "postcode": "62701", "city": "Springfield"}
    return [
        a_row("1", given="Margaret", family="Smith", born="1979-02-11", gender="f", **old),
        a_row("2", given="Maggie", family="Smith-Jones", born="1979-02-11", **new),
        a_row("3", given="Smith", family="Margaret", born="1979-02-11"),
        a_row("4", given="Peggy", family="Smyth", born="1979-02-11", **old),
        a_row("husband", given="Martin", family="Smith-Jones", born="1977-01-01", **new),
        a_row("twin", given="Tina", family="Twain", born="2001-05-05", **elm),
        a_row("other-twin", given="Tom", family="Twain", born="2001-05-05", **elm),
        a_row("father", given="John", family="Marsh", born="1950-05-05", **elm),
        a_row("son", given="John", family="Marsh", born="1979-08-09", **elm),
        a_row("only-given", given="Margaret"),
        a_row("only-family", family="Smith"),
        a_row("no-date", given="Anna", family="Smith", **old),
    ]


def _home(chance: random.Random) -> Row:
    postcode, city = chance.choice(TOWNS)
    street = f"{chance.randint(1, 99)} {chance.choice(STREETS)} St"
    return {"street": street, "postcode": postcode, "city": city}


def _person(chance: random.Random, no: str, family: str, home: Row) -> Row:
    gender = chance.choice("fm")
    given = chance.choice(WOMEN if gender == "f" else MEN)
    born = date(1940, 1, 1) + timedelta(days=chance.randint(0, 25_000))
    return a_row(
        no, given=given, family=family, born=str(born), gender=gender, **home,
        mail=f"{given}.{family}{no}@home.example".lower(), phone=f"+1208555{int(no):04}",
    )  # fmt: skip


def _seen_again(chance: random.Random, row: Row) -> Row:
    again = row | {"no": f"s{row['no']}", "gender": "", "phone": ""}
    again["mail"] = f"{row['no']}@shop.example"
    if chance.random() < 0.2:
        again |= _home(chance)
    if chance.random() < 0.3:
        at = chance.randrange(1, len(row["family"]))
        again["family"] = row["family"][:at] + row["family"][at - 1 :]
    if chance.random() < 0.15:
        again |= {"given": row["family"], "family": row["given"]}
    if chance.random() < 0.15:
        again["born"] = ""
    return again


def _declaration() -> dict[str, object]:
    return {
        "description": "a channel of a small town",
        "source": {"kind": "files", "path": "in/*.csv"},
        "columns": {"born": {"type": "date"}},
        "record": {"key": "no"},
        "identifiers": {"email": "mail", "phone": "phone"},
        "traits": {
            "name.given": "given",
            "name.family": "family",
            "birth_date": "born",
            "gender": "gender",
            "address.street": "street",
            "address.postcode": "postcode",
            "address.city": "city",
        },
    }


class Town:
    """The channels of a town, what they deliver, and who the store takes for whom."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.profiles = CustomerProfiles(database=database)
        self.first = LinkReport()
        self._files = 0

    def tell(self, channel: str, rows: Iterable[Row]) -> None:
        """A delivery of `channel` is ingested and folded."""
        spec = self._declared(channel)
        text = io.StringIO()
        written = csv.DictWriter(text, FIELDS)
        written.writeheader()
        written.writerows(rows)
        self._files += 1
        (spec.folder / "in" / f"{self._files:03}.csv").write_text(text.getvalue())
        report = ingest(self.database, spec)
        assert not report.failures
        assert not report.landed.quarantined
        fold_stale_profiles(self.database)

    def link(self, **options: Any) -> LinkReport:
        """The linking, and the fold after it."""
        report = link_records(self.database, **options)
        fold_stale_profiles(self.database)
        return report

    def together(self, *keys: str) -> bool:
        """Whether the records, as `channel:key`, are one person."""
        return len({self.profile(key) for key in keys}) == 1

    def profile(self, key: str):
        """The id of the profile that a record belongs to."""
        channel, _, record_key = key.partition(":")
        return self.profiles.of_record(channel, record_key).profile_id

    def clusters(self) -> set[frozenset[str]]:
        """Who belongs together: the records of each profile, as `channel:key`."""
        return {
            frozenset(f"{each.channel}:{each.record_key}" for each in records)
            for profile in self.profiles.scan()
            for records in [self.profiles.records(profile.profile_id)]
        }

    def _declared(self, channel: str) -> ChannelSpec:
        place = self.folder / channel
        (place / "in").mkdir(parents=True, exist_ok=True)
        (place / "defs.yaml").write_text(yaml.safe_dump({"attributes": _declaration()}))
        return load_channel(place)
