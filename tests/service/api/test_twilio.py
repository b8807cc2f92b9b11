"""The requests of the Profile API's documentation, as they stand there."""

import pytest

from tests.served import eventually

SPACE = "/v1/spaces/lg8283283/collections"
MESSAGES = [
    {"type": "identify", "userId": "u1234", "messageId": "m1",
     "traits": {"firstName": "Bob", "email": "bob@example.com", "age": 30, "plan": "gold",
                "address": {"city": "Pune", "postalCode": "411001"}}},
    {"type": "track", "userId": "u1234", "messageId": "m2", "event": "Product Viewed",
     "timestamp": "2026-01-05T00:16:35.663Z", "properties": {"product_id": "p1", "name": "Docs"},
     "context": {"ip": "73.92.233.78", "userAgent": "Mozilla/5.0"}},
    {"type": "track", "userId": "u1234", "messageId": "m3", "event": "Order Completed",
     "timestamp": "2026-01-06T00:16:35.663Z",
     "properties": {"order_id": "o77", "revenue": 12.5, "currency": "EUR",
                    "products": [{"product_id": "p1", "price": 12.5, "quantity": 1}]}},
    {"type": "page", "userId": "u1234", "messageId": "m4", "name": "Home",
     "timestamp": "2026-01-04T00:16:35.663Z", "properties": {"path": "/"}},
    {"type": "group", "userId": "u1234", "messageId": "m5", "groupId": "g12345",
     "traits": {"name": "Initech", "industry": "Technology"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def http(shop):
    """A host that someone's code for Segment was pointed at."""
    with shop.http("ingest", channel="web") as pusher:
        assert pusher.post("/v1/batch", json={"batch": MESSAGES}).status_code == 200
    with shop.http("read") as client:
        url = f"{SPACE}/users/profiles/user_id:u1234"
        eventually(lambda: client.get(f"{url}/events").json().get("data"))
        eventually(
            lambda: client.get(f"{SPACE}/accounts/profiles/group_id:g12345/traits").is_success
        )
        yield client


def test_traits_come_by_the_names_that_were_sent(http):
    said = http.get(f"{SPACE}/users/profiles/user_id:u1234/traits?limit=200").json()
    assert said["traits"] == {
        "address": {"city": "Pune", "postal_code": "411001"},
        "age": 30,
        "email": "bob@example.com",
        "first_name": "Bob",
        "plan": "gold",
    }
    assert (said["cursor"]["has_more"], said["cursor"]["next"], said["cursor"]["limit"]) == (
        False, "", 200,
    )  # fmt: skip


def test_traits_come_page_by_page(http):
    url = f"{SPACE}/users/profiles/user_id:u1234/traits"
    first = http.get(url, params={"limit": 2}).json()
    assert (list(first["traits"]), first["cursor"]["has_more"]) == (["address", "age"], True)
    rest = http.get(url, params={"next": first["cursor"]["next"]}).json()
    assert list(rest["traits"]) == ["email", "first_name", "plan"]
    following = http.get(first["cursor"]["url"]).json()
    assert list(following["traits"]) == ["email", "first_name"]


def test_traits_can_be_chosen_and_tell_their_source(http):
    url = f"{SPACE}/users/profiles/user_id:u1234/traits"
    said = http.get(url, params={"include": "first_name,city", "verbose": "true"}).json()
    assert list(said["traits"]) == ["first_name"]
    first_name = said["traits"]["first_name"]
    assert (first_name["value"], first_name["source_id"]) == ("Bob", "web")
    assert first_name["updated_at"]
    assert http.get(url, params={"class": "audience"}).json()["traits"] == {}


def test_external_ids_have_their_type_and_source(http):
    said = http.get(f"{SPACE}/users/profiles/email:bob%40example.com/external_ids").json()
    assert [(each["type"], each["id"], each["collection"], each["encoding"], each["source_id"])
            for each in said["data"]] == [
        ("email", "bob@example.com", "users", "none", "web"),
        ("user_id", "u1234", "users", "none", "web"),
    ]  # fmt: skip
    one = http.get(
        f"{SPACE}/users/profiles/user_id:u1234/external_ids", params={"include": "user_id"}
    )
    assert [each["type"] for each in one.json()["data"]] == ["user_id"]


def test_events_come_as_they_were_sent(http):
    said = http.get(f"{SPACE}/users/profiles/user_id:u1234/events").json()
    assert [each["message_id"] for each in said["data"]] == ["m3", "m2", "m4"]
    viewed = said["data"][1]
    assert (viewed["type"], viewed["event"], viewed["source_id"]) == (
        "track", "Product Viewed", "web",
    )  # fmt: skip
    assert viewed["timestamp"].startswith("2026-01-05T00:16:35.663")
    assert viewed["properties"]["name"] == "Docs"
    assert {"collection": "users", "type": "user_id", "id": "u1234", "encoding": "none"} in (
        viewed["external_ids"]
    )


def test_events_can_be_narrowed_and_sorted(http):
    url = f"{SPACE}/users/profiles/user_id:u1234/events"

    def ids(**query):
        return [each["message_id"] for each in http.get(url, params=query).json()["data"]]

    assert ids(sort="asc") == ["m4", "m2", "m3"]
    assert ids(include="Product Viewed") == ["m2"]
    assert "m2" not in ids(exclude="Product Viewed")
    assert ids(start="2026-01-05", end="2026-01-06") == ["m2"]
    assert ids(include="Nothing Such") == []


def test_events_of_other_channels_look_like_events(http):
    said = http.get(f"{SPACE}/users/profiles/email:ann%40example.com/events?limit=1").json()
    (order,) = said["data"]
    assert (order["type"], order["event"], order["source_id"]) == ("track", "Order", "shop")
    assert order["properties"]["revenue"] == 5.0
    assert said["cursor"]["has_more"]
    more = http.get(said["cursor"]["url"]).json()
    assert more["data"][0]["message_id"] != order["message_id"]


def test_metadata_tells_when_and_from_where(http):
    said = http.get(f"{SPACE}/users/profiles/user_id:u1234/metadata").json()["metadata"]
    assert said["created_at"] <= said["updated_at"]
    assert said["expires_at"] is None
    assert (said["first_source_id"], said["last_source_id"]) == ("web", "web")


def test_accounts_have_traits_and_links_to_their_people_and_back(http):
    account = f"{SPACE}/accounts/profiles/group_id:g12345"
    assert http.get(f"{account}/traits").json()["traits"]["name"] == "Initech"
    (linked,) = http.get(f"{account}/links?limit=20").json()["data"]
    assert linked["to_collection"] == "users"
    assert "u1234" in [each["id"] for each in linked["external_ids"]]
    (back,) = http.get(f"{SPACE}/users/profiles/user_id:u1234/links").json()["data"]
    assert (back["to_collection"], back["external_ids"][0]["id"]) == ("accounts", "g12345")
    people = http.get("/v1/accounts/group_id:g12345/people").json()["data"]
    assert len(people) == 1


@pytest.mark.usefixtures("http")
def test_ids_are_told_to_a_key_that_may_see_them(shop):
    with shop.http("read", fields=["timeline", "accounts", "identifiers.email"]) as narrow:
        events = narrow.get(f"{SPACE}/users/profiles/user_id:u1234/events").json()["data"]
        people = narrow.get(f"{SPACE}/accounts/profiles/group_id:g12345/links").json()["data"]
    told = [each["id"] for one in [*events, *people] for each in one["external_ids"]]
    assert set(told) == {"bob@example.com"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("users/profiles/user_id:nobody/traits", 404, "not_found"),
        ("accounts/profiles/user_id:u1234/traits", 404, "not_found"),
        ("us!ers/profiles/user_id:u1234/traits", 400, "validation_error"),
        ("users/profiles/user_id:u1234/traits?limit=201", 400, "validation_error"),
        ("users/profiles/user_id:u1234/traits?class=x", 400, "validation_error"),
        ("users/profiles/user_id:u1234/events?sort=up", 400, "validation_error"),
        ("users/profiles/user_id:u1234/external_ids?next=!", 400, "validation_error"),
    ],
)
def test_errors_nest_as_there(http, path, status, code):
    answer = http.get(f"{SPACE}/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["request-id"]


def test_a_wrong_token_is_an_authentication_error(http):
    url = f"{SPACE}/users/profiles/user_id:u1234/traits"
    answer = http.get(url, auth=("token", ""))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "authentication_error")
