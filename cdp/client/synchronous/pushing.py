"""Plain verbs that say what people did, sent together. Written by tests/client/twin.py."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from cdp.client import calls
from cdp.client.messages import Waiting, message
from cdp.client.pace import Pace
from cdp.client.refusals import PASSING_ERRORS
from cdp.client.synchronous.connection import Connection
from cdp.errors import CdpError


class Pushing:
    """Events: they wait for others, at most for `flush_seconds`, and go in batches of 100."""

    def __init__(self, connection: Connection, flush_seconds: float) -> None:
        self._connection = connection
        self._waiting = Waiting()
        self._sending = Lock()
        self._pace = Pace(flush_seconds, self._beat, self._waiting)
        self._failure: CdpError | None = None
        self._is_away = False

    def _end(self) -> None:
        self._pace.stop()
        self.flush()

    def track(
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
        self._add(message("track", user_id, anonymous_id, **said))

    def identify(
        self,
        traits: Mapping[str, Any],
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        **more: Any,
    ) -> None:
        """What a person is like; None takes a trait back."""
        self._add(message("identify", user_id, anonymous_id, traits=dict(traits), **more))

    def page(
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
        self._add(message("page", user_id, anonymous_id, **said))

    def group(
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
        self._add(message("group", user_id, anonymous_id, **said))

    def alias(self, previous_id: str, *, user_id: str, **more: Any) -> None:
        """Two ids of one person."""
        self._add(message("alias", user_id, None, previousId=previous_id, **more))

    def flush(self) -> None:
        """Send every message that waits; those that cannot be sent go on waiting.

        Raises what went wrong.
        """
        with self._sending:
            while batch := self._waiting.first():
                self._connection.do(calls.push(batch))
                self._waiting.sent(len(batch))

    def _add(self, said: Mapping[str, Any]) -> None:
        failure, self._failure = self._failure, None
        if failure:
            raise failure
        self._pace.start()
        self._waiting.add(said)
        if self._waiting.is_a_batch and not self._is_away:
            self._beat()

    def _beat(self) -> None:
        try:
            self.flush()
        except PASSING_ERRORS:
            self._is_away = True  # they wait; the next beat of the pace tries again
        except CdpError as error:
            self._failure = error
        else:
            self._is_away = False
