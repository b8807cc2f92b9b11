"""`cdp key`, `cdp audit` and `cdp webhook`."""

import json
from datetime import UTC, datetime

from cdp.channel.push.message import understand
from cdp.channel.push.said import Envelope
from cdp.cli.app import app
from cdp.profiles import CustomerProfiles
from cdp.service.ingest_landing import Pushed, land
from cdp.store import keys
from tests.cli.conftest import cdp, channels, environment

__all__ = ["cdp", "channels", "environment"]


def test_a_key_is_shown_once_listed_and_revoked(cdp, database):
    made = cdp("key", "create", "desk", "--scope", "read", "--scope", "steward",
               "--field", "demographics", "--purpose", "support", "--rate", "5")  # fmt: skip
    secret = made.out.strip()
    key = keys.authenticate(database, secret, "read")
    assert (key.name, key.fields, key.purposes, key.requests_per_second) == (
        "desk", ["demographics"], ["support"], 5,
    )  # fmt: skip
    listed = cdp("key", "list", "--json").out
    assert [each["key_id"] for each in json.loads(listed)] == [key.key_id]
    assert secret.rpartition("_")[2] not in listed
    assert key.secret_hash not in listed
    assert key.key_id in cdp("key", "list").out
    assert cdp("key", "revoke", key.key_id).code == 0
    assert "revoked" in cdp("key", "list").out


def test_what_no_key_can_be_is_said(cdp):
    assert "ingest, read, steward, admin" in cdp("key", "create", "x", "--scope", "king").err
    assert "demographics" in cdp("key", "create", "x", "--scope", "read", "--field", "shoes").err
    assert "cdp key list" in cdp("key", "revoke", "nobody").err


def test_the_audit_log_can_be_read(cdp):
    assert cdp("audit", "--json").out.strip() == "[]"
    assert cdp("audit").code == 0
    assert cdp("audit", "nonsense").code == 1


def test_a_webhook_is_added_listed_and_removed(cdp):
    made = cdp("webhook", "add", "https://crm.example.com/hook", "--kind", "merged")
    assert made.out.startswith("whsec_")
    (listed,) = json.loads(cdp("webhook", "list", "--json").out)
    assert (listed["url"], listed["kinds"]) == ("https://crm.example.com/hook", ["merged"])
    assert "secret" not in listed
    assert listed["webhook_id"] in cdp("webhook", "list").out
    assert cdp("webhook", "dead").code == 0
    assert "0 deliveries" in cdp("webhook", "replay").out
    assert "0 deliveries" in cdp("webhook", "deliver").out
    assert cdp("webhook", "remove", listed["webhook_id"]).code == 0
    assert "cdp webhook list" in cdp("webhook", "remove", listed["webhook_id"]).err


def test_a_webhook_to_a_private_address_or_of_another_kind_is_refused(cdp):
    assert "private" in cdp("webhook", "add", "https://10.0.0.1/").err
    assert "erased" in cdp("webhook", "add", "https://x.example.com", "--kind", "born").err


def test_a_pushed_message_is_mended_and_replayed(cdp, database):
    refused = understand(
        {"type": "track", "userId": "u", "event": None}, Envelope(datetime.now(UTC))
    )
    land(database, [Pushed("web", refused)])
    (waiting,) = json.loads(cdp("quarantine", "list", "--json").out)
    assert cdp("quarantine", "replay", "--channel", "web").code == 1
    assert cdp("quarantine", "replay", waiting["quarantine_id"], "--set", "event=Clicked").code == 0
    assert json.loads(cdp("quarantine", "list", "--json").out) == []
    (found,) = CustomerProfiles(database=database).find(user_id="u")
    assert [each.kind for each in found.behaviour] == ["clicked"]


def test_every_command_is_registered():
    groups = {group.name for group in app.registered_groups}
    assert {"key", "webhook"} <= groups
