"""Nothing is lost and nothing counts twice: repeated messages, bad ones, whole days of samples."""

import gzip
import json
from collections.abc import Callable
from typing import Any

from cdp import quarantine
from cdp.service import ingest_replay
from tests.acceptance.shared import data_folder
from tests.service.ingest.conftest import Service

Message = Callable[..., dict[str, Any]]


def samples() -> list[dict[str, Any]]:
    with gzip.open(data_folder() / "events" / "segment_payloads.ndjson.gz") as lines:
        return [json.loads(line)["payload"] for line in lines]


def test_a_message_that_comes_again_counts_once(service: Service, message: Message):
    track = message("track", userId="u", event="Clicked")
    service.push(track, track)
    service.push(track, sentAt="2024-01-01T00:00:00Z")
    service.push(track | {"anonymousId": "a"})
    assert [(each.kind, each.events) for each in service.person(user_id="u").behaviour] == [
        ("clicked", 1)
    ]
    assert service.timeline(user_id="u")[0][0] == "clicked"


def test_a_message_id_counts_once_even_if_it_speaks_of_another(service: Service, message: Message):
    service.push(message("track", anonymousId="a", event="Clicked", messageId="m-1"))
    service.push(message("track", userId="u", event="Clicked", messageId="m-1"))
    assert service.timeline(anonymous_id="a")[0][0] == "clicked"
    assert service.profiles.find(user_id="u") == []


def test_messages_without_an_id_count_once_by_their_content(service: Service):
    dated = {"userId": "u", "event": "Clicked", "timestamp": "2024-01-01T00:00:00Z"}
    for _ in range(2):
        assert service.post("/v1/track", dated).status_code == 200
    service.settle()
    assert len(service.timeline(user_id="u")) == 1


def test_undated_messages_without_an_id_are_each_news(service: Service):
    for _ in range(2):
        assert service.post("/v1/track", {"userId": "u", "event": "Clicked"}).status_code == 200
    service.settle()
    assert len(service.timeline(user_id="u")) == 2


def test_one_bad_message_does_not_fail_its_batch(service: Service, message: Message):
    good = message("track", userId="u", event="Clicked")
    body = json.dumps(
        {"batch": [good, "half \ud83d", {"type": "track"}, None, 7, good | {"event": 1}]}
    )
    answer = service.http.post("/v1/batch", content=body, auth=(service.write_key, ""))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    service.settle()
    assert len(service.timeline(user_id="u")) == 1
    assert [field for field, _, _ in service.quarantine()] == [None, "userId", None, None, "event"]
    assert service.figures() == {"read": 6, "accepted": 1, "quarantined": 5}
    assert texts_in_quarantine(service) == ["7", "half ?", "null"]
    as_kept_before = "UPDATE quarantine SET raw = 'null' WHERE raw = '\"null\"'"
    with service.database.autocommit() as connection:
        assert connection.execute(as_kept_before).rowcount == 1
    assert texts_in_quarantine(service) == ["7", "half ?", "null"]
    tried_again = ingest_replay.replay(service.database, "shop")
    assert (tried_again.replayed, tried_again.still_open) == (0, 5)


def texts_in_quarantine(service: Service) -> list[str]:
    """What came that was no object."""
    found = quarantine.rows(service.database)
    return sorted(row.raw for row in found if isinstance(row.raw, str))


def test_a_bad_message_sent_again_waits_in_quarantine_once(service: Service, message: Message):
    bad = message("track", userId="u", event=None)
    service.push(bad)
    service.push(bad)
    assert [rule for _, rule, _ in service.quarantine()] == ["required"]


def test_a_mended_message_is_taken_under_its_id(service: Service, message: Message):
    bad = message("track", userId="u", event=None)
    service.push(bad)
    service.push(bad | {"event": "Clicked"})
    assert [kind for kind, _ in service.timeline(user_id="u")] == ["clicked"]


def test_every_sample_payload_is_taken_or_in_quarantine(service: Service):
    payloads = samples()
    for start in range(0, len(payloads), 100):
        answer = service.post("/v1/batch", {"batch": payloads[start : start + 100]})
        assert answer.status_code == 200
    service.settle()
    told = service.figures()
    assert told["accepted"] + told["quarantined"] == told["read"] == len(payloads)
    assert told["quarantined"] == len(service.quarantine())


def test_sample_payloads_posted_alone_are_each_answered_200(service: Service):
    payloads = samples()[::60]
    for payload in payloads:
        call = payload["type"] if payload["type"] in ("identify", "page", "group") else "track"
        assert service.post(f"/v1/{call}", payload).status_code == 200


def test_a_refused_message_is_mended_and_replayed_at_its_own_time(
    service: Service, message: Message
):
    moment = "2024-05-31T12:00:00Z"
    service.push(message("track", userId="u", event=None, timestamp=moment))
    (waiting,) = quarantine.rows(service.database)
    again = ingest_replay.replay(service.database, "shop")
    assert (again.replayed, again.still_open) == (0, 1)
    mended = {waiting.quarantine_id: {**dict(waiting.raw), "event": "Clicked"}}
    done = ingest_replay.replay(service.database, "shop", ids=list(mended), mended=mended)
    assert (done.replayed, done.still_open) == (1, 0)
    person = service.person(user_id="u")
    assert [(each.kind, each.first_at.isoformat()) for each in person.behaviour] == [
        ("clicked", "2024-05-31T12:00:00+00:00")
    ]
    assert quarantine.rows(service.database) == []
