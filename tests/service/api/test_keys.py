"""What keys open, how long, how often and what is noted of it."""

from datetime import UTC, datetime, timedelta

import pytest

from cdp.errors import KeyRefused, RateLimitExceeded, ScopeMissing
from cdp.privacy.limiter import Limiter
from cdp.store import audit, keys
from tests.served import eventually

ANN = "/v1/profiles/email:ann%40example.com"


def test_a_key_is_kept_as_a_digest_only(shop):
    made, secret = keys.create(shop.database, "shop", ["read"])
    with shop.database.autocommit() as connection:
        row = connection.execute("SELECT api_key::text FROM api_key WHERE key_id = %s",
                                 (made.key_id,)).fetchone()  # fmt: skip
    assert row
    assert secret.rpartition("_")[2] not in row[0]


def test_a_key_opens_its_scopes_and_admin_opens_all(shop):
    reader, admin = shop.key("read"), shop.key("admin")
    assert keys.authenticate(shop.database, reader, "read").scopes == ["read"]
    with pytest.raises(ScopeMissing):
        keys.authenticate(shop.database, reader, "steward")
    assert keys.authenticate(shop.database, admin, "steward")


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key.replace("cdp_", "xyz_"),
        lambda key: f"cdp_{'a' * 12}_{key.rpartition('_')[2]}",
        lambda _: "",
        lambda _: "cdp__",
        lambda _: "cdp_é_é",
        lambda _: "cdp_\0_\0",
    ],
)
def test_what_is_no_key_is_refused_alike(shop, spoilt):
    with pytest.raises(KeyRefused) as refused:
        keys.authenticate(shop.database, spoilt(shop.key()), "read")
    assert str(refused.value) == str(KeyRefused())


def test_a_key_ends_when_it_expires(shop):
    with shop.http(expires_at=datetime.now(UTC) - timedelta(seconds=1)) as http:
        assert http.get(ANN).status_code == 401


def test_a_revoked_key_is_refused_at_once_though_it_was_in_use(shop):
    made, secret = keys.create(shop.database, "shop", ["read"])
    with shop.http() as http:
        ask = {"headers": {"Authorization": f"Bearer {secret}"}, "auth": None}
        assert http.get(ANN, **ask).status_code == 200
        assert http.get(ANN, **ask).status_code == 200
        keys.revoke(shop.database, made.key_id)
        answer = eventually(lambda: (got := http.get(ANN, **ask)).status_code == 401 and got, 0.5)
    assert answer.json()["error"]["code"] == "authentication_error"


def test_without_a_key_nothing_is_shown(shop):
    with shop.http() as http:
        assert http.get(ANN, auth=None).status_code == 401
        assert http.get(ANN, auth=("ann", "secret")).status_code == 401
        assert http.get(ANN, headers={"Authorization": "Basic ???"}, auth=None).status_code == 401


def test_a_reader_may_not_decide_nor_push_nor_count(shop):
    with shop.http("read") as http:
        decided = http.post(f"{ANN}/rectifications",
                            json={"trait": "gender", "value": "x", "reason": "x"})  # fmt: skip
        assert (decided.status_code, decided.json()["code"]) == (403, "scope_missing")
        assert http.get("/v1/status").status_code == 403
        assert http.post("/v1/batch", json={"batch": []}).status_code == 403


def test_a_key_sees_its_fields_only(shop):
    with shop.http(fields=["demographics", "identifiers.email"]) as http:
        said = http.get(ANN).json()
        assert said["traits"] == {"gender": "f"}
        assert said["identifiers"] == {"email": ["ann@example.com"]}
        assert "behaviour" not in said
        assert http.get(f"{ANN}/timeline").status_code == 403
        assert http.get(f"{ANN}/records").status_code == 403
        assert http.get(f"{ANN}/identity").status_code == 403
        assert http.get("/v1/identity/why-not?a=crm:1&b=crm:2").status_code == 403
        assert http.get(f"{ANN}?provenance=true").status_code == 403
        assert http.get("/v1/profiles?search=ann").status_code == 403
        found = http.post("/v1/profiles/lookup", json={"refs": ["email:ann@example.com"]}).json()
        assert "behaviour" not in found["data"][0]["profiles"][0]
        changed = http.get("/v1/changes?profiles=true").json()["data"]
        assert all("name" not in each["profile"]["traits"] for each in changed)
        base = "/v1/spaces/x/collections/users/profiles/email:ann%40example.com"
        assert set(http.get(f"{base}/traits").json()["traits"]) == {"email", "gender"}
        assert http.get(f"{base}/events").status_code == 403
        women = {"condition": {"trait": "gender", "is": "f"}}
        assert http.post("/v1/segments/estimate", json=women).status_code == 403
        assert http.get("/v1/crossings/people?of=gender=f").status_code != 403
    searched = ["identifiers", "traits.name", "traits.address", "traits.company_name"]
    with shop.http(fields=searched) as http:
        (found,) = http.get("/v1/profiles?search=ann").json()["data"]
        assert set(found["traits"]) == {"name", "address"}


