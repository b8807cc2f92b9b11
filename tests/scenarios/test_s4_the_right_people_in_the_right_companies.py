"""S4: finance and HR directors of wine companies in France with more than 50 employees."""

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cdp.accounts import Accounts
from cdp.audiences import Audiences
from cdp.conclude import conclude
from cdp.model.audience import AudienceDeclaration
from cdp.segments import Segments
from cdp.settings import settings
from cdp.store.database import Database
from tests.scenarios.world import World
from tests.served import Served, eventually, serving

CHANNELS = Path(__file__).parent / "channels"
MEDOC = "Château Médoc"
REGISTER = [
    # siren, name, naf, employees, city, country, parent
    ("500000001", "CHATEAU MEDOC SAS", "11.02B", 120, "PAUILLAC", "France", None),
    ("500000002", "Caves de Beaune SA", "1102A", 51, "Beaune", "FR", None),
    ("500000003", "Petit Clos SARL", "01.21Z", 50, "Chinon", "France", None),  # too small
    ("500000004", "Brasserie du Nord SA", "11.05Z", 400, "Lille", "France", None),  # beer
    ("500000005", "Bodegas del Duero SL", "1102", 300, "Roa", "Spain", None),  # not in France
    ("500000006", "Vignobles Duval SCEA", "viticulture", 80, "Beaune", "FRA", "500000002"),
    ("500000007", "Tonneaux et Cuves SAS", "Winery equipment", 90, "Cognac", "France", None),
]
FAIR = [
    # badge, given, family, email, company, city, role, joined, left, agreed
    ("B1", "Anne", "Roux", "anne.roux@chateau-medoc.example", MEDOC, "Pauillac", "Directrice financière", "2019-01-01", None, "yes"),
    ("B2", "Marc", "Petit", "marc@medoc.example", "Château Médoc", "Pauillac Cedex", "DRH", None, None, "no"),  # no consent
    ("B3", "Luc", "Brun", "luc@caves.example", "Caves de Beaune", "Beaune", "Assistant du directeur financier", None, None, "yes"),  # no director
    ("B4", "Zoé", "Noir", "zoe@caves.example", "CAVES DE BEAUNE S.A.", "Beaune", "CFO", None, "2023-12-31", "yes"),  # has left
    ("B5", "Yann", "Gris", "yann@clos.example", "Petit Clos", "Chinon", "CFO", None, None, "yes"),  # too small
    ("B6", "Iris", "Blanc", "iris@nord.example", "Brasserie du Nord", "Lille", "CFO", None, None, "yes"),
    ("B7", "Sol", "Rey", "sol@duero.example", "Bodegas del Duero", "Roa", "Directora de Recursos Humanos", None, None, "yes"),
    ("B8", "Guy", "Duval", "guy@duval.example", "Vignobles Duval", "Beaune", "Responsable RH", None, None, "yes"),  # a manager
    ("B9", "Eva", "Mai", "eva@cuves.example", "Tonneaux et Cuves", "Cognac", "CFO", None, None, "yes"),
]  # fmt: skip
WANTED = {
    "name": "french-wine",
    "description": "wine companies in France with more than 50 employees",
    "criteria": [
        {"when": {"trait": "account.line", "is": "wine"}, "weight": 3, "required": True},
        {"when": {"trait": "account.country", "is": "FR"}, "weight": 2, "required": True},
        {"when": {"trait": "employees", "above": 50}, "weight": 2, "required": True},
        {"when": {"trait": "employees", "above": 100}, "weight": 1},
        {"when": {"trait": "account.functions", "contains": "finance"}, "weight": 1},
    ],
}
ROLES = {
    "functions": ["finance", "human_resources"],
    "levels": ["director", "vp", "c_level"],
}


