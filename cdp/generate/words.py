"""The word lists that names, places, products and companies are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from cdp.errors import InvalidRequest


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Area codes in service, so that every number made of them is valid; no number is looked up.
AREA_CODES = _listed(
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 220 224 225 228 229 231 "
    "234 239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 "
    "309 310 312 313 314 315 316 317 318 319 320 321 323 325 330 331 334 336 337 339"
)

# Domains that RFC 2606 reserves for documentation: no mail can ever reach anybody.
HOME_DOMAINS = ("mail.example.com", "inbox.example.net", "example.com", "post.example.org")
SECOND_DOMAINS = ("web.example.org", "box.example.com", "letters.example.net")
FAMILY_DOMAIN = "family.example.com"
COMPANY_DOMAIN = "example.com"

REGIONS = _listed(
    "AL AZ CA CO CT FL GA IA IL IN KS KY MA MD MI MN MO NC NJ NY OH OR PA SC TN TX VA WA WI"
)
CITY_HEADS = _listed(
    "Ash Beech Brook Cedar Clay Clear Cold Deer East Elm Fair Fern Glen Grand Green Hazel Hill "
    "Iron Lake Lin Maple Mill North Oak Orchard Pine Red River Rock Rose Silver South Spring "
    "Stone Sugar Sunny Union Walnut West Willow"
)
CITY_TAILS = ("ton", "ville", "field", "burg", "dale", "port", "wood", "haven", "bridge", "ford")
STREET_KINDS = ("Street", "Avenue", "Road", "Lane", "Drive", "Court", "Way", "Place")

EDUCATION = ("High school", "Some college", "Associate", "Bachelor", "Master", "Doctorate")
EDUCATION_WEIGHTS = (0.28, 0.18, 0.1, 0.27, 0.13, 0.04)
SECTORS = (
    "Construction",
    "Education",
    "Energy",
    "Finance",
    "Food and beverages",
    "Health care",
    "Hospitality",
    "Logistics",
    "Manufacturing",
    "Retail",
    "Software",
    "Wine and spirits",
)
JOB_TITLES = (
    "Account manager",
    "Analyst",
    "Buyer",
    "Engineer",
    "Finance director",
    "HR director",
    "Marketing manager",
    "Office manager",
    "Operations lead",
    "Sales representative",
)
COMPANY_HEADS = _listed(
    "amber aspen birch bluewater brightwood canyon cascade copper crescent eastgate evergreen "
    "falcon goldleaf granite greenfield harbor heron highland ironside juniper keystone lakeside "
    "larkspur lighthouse magnolia meadow northstar oakridge orchard pinnacle prairie redwood "
    "ridgeline riverbend sandstone silverline stonebridge summit sycamore thistle valley westwind"
)
COMPANY_TAILS = _listed(
    "analytics bakery builders capital clinic consulting dairy design electric energy farms "
    "finance foods freight garden goods group health homes hospitality hotels industries "
    "insurance labs learning logistics market media motors networks partners pharma press "
    "robotics schools software solar spirits steel studio supply systems textiles tools trading "
    "vineyards works"
)


@dataclass(frozen=True)
class Names:
    """Names that people of one country bear, with how often."""

    female: Mapping[str, float]
    male: Mapping[str, float]
    family: Mapping[str, float]
    jobs: Sequence[str]
    nicknames: Mapping[str, Sequence[str]]


@cache
def names() -> Names:
    """Names of the United States with their nicknames.

    Raises InvalidRequest where the word lists are not installed.
    """
    try:
        from faker.providers.job.en_US import Provider as Jobs  # noqa: PLC0415  (optional part)
        from faker.providers.person.en_US import Provider as Persons  # noqa: PLC0415
    except ImportError as missing:
        raise InvalidRequest(
            "the generator needs the word lists of 'faker'; install 'cdp[demo]'"
        ) from missing
    female, male = dict(Persons.first_names_female), dict(Persons.first_names_male)
    return Names(
        female=female,
        male=male,
        family=dict(cast("Mapping[str, float]", Persons.last_names)),
        jobs=tuple(sorted(Jobs.jobs)),
        nicknames=_nicknames([*female, *male]),
    )


def _nicknames(given: Sequence[str]) -> Mapping[str, Sequence[str]]:
    from nicknames import NickNamer  # noqa: PLC0415  (reads its list on import)

    namer = NickNamer()
    known = {name: sorted(namer.nicknames_of(name)) for name in dict.fromkeys(given)}
    return {name: [nick.title() for nick in nicks] for name, nicks in known.items() if nicks}
