"""Reading profiles over HTTP, with plain requests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import pytest

from tests.served import eventually

ANN = quote("email:Ann@Example.com", safe="")


@pytest.fixture(scope="module")
def http(shop):
    with shop.http() as client:
        yield client


def test_a_profile_is_read_by_an_identifier_however_it_is_spelt(http):
    answer = http.get(f"/v1/profiles/{ANN}")
    assert answer.status_code == 200
    assert answer.json()["traits"]["name"] == {"given": "Ann"}
    assert set(answer.json()["channels"]) == {"crm", "shop"}


def test_a_profile_is_read_by_its_id_and_by_the_uid_of_any_record(shop, http):
    ann = shop.profiles.find(email="ann@example.com")[0]
    for record in shop.profiles.records(ann.profile_id):
        answer = http.get(f"/v1/profiles/{record.record_uid}")
        assert answer.json()["profile_id"] == str(ann.profile_id)


def test_a_look_up_that_has_to_wait_holds_up_nobody(shop, http):
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%profile%'"
    )
    with ThreadPoolExecutor(1) as pool, shop.database.autocommit() as connection:
        with connection.transaction():
            connection.execute("LOCK TABLE profile")
            asked = pool.submit(http.get, f"/v1/profiles/{ANN}")
            with shop.database.autocommit() as other:
                eventually(lambda: other.execute(waiting).fetchone())
            with shop.http() as somebody_else:
                assert somebody_else.get("/livez").status_code == 200
            assert not asked.done()
        assert asked.result().status_code == 200


def test_every_answer_tells_its_request_the_time_it_holds_for_and_what_is_left_of_the_limit(http):
    before = datetime.now(UTC)
    headers = http.get(f"/v1/profiles/{ANN}").headers
    assert UUID(headers["request-id"])
    assert before <= datetime.fromisoformat(headers["as-of"]) <= datetime.now(UTC)
    assert headers["x-ratelimit-limit"] == "1000"
    assert 0 < int(headers["x-ratelimit-remaining"]) < 1000


def test_head_is_answered_as_get_is_without_a_body(http):
    for path in (f"/v1/profiles/{ANN}", "/livez", "/readyz"):
        head, got = http.head(path), http.get(path)
        assert (head.status_code, head.text) == (200, "")
        assert head.headers["content-length"] == str(len(got.content))
    assert http.head("/v1/batch").status_code == 405


def test_who_has_the_profile_already_is_told_so(http):
    tag = http.get(f"/v1/profiles/{ANN}").headers["etag"]
    again = http.get(f"/v1/profiles/{ANN}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = http.get(f"/v1/profiles/{ANN}?fields=identifiers", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_fields_parts_and_traits_can_be_selected(http):
    said = http.get(f"/v1/profiles/{ANN}?fields=identifiers,demographics,traits.address").json()
    assert said["traits"] == {"gender": "f", "address": {"city": "Rome"}}
    assert said["identifiers"] == {"email": ["ann@example.com"]}
    assert "behaviour" not in said


def test_a_field_that_is_none_is_an_error_that_names_those_there_are(http):
    answer = http.get(f"/v1/profiles/{ANN}?fields=shoe_size")
    assert answer.status_code == 400
    assert "demographics" in answer.json()["message"]


def test_the_parts_are_typed(http):
    said = http.get(f"/v1/profiles/{ANN}?view=parts").json()
    assert said["identity"]["name"]["given"] == "Ann"
    assert said["demographics"]["gender"] == "f"
    assert said["geography"]["address"]["city"] == "Rome"


def test_provenance_is_told_where_asked_for(http):
    said = http.get(f"/v1/profiles/{ANN}?provenance=true").json()
    city = said["provenance"]["address"]
    assert city["rule"] == "newest"
    assert [each["channel"] for each in city["carried_by"]] == ["shop"]
    assert [each["channel"] for each in city["lost"]] == ["crm"]


def test_the_past_is_read_by_as_of(shop, http):
    before = shop.profiles.find(email="ann@example.com")[0].created_at
    answer = http.get(f"/v1/profiles/{ANN}", params={"as_of": "2001-01-01T00:00Z"})
    assert answer.status_code == 404
    beyond = http.get(f"/v1/profiles/{ANN}", params={"as_of": "9999-12-31T23:59:59-23:59"})
    assert beyond.status_code == 400
    now = http.get(f"/v1/profiles/{ANN}", params={"as_of": datetime.now(UTC).isoformat()})
    assert datetime.fromisoformat(now.json()["created_at"]) == before


def test_nobody_carries_it_and_several_carry_it_are_errors_with_a_code(http):
    nobody = http.get("/v1/profiles/email:nobody%40example.com")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "profile_not_found")
    assert nobody.headers["content-type"] == "application/problem+json"
    assert nobody.json()["error"] == {"code": "not_found", "message": nobody.json()["message"]}
    several = http.get("/v1/profiles/phone:%2B12125550142")
    assert (several.status_code, several.json()["code"]) == (409, "ambiguous_identifier")


@pytest.mark.parametrize("ref", ["nonsense", "email:", ":x", "email:no-address", "%00", "a%2Fb:c"])
def test_what_names_nobody_is_an_invalid_request_that_does_not_repeat_it(http, ref):
    answer = http.get(f"/v1/profiles/{ref}")
    assert answer.status_code == 400
    assert "no-address" not in answer.text


def test_the_timeline_is_read_page_by_page_in_both_directions(http):
    url, seen, cursor = f"/v1/profiles/{ANN}/timeline", [], None
    while True:
        page = http.get(url, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [event["order_id"] or event["occurred_at"] for event in page["data"]]
        if (cursor := page["next"]) is None:
            break
    oldest = http.get(url, params={"order": "oldest"}).json()["data"]
    assert len(seen) == 3
    assert seen == [event["order_id"] or event["occurred_at"] for event in reversed(oldest)]


def test_the_timeline_can_be_narrowed(http):
    url = f"/v1/profiles/{ANN}/timeline"
    since = http.get(url, params={"since": "2024-01-03T00:00Z", "until": "2024-01-04T00:00Z"})
    assert len(since.json()["data"]) == 1
    assert http.get(url, params={"kinds": "return"}).json()["data"] == []
    assert len(http.get(url, params={"kinds": "return,order"}).json()["data"]) == 3
    assert http.get(url, params={"cursor": "!"}).status_code == 400


def test_identifiers_records_and_reasons_are_read(http):
    ids = http.get(f"/v1/profiles/{ANN}/identifiers").json()["data"]
    assert [(each["value"], each["channels"]) for each in ids] == [
        ("ann@example.com", ["crm", "shop"])
    ]
    records = http.get(f"/v1/profiles/{ANN}/records").json()["data"]
    assert [len(each["versions"]) for each in records] == [1, 3]
    why = http.get(f"/v1/profiles/{ANN}/explain/gender").json()
    assert why["value"] == "f"
    assert http.get(f"/v1/profiles/{ANN}/explain/shoe_size").status_code == 400


def test_people_are_searched_by_words(http):
    found = http.get("/v1/profiles", params={"search": "cyrill oslo"}).json()["data"]
    assert [each["traits"]["name"]["given"] for each in found] == ["Cyril"]


def test_many_are_looked_up_at_once_and_one_that_is_wrong_spoils_nothing(http):
    refs = ["email:ann@example.com", "email:nobody@example.com", "nonsense", "phone:+12125550142"]
    found = http.post("/v1/profiles/lookup", json={"refs": refs}).json()["data"]
    assert [(len(each["profiles"]), each["error"]) for each in found] == [
        (1, None), (0, None), (0, "invalid_request"), (2, None),
    ]  # fmt: skip
    assert http.post("/v1/profiles/lookup", json={"refs": ["x:y"] * 501}).status_code == 422


def test_the_documentation_names_every_path_with_an_example(http):
    document = http.get("/openapi.json").json()
    assert "/v1/profiles/{ref}" in document["paths"]
    assert "/v1/spaces/{space}/collections/{collection}/profiles/{ref}/traits" in document["paths"]
    examples = document["paths"]["/v1/profiles/lookup"]["post"]["requestBody"]
    assert "ann@example.com" in str(examples)


def test_a_value_with_a_slash_is_no_path_below_a_profile(shop, http):
    ref = "/v1/profiles/user_id:shop%2Fpage%252F"
    with shop.http("ingest") as sender:
        said = {"userId": "shop/page%2F", "traits": {"a/b": 1}}
        assert sender.post("/v1/identify", json=said).status_code == 200
    eventually(lambda: http.get(ref).status_code == 200)
    assert http.get(ref).json()["identifiers"]["user_id"] == ["shop/page%2F"]
    for below in ("timeline", "timeline?limit=1", "explain/custom.a%2Fb"):
        assert http.get(f"{ref}/{below}").status_code == 200, below
    twilio = f"/v1/spaces/x/collections/users/profiles/{ref.rpartition('/')[2]}/traits"
    assert http.get(twilio).json()["cursor"]["url"].startswith(f"{twilio}?")