@pytest.fixture(scope="module")
def served(
    new_database: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """The store after the register's and the fair's files, and the calls of a web site."""
    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch, new_database() as database:
        patch.setenv("CDP_DATA", str(data))
        settings.cache_clear()
        world = World(database, data)
        register = ("siren", "name", "naf", "employees", "city", "country", "parent")
        world.csv(
            "register/france.csv", [dict(zip(register, row, strict=True)) for row in REGISTER]
        )
        fair = (
            "badge",
            "given",
            "family",
            "email",
            "company",
            "city",
            "role",
            "joined",
            "left_on",
            "agreed",
        )
        world.csv(
            "fair/visitors.csv",
            [dict(zip(fair, row, strict=True)) | {"language": "fr"} for row in FAIR],
        )
        world.ingest("company_register", "wine_fair", folder=CHANNELS)
        with serving(database, tmp_path_factory.mktemp("served")) as served:
            _push(served)
            conclude(database)
            yield served
    settings.cache_clear()


def _push(served: Served) -> None:
    """The web site knows the second company by its domain, and two of its people by their group."""
    with served.http("ingest", channel="site") as http:
        for user, title in (("u1", "Chief Human Resources Officer"), ("u2", "Vineyard worker")):
            told = {
                "email": f"{user}@caves-beaune.example",
                "title": title,
                "firstName": user.upper(),
            }
            http.post("/v1/identify", json={"userId": user, "traits": told}).raise_for_status()
            group = {"name": "Caves de Beaune", "website": "https://www.caves-beaune.example/",
                     "address": {"city": "Beaune", "country": "France"}}  # fmt: skip
            said = {"userId": user, "groupId": "caves", "traits": group}
            http.post("/v1/group", json=said).raise_for_status()
        visit = {"userId": "u1", "event": "Product Viewed", "properties": {"category": "ERP"}}
        http.post("/v1/track", json=visit).raise_for_status()
        anonymous = {
            "anonymousId": "a-77",
            "groupId": "caves",
            "traits": {"name": "Caves de Beaune"},
        }
        http.post("/v1/group", json=anonymous).raise_for_status()
    eventually(lambda: served.profiles.find(user_id="u2"))


@pytest.fixture(scope="module")
def accounts(served: Served) -> Accounts:
    found = Accounts(database=served.database)
    found.define_icp(WANTED, by="sales")
    conclude(served.database)
    return found


def test_register_and_group_calls_speak_of_one_company(accounts: Accounts):
    (company,) = accounts.find(registry_number="500000002")
    assert company.profile_id == accounts.get("company_domain:caves-beaune.example").profile_id
    assert company.profile_id == accounts.get("group_id:caves").profile_id
    assert company.firmographics.employees == 51


def test_a_subsidiary_is_a_relation_and_no_merge(accounts: Accounts):
    parent, child = (accounts.get(f"registry_number:50000000{n}") for n in (2, 6))
    assert parent.profile_id != child.profile_id
    (relation,) = [each for each in accounts.relations(child.profile_id) if each.why == "stated"]
    assert (relation.kind, relation.account_id) == ("parent", parent.profile_id)


def test_people_stand_at_their_company_with_function_level_and_dates(accounts: Accounts):
    people = {
        each.role: each for each in accounts.people("registry_number:500000002", with_left=True)
    }
    assert people["CFO"].until is not None
    assert (people["CFO"].functions, people["CFO"].level) == (["finance"], "c_level")
    assert people["Chief Human Resources Officer"].functions == ["human_resources"]
    assert "CFO" not in {each.role for each in accounts.people("registry_number:500000002")}


def test_an_anonymous_visitor_counts_for_no_company(accounts: Accounts, served: Served):
    visitor = served.profiles.find(anonymous_id="a-77")[0].profile_id
    members = accounts.people("registry_number:500000002", with_left=True)
    assert visitor not in {each.profile_id for each in members}


def test_every_near_miss_scores_nothing_and_says_why(accounts: Accounts):
    best = {each.name: each.score for each in accounts.fitting("french-wine", at_least=1)}
    assert set(best) == {"CHATEAU MEDOC SAS", "Caves de Beaune SA", "Vignobles Duval SCEA"}
    assert best["CHATEAU MEDOC SAS"] == 100
    assert best["Caves de Beaune SA"] == pytest.approx(100 * 8 / 9, abs=0.1)
    (beer,) = accounts.fit("registry_number:500000004", "french-wine")
    (why,) = [each for each in beer.reasons if not each.met and each.required]
    assert (beer.score, why.criterion, why.actual) == (
        0,
        "account.line is wine",
        {"account.line": "beer and spirits"},
    )


def test_what_people_look_at_is_the_intent_of_their_company(served: Served, accounts: Accounts):
    company = accounts.get("registry_number:500000002").profile_id
    told = served.profiles.computed(company).traits
    assert (told["account.topic"], told["account.intent"]) == ("ERP", {"ERP": 1})
    assert told["account.functions"] == ["finance", "human_resources"]


def test_profile_and_role_crossed_give_the_people_to_write_to(accounts: Accounts):
    found = accounts.whom("french-wine", at_least=70, **ROLES)
    assert {each.role for each in found} == {
        "Directrice financière", "DRH", "Chief Human Resources Officer",
    }  # fmt: skip


def test_they_are_exported_as_an_audience_with_consent(
    accounts: Accounts, served: Served, tmp_path: Path
):
    condition = accounts.segment("french-wine", at_least=70, **ROLES)
    Segments(database=served.database).save("wine deciders", condition, by="sales")
    audiences = Audiences(database=served.database)
    audiences.declare(
        AudienceDeclaration(
            name="wine-letter", segment="wine deciders", purpose="marketing", medium="email"
        )
    )
    export = audiences.export("wine-letter", tmp_path / "letter.csv")
    with (tmp_path / "letter.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # One of the three was never asked, one said no.
    assert [row["contact"] for row in rows] == ["anne.roux@chateau-medoc.example"]
    assert dict(export.left_out) == {"denied": 1, "not_asked": 1}
