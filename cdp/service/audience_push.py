"""An audience sent to a webhook: signed, page by page, each tried again with growing pauses."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx

from cdp.audience.encoding import DOCUMENT
from cdp.audience.handover import Handover
from cdp.client import signature
from cdp.errors import PushFailed
from cdp.model.audience import Audience, Export
from cdp.service.webhook_target import GuardedTransport, TargetRefused, checked_url
from cdp.settings import settings
from cdp.store.audience import exports
from cdp.store.database import Database

PEOPLE_IN_A_PAGE = 500
DEADLINE = 10.0  # seconds for a whole page
MOST_ATTEMPTS = 5
FIRST_PAUSE = 1.0  # seconds; doubled each time, half of it by chance


def push(
    database: Database,
    audience: Audience,
    webhook_id: UUID,
    *,
    by: str,
    fields: Sequence[str] | None = None,
    private: bool | None = None,
    first_pause: float = FIRST_PAUSE,
) -> Export:
    """Send the people who may be addressed to a webhook (`cdp webhook add --kind audience`).

    Each page is a POST of {audience, purpose, medium, export_id, page, people, last}; the last one
    has no people. A page sent twice has the same `Cdp-Delivery`. Raises WebhookNotFound; PushFailed
    when a page is not taken after five attempts: the pages before it were.
    """
    with database.autocommit() as connection:
        url, secret = exports.target(connection, webhook_id)
    may = settings().webhook_private if private is None else private
    checked_url(url, private=may)
    with Handover(
        database,
        audience,
        "webhook",
        target=str(webhook_id),
        by=by,
        fields=fields,
        people_at_once=PEOPLE_IN_A_PAGE,
    ) as handover:
        asyncio.run(_Sender(handover, url, secret, first_pause).send_all(private=may))
    return handover.export


class _Sender:
    """The pages of one push on their way."""

    def __init__(self, handover: Handover, url: str, secret: str, first_pause: float) -> None:
        self._handover, self._url, self._secret = handover, url, secret
        self._first_pause = first_pause

    async def send_all(self, *, private: bool) -> None:
        transport = GuardedTransport(private=private)
        async with httpx.AsyncClient(transport=transport, timeout=DEADLINE) as http:
            page = 0
            for frame in self._handover.pages():
                await self._send(http, page, [json.loads(said) for said in frame[DOCUMENT]])
                page += 1
            await self._send(http, page, [], last=True)

    async def _send(
        self, http: httpx.AsyncClient, page: int, people: Sequence[Any], *, last: bool = False
    ) -> None:
        audience, export_id = self._handover.audience, self._handover.export_id
        said = {
            "audience": audience.name,
            "purpose": audience.purpose,
            "medium": audience.medium,
            "export_id": str(export_id),
            "page": page,
            "people": people,
            "last": last,
        }
        body = self._handover.note(json.dumps(said).encode())
        pause, answer = self._first_pause, None
        for attempt in range(MOST_ATTEMPTS):
            if attempt:
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  no secret
                pause *= 2
            answer = await self._post(http, body, f"{export_id}-{page}")
            if answer is None:
                return
        raise PushFailed(
            f"page {page} of the audience {audience.name!r} was not taken ({answer}); the pages before "
            "it were. Push it again once the receiver works"
        )

    async def _post(self, http: httpx.AsyncClient, body: bytes, delivery: str) -> str | None:
        """What was answered; None: it was taken."""
        headers = {
            "Content-Type": "application/json",
            "Cdp-Delivery": delivery,
            signature.HEADER: signature.sign(self._secret, body, int(time.time())),
        }
        try:
            async with asyncio.timeout(DEADLINE):
                # The answer's body is of no interest, and could be endless.
                async with http.stream("POST", self._url, content=body, headers=headers) as sent:
                    return None if sent.is_success else str(sent.status_code)
        except TimeoutError:
            return "no answer in time"
        except TargetRefused:
            return "private address"
        except httpx.HTTPError as error:
            return type(error).__name__
