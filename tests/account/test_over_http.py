"""Companies over HTTP and through the client: the verbs of the library."""

from collections.abc import Iterator

import pytest

from cdp.client import Client
from cdp.errors import IcpNotFound, InvalidRequest, ScopeMissing
from tests.account.firms import Firms
from tests.served import Served, serving

CRITERIA = {"criteria": [{"when": {"trait": "account.line", "is": "wine"}, "weight": 2},
                         {"when": {"trait": "employees", "above": 50}, "weight": 2}]}  # fmt: skip


@pytest.fixture(scope="module")
def served(new_database, tmp_path_factory) -> Iterator[Served]:
    with new_database() as database:
        firms = Firms(database, tmp_path_factory.mktemp("firms"))
        firms.firm("1", name="Acme Wines", domain="acme.example", industry="wine", employees=80)
        firms.firm("2", name="Acme Beer", domain="beer.example", industry="beer", employees=80)
        firms.person("ann", works_for="acme.example", role="DRH", since="2020-01-01")
        firms.concluded()
        with serving(database, tmp_path_factory.mktemp("served")) as served:
            yield served


def test_an_icp_is_defined_scored_and_crossed_with_roles(served: Served):
    with Client(served.url, served.key("read", "steward"), timeout=60) as client:
        assert client.preview_icp("wine", CRITERIA).by_tenth["90-100"] == 1
        assert client.define_icp("wine", CRITERIA).version == 1
        Firms.concluded(served)  # pyright: ignore[reportArgumentType]  it has a database, too
        best, other = client.fitting("wine")
        assert [(each.name, each.score) for each in (best, other)] == [
            ("Acme Wines", 100),
            ("Acme Beer", 50),
        ]
        (fit,) = client.account_fit("company_domain:beer.example")
        assert [each.actual for each in fit.reasons if not each.met] == [
            {"account.line": "beer and spirits"}
        ]
        (member,) = client.whom(
            "wine", at_least=90, functions=["human_resources"], levels=["director"]
        )
        assert member == client.account_members("company_domain:acme.example")[0].model_copy(
            update={"fit": member.fit}
        )
        assert not client.account_relations("company_domain:acme.example")
        client.archive_icp("wine")
        with pytest.raises(IcpNotFound):
            client.icp("wine")
        assert not client.icps()


def test_wrong_words_are_refused_with_the_right_ones(served: Served):
    with Client(served.url, served.key("read", "steward"), timeout=60) as client:
        with pytest.raises(InvalidRequest, match="'finance'"):
            client.account_members("company_domain:acme.example", functions=["finances"])
        with pytest.raises(InvalidRequest, match="not enough data"):
            client.learn_icp("won", traits=["account.line"])
        with pytest.raises(InvalidRequest, match="NUL"):
            client.learn_icp("won", won="deal\0won")


def test_changing_needs_the_scope_of_stewards(served: Served):
    with Client(served.url, served.key("read")) as client, pytest.raises(ScopeMissing):
        client.define_icp("wine", CRITERIA)
