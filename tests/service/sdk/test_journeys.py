"""Real SDKs, unmodified: what a shopper does through each of them is known of the shopper."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.service.ingest.conftest import Service

HERE = Path(__file__).parent


def assert_known(shop: Service, who: str) -> None:
    """The profile, timeline, account and cluster are as the journey makes them."""
    shop.settle()
    person = shop.person(user_id=f"user-{who}")
    assert person.identity.name is not None
    assert (person.identity.name.given, person.identity.name.family) == ("Ann", "Lee")
    assert person.traits["custom.plan"] == "pro"
    assert person.identifiers["email"] == [f"{who}@example.com"]
    assert set(person.identifiers["anonymous_id"]) >= {f"anon-{who}", f"old-{who}"}
    assert person.identifiers["user_id"] == [f"user-{who}"]
    for found in ({"anonymous_id": f"anon-{who}"}, {"email": f"{who}@example.com"}):
        assert shop.person(**found).profile_id == person.profile_id
    kinds = [kind for kind, _ in shop.timeline(user_id=f"user-{who}")]
    assert sorted(kinds) == [
        "order",
        "order_line",
        "page_viewed",
        "product_added",
        "product_viewed",
    ]
    orders = {each.kind: each for each in person.behaviour}
    assert (orders["order"].amount, orders["order"].currency) == (Decimal(50), "EUR")
    assert orders["order_line"].amount == Decimal(50)
    assert [account.key for account in person.accounts] == [f"acme-{who}"]
    account = shop.person(group_id=f"acme-{who}")
    assert (account.subject, account.firmographics.company_name) == ("account", "Acme")
    assert account.firmographics.employees == 12


def run(*command: str, **environment: str) -> None:
    """Run an SDK's journey to its end."""
    own = os.environ | environment
    done = subprocess.run(
        command, env=own, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_segment_analytics_python(shop: Service):
    run(sys.executable, str(HERE / "journey_segment.py"), shop.url, shop.write_key, "py24")
    assert_known(shop, "py24")


def test_segment_analytics_python_2_3(shop: Service, segment_python_2_3: Path):
    journey = (str(HERE / "journey_segment.py"), shop.url, shop.write_key, "py23")
    run(sys.executable, *journey, PYTHONPATH=str(segment_python_2_3))
    assert_known(shop, "py23")


def test_rudder_sdk_python(shop: Service):
    run(sys.executable, str(HERE / "journey_rudder.py"), shop.url, shop.write_key, "rpy")
    assert_known(shop, "rpy")


@pytest.mark.parametrize(
    ("package", "who"),
    [
        ("analytics-node-3", "node3"),
        ("analytics-node-2", "node2"),
        ("@rudderstack/rudder-sdk-node", "rnode"),
    ],
)
def test_node_sdks(shop: Service, node_modules: Path, package: str, who: str):
    script = ("node", str(HERE / "journey.mjs"), package, shop.url, shop.write_key, who)
    done = subprocess.run(
        script, cwd=node_modules, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert_known(shop, who)
