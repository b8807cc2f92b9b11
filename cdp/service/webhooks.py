"""Webhooks on their way: signed, sent, tried again with growing pauses, and given up at last."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID

import httpx
import structlog

from cdp.client import signature
from cdp.errors import StoreError
from cdp.service.frame import told
from cdp.service.webhook_target import GuardedTransport, TargetRefused
from cdp.settings import settings
from cdp.store import webhooks
from cdp.store.database import Database
from cdp.store.webhooks import Delivery

log = structlog.get_logger("cdp.webhooks")

AT_ONCE = 16
DEADLINE = 10.0  # seconds for a whole delivery, however slowly its answer drips
LEASE = timedelta(seconds=60)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
MOST_ATTEMPTS = 15  # within about seven hours
KEPT = timedelta(days=7)
SECONDS_BETWEEN_LOOKS = 0.5


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: doubled each time, half of it by chance."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 20))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  spreads the attempts, no secret


class Courier:
    """Delivers what waits. Any number may run; a courier that dies loses nothing.

    `private`: whether private and loopback addresses may be reached (CDP_WEBHOOK_PRIVATE).
    `clock` tells the time that deliveries are due by.
    """

    def __init__(
        self,
        database: Database,
        *,
        private: bool | None = None,
        deadline: float = DEADLINE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._deadline, self._clock = database, deadline, clock
        self._private = settings().webhook_private if private is None else private
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Deliver in a thread until `stop`."""
        self._thread = Thread(target=self._watch, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the deliveries that are under way."""
        self._stopping.set()
        if self._thread:
            self._thread.join()

    def run(self) -> int:
        """Deliver what is due now; how many deliveries were tried."""
        due = self._due(set(), AT_ONCE)  # a client, with its certificates, only where it is needed
        return asyncio.run(self._run(due)) if due else 0

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                tried = self.run()
            except StoreError:
                tried = 0  # the store is away: look again later
            except Exception as error:  # noqa: BLE001  the thread lives on; leases bring it back
                tried = 0
                log.error("undelivered", **told(error))  # noqa: TRY400  no message
            if not tried:
                self._stopping.wait(SECONDS_BETWEEN_LOOKS)

    async def _run(self, due: list[Delivery]) -> int:
        under_way: dict[asyncio.Task[None], UUID] = {}
        tried = 0
        transport = GuardedTransport(private=self._private)
        async with httpx.AsyncClient(transport=transport, timeout=self._deadline) as http:
            while due or under_way:
                for delivery in due:
                    task = asyncio.create_task(self._deliver(http, delivery))
                    under_way[task] = delivery.webhook_id
                tried += len(due)
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    under_way.pop(task)
                    task.result()
                room = AT_ONCE - len(under_way) if not self._stopping.is_set() else 0
                due = await asyncio.to_thread(self._due, set(under_way.values()), room)
        return tried

    def _due(self, busy: set[UUID], room: int) -> list[Delivery]:
        if not room:
            return []
        now = self._clock()
        with self._database.autocommit() as connection:
            webhooks.fill(connection, now)
            webhooks.forget_delivered(connection, now - KEPT)
            return webhooks.claim(connection, now, LEASE, busy, room)

    async def _deliver(self, http: httpx.AsyncClient, delivery: Delivery) -> None:
        answer, arrived = await self._post(http, delivery)
        await asyncio.to_thread(self._note, delivery, answer, arrived=arrived)

    async def _post(self, http: httpx.AsyncClient, delivery: Delivery) -> tuple[str, bool]:
        body = body_of(delivery)
        headers = {
            "Content-Type": "application/json",
            "Cdp-Delivery": str(delivery.delivery_id),
            signature.HEADER: signature.sign(delivery.secret, body, int(time.time())),
        }
        try:
            async with asyncio.timeout(self._deadline):
                # The answer's body is of no interest, and could be endless.
                async with http.stream("POST", delivery.url, content=body, headers=headers) as sent:
                    return str(sent.status_code), sent.is_success
        except TimeoutError:
            return "no answer in time", False
        except TargetRefused:
            return "private address", False
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return type(error).__name__, False

    def _note(self, delivery: Delivery, answer: str, *, arrived: bool) -> None:
        now = self._clock()
        with self._database.autocommit() as connection:
            if arrived:
                webhooks.delivered(connection, delivery.delivery_id, answer, now)
            else:
                again = delivery.attempts < MOST_ATTEMPTS
                due = now + pause(delivery.attempts) if again else None
                webhooks.failed(connection, delivery.delivery_id, answer, due)


def body_of(delivery: Delivery) -> bytes:
    """What is sent: ids, kinds and times; what a profile holds is read with a key."""
    said: dict[str, Any] = {
        "webhook_id": str(delivery.webhook_id),
        "delivery_id": str(delivery.delivery_id),
        "created_at": delivery.created_at.isoformat(),
        "changes": delivery.changes,
    }
    return json.dumps(said).encode()
