"""Real test payloads of a tag manager, in which hundreds of people carry one made-up id."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
import yaml

from cdp.channel.load import load_channel
from cdp.identity.steward.held import held
from cdp.ingest import ingest
from cdp.model.explanation import Held
from cdp.profile.fold import fold_stale_profiles
from cdp.settings import settings
from cdp.store.database import Database
from tests.acceptance.shared import data_folder

FILE = "events/segment_payloads.ndjson.gz"
COLUMNS = {
    "person": {"path": "payload.userId"},
    "anonymous": {"path": "payload.anonymousId"},
    "mail": {"path": "payload.traits.email"},
    "mail_of_context": {"path": "payload.context.traits.email"},
    "mail_of_order": {"path": "payload.properties.email"},
    "tel": {"path": "payload.traits.phone"},
    "device": {"path": "payload.context.device.id"},
    "given": {"path": "payload.traits.firstName"},
    "type": {"path": "payload.type"},
}
DECLARATION = {
    "description": "what test suites send to a tag manager",
    "source": {"kind": "files", "path": "{data}/" + FILE},
    "columns": COLUMNS,
    "identifiers": {
        "user_id": "person",
        "anonymous_id": "anonymous",
        "email": ["mail", "mail_of_context", "mail_of_order"],
        "phone": "tel",
        "device_id": "device",
    },
    "traits": {"name.given": "given"},
}
# Each payload a record of its own, and as a server of such calls keeps them: by user, else visitor.
KEYS = {
    "by_payload": "id",
    "by_user": "coalesce('user:' || person, 'anon:' || anonymous, 'none:' || id)",
}


class Size(NamedTuple):
    """A profile by its records, the identifiers on them that join, and the user ids among these."""

    profile_id: UUID
    records: int
    ids: int
    user_ids: int


class Payloads:
    """The payloads in a store, and the profiles they make."""

    def __init__(self, database: Database, folder: Path, key: str) -> None:
        folder.mkdir()
        declared = DECLARATION | {"record": {"key": KEYS[key]}}
        (folder / "defs.yaml").write_text(yaml.safe_dump({"attributes": declared}))
        report = ingest(database, load_channel(folder))
        fold_stale_profiles(database)
        self.read, self.accepted = report.landed.read, report.landed.accepted
        self.held: Held = held(database, limit=1000)
        query = """
            SELECT s.profile_id, count(DISTINCT s.record_uid),
                   count(DISTINCT (i.namespace, i.value)),
                   count(DISTINCT i.value) FILTER (WHERE i.namespace = 'user_id')
            FROM source_record AS s LEFT JOIN (
                SELECT * FROM record_identifier AS i WHERE i.withdrawn_at IS NULL AND NOT EXISTS (
                    SELECT FROM identifier_block AS b
                    WHERE b.namespace = i.namespace AND b.value = i.value)) AS i USING (record_uid)
            GROUP BY s.profile_id"""
        with database.autocommit() as connection:
            self.profiles = [Size(*row) for row in connection.execute(query).fetchall()]


@pytest.fixture(scope="module", params=list(KEYS))
def payloads(request, new_database, tmp_path_factory) -> Iterator[Payloads]:
    data = data_folder()
    with pytest.MonkeyPatch.context() as patch, new_database() as database:
        patch.setenv("CDP_DATA", str(data))
        settings.cache_clear()
        yield Payloads(database, tmp_path_factory.mktemp("tags") / "tags", request.param)
    settings.cache_clear()


def test_the_ids_joined_naively_would_make_a_giant():
    lines = gzip.decompress((data_folder() / FILE).read_bytes()).decode().splitlines()
    said = [json.loads(line)["payload"] for line in lines]
    assert len(said) == 2_435
    assert sum(each.get("anonymousId") == "anonId1234" for each in said) == 1_337


def test_every_payload_lands(payloads):
    assert (payloads.read, payloads.accepted) == (2_435, 2_435)


def test_no_profile_is_a_giant(payloads):
    # The largest are those of one user id that is seen with one person only: abc123 on 121 payloads.
    assert max(each.records for each in payloads.profiles) <= 130
    assert max(each.user_ids for each in payloads.profiles) == 1
    assert max(each.ids for each in payloads.profiles if each.records > 1) <= 15


def test_the_made_up_ids_are_told_with_the_people_behind_them(payloads):
    spread = {(each.namespace, each.value): each for each in payloads.held.junk}
    everybody = spread["anonymous_id", "anonId1234"]
    assert everybody.blocked
    assert everybody.seen_with["user_id"] == 151
    assert everybody.seen_with["email"] > 100
    assert spread["email", "john.doe@example.com"].seen_with["user_id"] == 16


def test_a_user_id_of_a_hundred_mailboxes_joins_nobody(payloads):
    """On a record for each payload it is junk; as the key of one record, that record is alone."""
    junk = {(each.namespace, each.value): each.records for each in payloads.held.junk}
    crowded = {each.record_key for each in payloads.held.crowded}
    assert junk.get(("user_id", "user1234")) == 823 or crowded == {"tags:user:user1234"}


def test_ids_that_one_person_carries_hundreds_of_times_are_no_junk(payloads):
    junk = {each.value for each in payloads.held.junk}
    assert not junk & {"abc123", "3456fff", "019mr8mf4r", "nicholas.aguilar@segment.com"}
