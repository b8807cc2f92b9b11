"""Awaitable verbs that say what people did, sent together."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cdp.client import calls
from cdp.client.asynchronous.connection import AsyncConnection
from cdp.client.messages import Waiting, message
from cdp.client.pace import AsyncPace
from cdp.client.refusals import PASSING_ERRORS
from cdp.errors import CdpError


class AsyncPushing:
    """Events: they wait for others, at most for `flush_seconds`, and go in batches of 100."""

    def __init__(self, connection: AsyncConnection, flush_seconds: float) -> None:
        self._connection = connection
        self._waiting = Waiting()
        self._sending = asyncio.Lock()
        self._pace = AsyncPace(flush_seconds, self._beat, self._waiting)
        self._failure: CdpError | None = None
        self._is_away = False

    async def _end(self) -> None:
        await self._pace.stop()
        await self.flush()

    async def track(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        **more: Any,
    ) -> None:
        """Something a person did. It waits to be sent with others; `flush` sends at once.

        `more`: timestamp, context, message_id. Raises InvalidRequest, and what went wrong for good
        with messages before it.
        """
        said = {"event": event, "properties": dict(properties or {}), **more}
        await self._add(message("track", user_id, anonymous_id, **said))

    async def identify(
        self,
        traits: Mapping[str, Any],
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        **more: Any,
    ) -> None:
        """What a person is like; None takes a trait back."""
        await self._add(message("identify", user_id, anonymous_id, traits=dict(traits), **more))

    async def page(
        self,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        **more: Any,
    ) -> None:
        """A page a person saw."""
        said = {"name": name, "properties": dict(properties or {}), **more}
        await self._add(message("page", user_id, anonymous_id, **said))

    async def group(
        self,
        group_id: str,
        traits: Mapping[str, Any] | None = None,
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        **more: Any,
    ) -> None:
        """The company that a person belongs to."""
        said = {"groupId": group_id, "traits": dict(traits or {}), **more}
        await self._add(message("group", user_id, anonymous_id, **said))

    async def alias(self, previous_id: str, *, user_id: str, **more: Any) -> None:
        """Two ids of one person."""
        await self._add(message("alias", user_id, None, previousId=previous_id, **more))

    async def flush(self) -> None:
        """Send every message that waits; those that cannot be sent go on waiting.

        Raises what went wrong.
        """
        async with self._sending:
            while batch := self._waiting.first():
                await self._connection.do(calls.push(batch))
                self._waiting.sent(len(batch))

    async def _add(self, said: Mapping[str, Any]) -> None:
        failure, self._failure = self._failure, None
        if failure:
            raise failure
        await self._pace.start()
        self._waiting.add(said)
        if self._waiting.is_a_batch and not self._is_away:
            await self._beat()

    async def _beat(self) -> None:
        try:
            await self.flush()
        except PASSING_ERRORS:
            self._is_away = True  # they wait; the next beat of the pace tries again
        except CdpError as error:
            self._failure = error
        else:
            self._is_away = False
