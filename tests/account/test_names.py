"""One company under many spellings, and many companies under one."""
# ruff: noqa: RUF001 - letters that look alike are what some of this is about

import pytest

from cdp.identity.companies.naming import legal_form, plain_city, plain_company_name
from cdp.identity.identifiers.normalise import normalise_value
from cdp.identity.policy.declaration import identity_policy

SPELLINGS = [
    ("ACME International Manufacturing, Inc.", "Acme Intl. Mfg. Co."),
    ("Château Margaux SAS", "S.A.S. CHATEAU MARGAUX"),
    ("Müller & Söhne GmbH & Co. KG", "Muller und Sohne"),
    ("A. O. Smith Corporation", "AO Smith"),
    ("L'Oréal S.A.", "LOREAL"),
    ("Banco do Brasil S/A", "BANCO DO BRASIL SA"),
    ("株式会社トヨタ自動車", "トヨタ自動車 株式会社"),
    ("Alphabet Inc. (Class A)", "Alphabet Inc. (Class C)"),
    ("The Home Depot, Inc.", "Home Depot"),
    ("Ørsted Wind A/S", "ORSTED WIND"),
    ("Huta Łabędy Spółka Akcyjna", "Huta Labedy S.A."),
    ("Yapı Kredi Bankası A.Ş.", "Yapi Kredi Bankasi"),
    ("ООО Ромашка Север", "OOO Romashka Sever"),
    ("Grupo Bimbo, S.A.B. de C.V.", "Grupo Bimbo"),
    ("PT Bank Central Asia Tbk", "Bank Central Asia"),
    ("Общество с ограниченной ответственностью «Северное Вино»", "ООО Северное Вино"),
    ("㈱山田製作所", "山田製作所株式会社"),
    ("(주)삼성전자", "삼성전자 주식회사"),
    ("百度网讯科技股份有限公司", "百度网讯科技有限公司"),
    ("Yılmaz Gıda San. ve Tic. A.Ş.", "Yilmaz Gida Sanayi ve Ticaret AS"),
    ("Weingut Loosen UG (haftungsbeschränkt) i.L.", "Weingut Loosen e.K."),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_name_meet(one: str, other: str):
    assert plain_company_name(one) == plain_company_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Delta Air Lines", "Delta Dental"), ("Caves du Nord", "Caves du Sud"), ("3M", "4M")],
)
def test_names_of_two_companies_stay_two(one: str, other: str):
    assert plain_company_name(one) != plain_company_name(other)


def test_a_name_that_is_only_a_legal_form_stays():
    assert plain_company_name("Inc.") == "inc"
    assert legal_form("Acme GmbH & Co. KG") == "gmbh and co kg"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paris 8e", "PARIS CEDEX 08"),
        ("München", "Munich"),
        ("St. Paul, Minnesota", "Saint Paul"),
        ("Tromsø", "TROMSO"),
        ("Москва", "Moscow"),
        ("Frankfurt a. M.", "Frankfurt/Main"),
        ("東京都", "Tokyo"),
    ],
)
def test_spellings_of_one_city_meet(one: str, other: str):
    assert plain_city(one) == plain_city(other)


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "yahoo.co.uk", "web.de", "orange.fr", "uol.com.br", "https://www.facebook.com/acme",
     "https://sites.google.com/view/acme", "qq.com"],
)  # fmt: skip
def test_free_mail_and_portals_never_make_a_company(domain: str):
    with pytest.raises(Exception, match="many people give"):
        normalise_value("company_domain", domain, identity_policy(), "US")


def test_a_shop_of_its_own_below_a_host_is_a_company():
    said = normalise_value("company_domain", "https://acme.myshopify.com/", identity_policy(), "US")
    assert said == "acme.myshopify.com"


def test_a_name_of_one_word_and_a_city_identify_nobody():
    with pytest.raises(Exception, match="not valid"):
        normalise_value("company_name_place", "Atlas|San Francisco", identity_policy(), "US")
