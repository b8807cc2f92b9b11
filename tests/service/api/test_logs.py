"""Nothing of a person stands in a log line or an error's text."""

from urllib.parse import quote

import pytest
import structlog

from tests.served import eventually

PERSONAL = ("ann@example.com", "Ann", "Oslo", "12125550142", "zoe", "Zoe", "Rome")


@pytest.fixture
def said(tmp_path):
    """What the service logged while the test made its requests.

    Into a file: a captured stream that is read while the service's thread writes crashes Python.
    """
    log, before = tmp_path / "log", structlog.get_config()
    with log.open("w", buffering=1) as file:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(file))
        yield log.read_text
    structlog.configure(**before)


def test_what_is_asked_and_answered_is_not_logged(shop, said, capfd):
    ann = quote("email:ann@example.com", safe="")
    with shop.http("read", "steward") as http:
        for path in (
            f"/v1/profiles/{ann}",
            f"/v1/profiles/{ann}/timeline",
            "/v1/profiles?search=Zoe%20Oslo",
            "/v1/profiles/email:zoe%40example.com",
            "/v1/profiles/zoe@example.com",
            "/v1/profiles/email:zoe",
            "/v1/profiles/phone:%2B12125550142",
            f"/v1/spaces/x/collections/users/profiles/{ann}/traits",
            "/v1/nothing/zoe@example.com",
        ):
            answer = http.get(path)
            if answer.status_code >= 400:
                assert not [word for word in PERSONAL if word in answer.text]
        http.post("/v1/profiles/find", json={"identifiers": {"email": "zoe"}})
        http.post("/v1/profiles/lookup", json={"refs": ["email:zoe@example.com", "zoe"]})
        http.post(f"/v1/profiles/{ann}/rectifications",
                  json={"trait": "birth_date", "value": "Zoe", "reason": "Ann"})  # fmt: skip
    log = ""

    def all_told() -> bool:
        nonlocal log
        log = said()
        return log.count("answered") >= 12

    eventually(all_told)  # a request is noted after its answer
    log += "".join(capfd.readouterr())
    assert "/v1/profiles/{ref:path}" in log
    assert not [word for word in PERSONAL if word in log]


def test_the_audit_log_holds_ids_only(shop):
    with shop.database.autocommit() as connection:
        # The ids of keys are letters by chance, now and then those of a name.
        rows = connection.execute(
            "SELECT (to_jsonb(a) - 'key_id')::text FROM audit_entry AS a"
        ).fetchall()
    assert rows
    assert not [row for row in rows for word in PERSONAL if word in row[0]]