def test_what_a_key_may_not_see_comes_by_no_other_way(shop):
    with shop.http("read", "steward", fields=["traits.language"]) as http:
        said = {"trait": "language", "value": "nb", "reason": "x"}
        rectified = http.post(f"{ANN}/rectifications", json=said).json()
        assert rectified["traits"] == {"language": "nb"}
        assert "identifiers" not in rectified
        withdrawn = http.delete(f"{ANN}/rectifications/language").json()
        assert (withdrawn["traits"], "identifiers" in withdrawn) == ({}, False)
        women = {"condition": {"trait": "gender", "is": "f"}}
        assert http.put("/v1/segments/women", json=women).status_code == 403
        assert http.get("/v1/crossings/people?of=gender=f").status_code == 403
        audience = {"crossing": "gender=f", "purpose": "x", "medium": "email"}
        assert http.put("/v1/audiences/women", json=audience).status_code == 403


def test_a_key_reads_for_its_purposes_only(shop):
    with shop.http(purposes=["support", "marketing"]) as http:
        assert http.get(ANN).status_code == 403
        assert http.get(ANN, headers={"X-Purpose": "support"}).status_code == 200
        assert http.get(ANN, headers={"X-Purpose": "research"}).status_code == 403
        assert http.get(ANN, headers={"X-Purpose": "Ann Smith"}).status_code == 400


def test_who_looked_at_whom_and_wherefor_is_noted(shop):
    made, secret = keys.create(shop.database, "desk", ["read", "steward"], purposes=["support"])
    with shop.http() as http:
        answer = http.get(ANN, headers={"Authorization": f"Bearer {secret}"}, auth=None)
    ann = shop.profiles.find(email="ann@example.com")[0].profile_id

    def noted():
        entries = audit.newest(shop.database, ann, 100)
        return [each for each in entries if each["key_id"] == made.key_id]

    (entry,) = eventually(noted)
    assert (entry["purpose"], entry["action"]) == ("support", "profile")
    assert str(entry["request_id"]) == answer.headers["request-id"]


def test_a_change_is_noted_before_it_is_made(shop):
    with shop.http("steward", "read") as http:
        bad = http.post(f"{ANN}/rectifications",
                        json={"trait": "birth_date", "value": "soon", "reason": "x"})  # fmt: skip
    assert bad.status_code == 400
    assert "rectify" in [each["action"] for each in audit.newest(shop.database, None, 1_000)]


def test_requests_beyond_the_limit_are_told_when_to_come_back(shop):
    with shop.http(requests_per_second=2) as http:
        answers = [http.get("/v1/traits") for _ in range(6)]
    refused = [each for each in answers if each.status_code == 429]
    assert refused
    assert refused[0].json()["error"]["code"] == "rate_limit_error"
    assert int(refused[0].headers["retry-after"]) == 1
    assert answers[0].headers["x-ratelimit-remaining"] == "1"


def test_the_limit_of_a_second_fills_evenly_and_workers_share_it(shop):
    clock = [0.0]
    limiter = Limiter(workers=2, clock=lambda: clock[0])
    key, _ = keys.create(shop.database, "x", ["read"], requests_per_second=8)
    assert [limiter.take(key)["X-RateLimit-Remaining"] for _ in range(4)] == ["3", "2", "1", "0"]
    with pytest.raises(RateLimitExceeded):
        limiter.take(key)
    clock[0] = 0.25  # a quarter of a second: one of four a second
    assert limiter.take(key)["X-RateLimit-Remaining"] == "0"
    clock[0] = 100.0
    assert limiter.take(key)["X-RateLimit-Remaining"] == "3"


def test_when_a_key_was_last_used_is_noted(new_database):
    from cdp.privacy.keyring import Keyring  # noqa: PLC0415

    with new_database() as database:
        made, secret = keys.create(database, "x", ["read"])
        ring = Keyring(database)
        ring.authenticate(secret, "read")
        assert eventually(
            lambda: ring.at_hand(secret, "read") or ring.authenticate(secret, "read") is None
        )
        ring.close()
        assert keys.find(database, made.key_id).last_used_at
