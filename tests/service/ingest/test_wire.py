"""What clients rely on: paths, places of the key, encodings, answers, CORS."""

import gzip
import json

import httpx
import pytest

from tests.service.ingest.conftest import Service

TRACK = {"userId": "u-1", "event": "Song Played", "messageId": "m-1"}
SUCCESS = (200, {"success": True})


def answered(answer: httpx.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()


def refused(answer: httpx.Response) -> int:
    """The status of an error that has `code` and `message` on top."""
    said = answer.json()
    assert isinstance(said["code"], str)
    assert isinstance(said["message"], str)
    return answer.status_code


@pytest.mark.parametrize("path", ["batch", "import", "b"])
def test_batches_are_taken_at_each_of_their_paths(service: Service, path: str):
    body = {"batch": [{"type": "track", **TRACK}], "sentAt": None}
    assert answered(service.post(f"/v1/{path}", body)) == SUCCESS
    beacon = f"/beacon/v1/batch?writeKey={service.write_key}"
    assert answered(service.http.post(beacon, json=body)) == SUCCESS
    service.settle()
    assert [kind for kind, _ in service.timeline(user_id="u-1")] == ["song_played"]


def test_single_calls_are_taken_at_their_long_and_short_paths(service: Service):
    ids = {"userId": "u-1", "anonymousId": None}
    for path, said in {
        "identify": {"traits": {"plan": "pro"}},
        "i": {"traits": {"age": 31}},
        "track": {"event": "A"},
        "t": {"event": "B"},
        "page": {"name": "Home"},
        "p": {},
        "screen": {"name": "Start"},
        "s": {},
        "group": {"groupId": "acme"},
        "g": {"groupId": "acme", "traits": {"name": "Acme"}},
        "alias": {"previousId": "old"},
        "a": {"previousId": "older"},
    }.items():
        assert answered(service.post(f"/v1/{path}", ids | said | {"messageId": path})) == SUCCESS
    assert answered(service.http.post("/v1/m", json={"series": []})) == SUCCESS
    service.settle()
    person = service.person(user_id="u-1")
    assert dict(person.traits) == {"age": 31, "custom.plan": "pro"}
    assert {behaviour.kind: behaviour.events for behaviour in person.behaviour} == {
        "a": 1,
        "b": 1,
        "page_viewed": 2,
        "screen_viewed": 2,
    }
    assert [account.key for account in person.accounts] == ["acme"]


def test_the_key_is_taken_from_basic_then_the_body_then_its_first_item_then_the_query(
    service: Service,
):
    key, http = service.write_key, service.http
    assert answered(http.post("/v1/track", json=TRACK, auth=(key, ""))) == SUCCESS
    assert answered(http.post("/v1/track", json=TRACK | {"writeKey": key})) == SUCCESS
    item = {"batch": [{"type": "track", "writeKey": key, **TRACK}]}
    assert answered(http.post("/v1/batch", json=item)) == SUCCESS
    assert answered(http.post(f"/v1/track?writeKey={key}", json=TRACK)) == SUCCESS
    bearer = {"Authorization": f"Bearer {key}"}
    assert answered(http.post("/v1/track", json=TRACK, headers=bearer)) == SUCCESS
    assert refused(http.post("/v1/track", json=TRACK | {"writeKey": key}, auth=("no", ""))) == 401
    assert refused(http.post("/v1/track", json=TRACK)) == 401
    assert refused(http.post("/v1/track", json=TRACK, headers={"Authorization": "Basic !"})) == 401


def test_gzip_is_honoured_and_the_content_type_is_not(service: Service):
    body = gzip.compress(json.dumps(TRACK).encode())
    for headers in (
        {"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Encoding": "gzip", "Content-Type": "text/plain"},
        {},
    ):
        auth = (service.write_key, "")
        sent = service.http.post("/v1/track", content=body, headers=headers, auth=auth)
        assert answered(sent) == SUCCESS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 1000 + b"]" * 1000,
        b'{"batch": 1}',
        b"17",
        b"\x1f\x8b no gzip",
        gzip.compress(b"[]", mtime=0)[:-4],
    ],
)
def test_a_body_that_cannot_be_read_is_answered_400(service: Service, body: bytes):
    answer = service.http.post("/v1/batch", content=body, auth=(service.write_key, ""))
    assert refused(answer) == 400


def test_bodies_of_four_megabytes_are_taken_and_larger_ones_refused(service: Service):
    text = "x" * 1000
    batch = [
        {"type": "track", "event": "Big", "userId": "u-1", "properties": {"n": n, "text": text}}
        for n in range(3900)
    ]
    assert len(json.dumps({"batch": batch})) > 4 * 2**20
    assert answered(service.post("/v1/batch", {"batch": batch})) == SUCCESS
    huge = service.http.post("/v1/batch", content=b" " * (6 << 20), auth=(service.write_key, ""))
    assert refused(huge) == 400


def test_a_zip_bomb_is_refused_without_being_inflated(service: Service):
    bomb = 16 * gzip.compress(b" " * (32 << 20))
    assert len(bomb) < 1 << 20
    assert (
        refused(service.http.post("/v1/batch", content=bomb, auth=(service.write_key, ""))) == 400
    )


def test_errors_of_the_framework_have_code_and_message_too(service: Service):
    assert refused(service.http.get("/nowhere")) == 404
    assert refused(service.http.get("/v1/batch")) == 405
    assert service.http.get("/nowhere").headers["request-id"]


def test_any_page_may_send_and_read_the_answer(service: Service):
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-odd-header",
    }
    preflight = service.http.options("/v1/t", headers=asked)
    assert preflight.status_code in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert preflight.headers["access-control-allow-headers"] == "authorization,x-odd-header"
    assert preflight.headers["access-control-max-age"] == "900"
    for path, auth in (("/v1/t", (service.write_key, "")), ("/v1/t", ("bad", ""))):
        sent = service.http.post(path, json=TRACK, auth=auth, headers={"Origin": "https://a.b"})
        assert sent.headers["access-control-allow-origin"] == "https://a.b"
        assert sent.headers["access-control-expose-headers"] == "Retry-After"


def test_the_profile_api_may_not_be_read_from_a_page(service: Service):
    answer = service.http.get("/livez", headers={"Origin": "https://a.b"})
    assert "access-control-allow-origin" not in answer.headers


def test_the_browser_gets_its_settings_for_a_key_that_may_push(service: Service):
    said = service.http.get(f"/v1/projects/{service.write_key}/settings").json()
    assert said["integrations"]["Segment.io"]["apiKey"] == service.write_key
    assert said["plan"]["track"]["__default"]["enabled"] is True
    assert refused(service.http.get("/v1/projects/nobody/settings")) == 401


def test_answers_carry_security_headers(service: Service):
    headers = service.http.get("/livez").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_health_and_figures_are_told(service: Service):
    assert service.http.get("/livez").json() == {"status": "ok"}
    assert service.http.get("/readyz").json() == {"status": "ok"}
    service.push({"type": "track", **TRACK})
    assert 'cdp_pushed_messages_total{fate="accepted"}' in service.http.get("/metrics").text
