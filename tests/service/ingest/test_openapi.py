"""What the OpenAPI document admits of events, and much of what it does not, gives no server error."""

import base64

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.ingest.conftest import Service

# Not among them: that what is no message is refused. It is taken, and put into quarantine.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.heavy
def test_every_ingest_operation_answers_as_it_is_described(service: Service) -> None:
    user = base64.b64encode(f"{service.write_key}:".encode()).decode()
    document = service.http.get("/openapi.json", timeout=120).json()
    schema = schemathesis.openapi.from_dict(document).include(tag="ingest")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {"/v1/batch", "/v1/track", "/v1/identify"} <= {each.path for each in operations}
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        def answers(case: schemathesis.Case) -> None:
            case.call_and_validate(
                base_url=service.url,
                headers={"Authorization": f"Basic {user}"},
                checks=CHECKS,
                timeout=60,
            )

        answers()
