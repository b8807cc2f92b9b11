"""Messages of the Segment spec, and the buffer in which they wait to be sent together."""

import json
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from threading import Lock
from typing import Any
from uuid import uuid4

from cdp.errors import InvalidRequest, StoreUnavailable

MOST_IN_A_BATCH = 100
MOST_BYTES_IN_A_BATCH = 450_000
MOST_BYTES = 32_000
MOST_WAITING = 10_000

Message = Mapping[str, Any]


def message(kind: str, user_id: str | None, anonymous_id: str | None, **said: Any) -> Message:
    """One message; times are of now unless said, ids are made. Raises InvalidRequest."""
    if not (user_id or anonymous_id):
        raise InvalidRequest(f"{kind} needs a user_id or an anonymous_id")
    moment = said.pop("timestamp", None) or datetime.now(UTC)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise InvalidRequest(f"{moment} has no time zone; give it one, e.g. by .astimezone()")
    made = {
        "type": kind,
        "messageId": said.pop("message_id", None) or str(uuid4()),
        "timestamp": moment.isoformat() if isinstance(moment, datetime) else moment,
        "userId": user_id,
        "anonymousId": anonymous_id,
    } | said
    return {name: value for name, value in made.items() if value is not None}


class Waiting:
    """Messages that wait, in order. Any thread may add while one other sends."""

    def __init__(self) -> None:
        self._messages: deque[tuple[Message, int]] = deque()
        self._bytes = 0
        self._changing = Lock()

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, said: Message) -> None:
        """Add one. Raises InvalidRequest (too large), StoreUnavailable (too many wait)."""
        text = json.dumps(said, default=str)
        size = len(text.encode())
        if size > MOST_BYTES:
            raise InvalidRequest(f"a message of {size} bytes; at most {MOST_BYTES} are taken")
        if len(self._messages) >= MOST_WAITING:
            raise StoreUnavailable(
                f"{MOST_WAITING} messages wait for a service that is away; this one was not taken"
            )
        # As it is now: who said it may change a list in it before it is sent.
        kept = json.loads(text)
        with self._changing:
            self._messages.append((kept, size))
            self._bytes += size

    @property
    def is_a_batch(self) -> bool:
        """Whether enough waits to be sent."""
        return len(self) >= MOST_IN_A_BATCH or self._bytes >= MOST_BYTES_IN_A_BATCH

    def first(self) -> list[Message]:
        """The oldest messages, as many as one request takes; they wait until `sent`."""
        with self._changing:
            oldest = list(islice(self._messages, MOST_IN_A_BATCH))
        batch, size = [], 0
        for said, bytes_of_it in oldest:
            size += bytes_of_it
            if batch and size > MOST_BYTES_IN_A_BATCH:
                break
            batch.append(said)
        return batch

    def sent(self, number: int) -> None:
        """Forget the oldest `number` messages."""
        with self._changing:
            for _ in range(number):
                self._bytes -= self._messages.popleft()[1]
