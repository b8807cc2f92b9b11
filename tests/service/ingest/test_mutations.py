"""Whatever clients send: random mutations of the sample payloads are taken or refused, never an error."""

import copy
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from cdp.channel.push import batch
from cdp.channel.push.message import understand
from cdp.channel.push.said import Envelope
from tests.service.ingest.conftest import Service
from tests.service.ingest.test_once import samples

ODD: tuple[Any, ...] = (
    None, "", " ", "\0", "half \ud83d", "x" * 3000, "null", "2024-13-45T99:99:99Z", "1e999", "-0", "😀",
    0, -1, 2**70, 1e308, float("nan"), float("inf"), True, [], {}, [None], {"": None}, [[[]]], {"a": {"b": []}},
)  # fmt: skip


def mutated(payload: Any, chance: random.Random) -> Any:
    """A copy with one place changed: another value, a key less, a key more, or a key renamed."""
    changed = copy.deepcopy(payload)
    place, path = changed, []
    while isinstance(place, dict | list) and place and (not path or chance.random() < 0.7):
        keys = list(place) if isinstance(place, dict) else range(len(place))
        path.append((place, chance.choice(keys)))
        place = place[path[-1][1]]
    if not path:
        return chance.choice(ODD)
    parent, key = path[-1]
    action = chance.randrange(4)
    if action == 0 or isinstance(parent, list):
        parent[key] = copy.deepcopy(chance.choice(ODD))
    elif action == 1:
        del parent[key]
    elif action == 2:
        parent[chance.choice(("userId", "timestamp", "products", "email", "a\0b"))] = place
    else:
        parent[str(key) * 2] = parent.pop(key)
    return changed


def test_every_mutation_is_understood_or_refused_with_a_reason():
    chance = random.Random(4)  # noqa: S311  no secret
    payloads = samples()
    envelope = Envelope(datetime.now(UTC))
    messages = [mutated(chance.choice(payloads), chance) for _ in range(5_000)]
    said = [understand(message, envelope, n) for n, message in enumerate(messages)]
    found = batch.persons(said)
    assert found.rows_read == 5_000
    assert found.rejects.height == sum(each.fault is not None for each in said) > 0
    assert found.rejects["reason"].null_count() == 0
    for text in (*found.rejects["raw"], *found.events["properties"], *found.records["content"]):
        json.loads(text, parse_constant=pytest.fail)
        assert "\\u0000" not in text
    batch.companies(said)


@pytest.mark.heavy
def test_a_hundred_thousand_mutations_give_no_server_error(service: Service):
    chance = random.Random(5)  # noqa: S311  no secret
    payloads = samples()
    auth = (service.write_key, "")
    for _ in range(200):
        messages = [mutated(chance.choice(payloads), chance) for _ in range(500)]
        body = json.dumps({"batch": messages})
        assert service.http.post("/v1/batch", content=body, auth=auth).status_code == 200
    service.settle()
    told = service.figures()
    assert told["accepted"] + told["quarantined"] == told["read"] == 100_000
