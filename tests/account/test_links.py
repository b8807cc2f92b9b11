"""Who belongs to which company, in whatever order it becomes known."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cdp.account.links import links_of
from cdp.conclude import conclude
from cdp.errors import InvalidRequest
from cdp.store.account.icp import with_event
from cdp.store.account.links import LINK_COLUMNS
from tests.account.firms import Firms


def test_a_work_address_names_the_company_that_comes_later(firms: Firms):
    firms.person("ann", email="ann@acme.example", title="CFO")
    firms.person("bo", email="bo@gmail.com")
    assert not firms.concluded().links()
    firms.firm("1", name="Acme", domain="https://www.acme.example/about")
    (member,) = firms.concluded().accounts.people("company_domain:acme.example")
    assert member.profile_id == firms.profiles.of_record("people", "ann").profile_id
    assert (member.rule, member.functions, member.level) == ("work e-mail", ["finance"], "c_level")


def test_a_free_mail_domain_that_a_company_claims_makes_nobody_its_own(firms: Firms):
    firms.firm("1", name="Mail User", domain="gmail.com")
    firms.person("bo", email="bo@gmail.com")
    assert not firms.concluded().links()


def test_what_is_stated_stands_above_what_an_address_tells(firms: Firms):
    firms.firm("1", domain="acme.example")
    firms.person("ann", email="ann@acme.example", works_for="ACME.example", role="HR Director",
                 since="2020-05-01")  # fmt: skip
    (member,) = firms.concluded().accounts.people("company_domain:acme.example")
    assert (member.rule, member.role, member.since) == ("stated", "HR Director", date(2020, 5, 1))


def test_who_has_left_is_told_with_the_day_and_counts_no_more(firms: Firms):
    firms.firm("1", domain="acme.example")
    firms.person("ann", works_for="acme.example", role="CFO", since="2018-05-01")
    assert firms.concluded().accounts.people("company_domain:acme.example")
    firms.person(
        "ann", works_for="acme.example", role="CFO", since="2018-05-01", until="2021-01-31"
    )
    assert not firms.concluded().accounts.people("company_domain:acme.example")
    (left,) = firms.accounts.people("company_domain:acme.example", with_left=True)
    assert left.until == date(2021, 1, 31)
    company = firms.accounts.get("company_domain:acme.example")
    assert firms.profiles.computed(company.profile_id).traits["account.people"] == 0


def test_what_somebody_did_counts_for_the_company_of_that_day(firms: Firms):
    for key in ("acme", "beta", "gamma"):
        firms.firm(key, domain=f"{key}.example")
    moved = date(2021, 2, 1)
    firms.person("ann", works_for="acme.example", role="CFO", until=moved,
                 at="2021-01-31T23:59:59", views="ERP")  # fmt: skip
    firms.person("ann", works_for="beta.example", role="VP Finance", since=moved,
                 at="2021-02-01", views="ERP")  # fmt: skip
    firms.person("ann", works_for="beta.example", role="Clerk, HR", since="2021-06-01")
    firms.person("bo", works_for="gamma.example", role="CFO", since="2999-01-01",
                 at="2022-01-01", views="ERP")  # fmt: skip
    firms.concluded()

    with firms.database.transaction() as tx:
        who = with_event(tx, "product_viewed")
    for key, seen in (("acme", "2021-01-31T23:59:59"), ("beta", "2021-02-01"), ("gamma", "None")):
        company = firms.accounts.get(f"company_domain:{key}.example").profile_id
        traits = firms.profiles.computed(company).traits
        assert str(traits.get("account.last_activity_at")).startswith(seen)
        assert (str(company) in who) is (key != "gamma")
    for key in ("acme", "gamma"):
        assert not firms.accounts.people(f"company_domain:{key}.example")
    (ann,) = firms.accounts.people("company_domain:beta.example")
    assert (ann.role, ann.level, ann.until) == ("VP Finance", "vp", None)


def test_who_states_one_company_of_a_domain_is_not_of_the_others_by_an_address():
    stated = ("ann", "acme", "CFO", None, None, "stated", None)
    written = [("ann", company, "CFO", None, None, "work e-mail", domain)
               for company, domain in (("acme", "x.example"), ("acme holding", "x.example"),
                                       ("other", "y.example"))]  # fmt: skip
    found = pl.DataFrame([stated, *written], schema=LINK_COLUMNS, orient="row")
    told = links_of(found).select("account_id", "rule").rows()
    assert sorted(told) == [("acme", "stated"), ("other", "work e-mail")]


def test_links_follow_merges_and_are_those_of_a_full_rebuild(firms: Firms):
    firms.firm("1", name="Acme Tools", city="Oslo", domain="acme.example")
    firms.person("ann", email="ann@acme.example", title="CFO")
    firms.person("bo", works_for="acme-tools.example", role="Buyer")
    firms.concluded()
    firms.firm("2", name="Acme Tools AS", city="Oslo", domain="acme-tools.example")  # is the first
    firms.person("cy", email="cy@acme-tools.example")
    kept = firms.concluded().links()
    assert {row[1] for row in kept} == {
        firms.accounts.get("company_domain:acme.example").profile_id
    }
    assert len(kept) == 3
    assert firms.links_from_nothing() == kept


def test_what_people_view_counts_for_their_company_for_thirty_days(firms: Firms):
    seen = datetime(2024, 5, 1, tzinfo=UTC)
    firms.firm("1", domain="acme.example")
    firms.person("ann", works_for="acme.example", at=seen.isoformat(), views="ERP")
    company = firms.accounts.get("company_domain:acme.example").profile_id

    def concluded(now: datetime) -> dict:
        conclude(firms.database, now=now)
        return dict(firms.profiles.computed(company).traits)

    told = concluded(seen + timedelta(days=2))
    assert (told["account.intent"], told["account.visits_30d"]) == ({"ERP": 1}, 1)
    later = concluded(seen + timedelta(days=31))
    assert "account.intent" not in later
    assert later["account.last_activity_at"].startswith("2024-05-01")


@pytest.mark.parametrize("line", [("Weinbau", "wine"), ("Software", "software and it services")])
def test_a_fit_follows_the_company_and_the_profile(firms: Firms, line: tuple[str, str]):
    said, named = line
    criteria = [{"when": {"trait": "account.line", "is": named}, "weight": 3},
                {"when": {"trait": "account.deciders", "at_least": 1}, "weight": 1}]  # fmt: skip
    firms.accounts.define_icp({"name": "x", "criteria": criteria})
    with pytest.raises(InvalidRequest, match="'technology' is a list; 'is' does not apply"):
        firms.accounts.define_icp(
            {"name": "x", "criteria": [{"when": {"trait": "technology", "is": "SAP"}}]}
        )
    firms.firm("1", domain="acme.example", industry=said)
    (before,) = firms.concluded().accounts.fitting("x", at_least=1)
    assert before.score == 75
    firms.person("ann", works_for="acme.example", role="CFO")
    (after,) = firms.concluded().accounts.fitting("x", at_least=1)
    assert after.score == 100
    firms.accounts.define_icp({"name": "x", "criteria": criteria[1:]})
    firms.accounts.archive_icp("x")
    firms.concluded()
    assert not firms.accounts.icps()
    assert "fit.x" not in firms.profiles.computed(after.account_id).traits
    assert [each.version for each in firms.accounts.icp_versions("x")] == [2, 1]
