"""What the OpenAPI document admits, and much of what it does not, is answered as it is described."""

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cdp.store.database import Database
from tests.served import PEOPLE, serving

# Not among them: that what is no message is refused. It is taken, and put into quarantine.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 25  # of each operation


def failures(operation: APIOperation, url: str, secret: str) -> Iterator[str]:
    """How answers of one operation differ from their description."""
    user = base64.b64encode(f"{secret}:".encode()).decode()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def answers(case: schemathesis.Case) -> None:
        case.call_and_validate(
            base_url=url, headers={"Authorization": f"Basic {user}"}, checks=CHECKS, timeout=60
        )

    try:
        answers()
    except FailureGroup as group:
        yield from (f"{operation.label}: {each}" for each in group.exceptions)


@pytest.mark.heavy
def test_every_operation_answers_as_it_is_described(
    new_database: Callable[[], AbstractContextManager[Database]], tmp_path: Path
) -> None:
    with new_database() as database, serving(database, tmp_path) as shop:  # it is written to
        shop.world.feed([PEOPLE])
        secret = shop.key("ingest", "read", "steward", "admin", requests_per_second=100_000)
        with shop.http() as http:
            schema = schemathesis.openapi.from_dict(http.get("/openapi.json").json())
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) > 80
        found = [said for each in operations for said in failures(each, shop.url, secret)]
        assert found == []
