"""How far a run has come: told to Dagster's log now and then, and to whoever watches in process."""

import logging
import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 10

Watcher = Callable[[str, int], None]
# Called with a channel (or `profile`) and its rows so far; the demo's progress bars listen here.
watchers: list[Watcher] = []


class Progress:
    """The `progress` of one asset's run; `deliveries` has the rows of each delivery so far."""

    def __init__(self, log: logging.Logger, asset: str) -> None:
        self.deliveries: dict[str, int] = {}
        self._log, self._asset = log, asset
        self._told_at = time.monotonic()

    def __call__(self, delivery: str, rows: int) -> None:
        """Note that `rows` of `delivery` have been taken in."""
        self.deliveries[delivery] = rows
        total = sum(self.deliveries.values())
        for watcher in watchers:
            watcher(self._asset, total)
        if time.monotonic() - self._told_at > SECONDS_BETWEEN_LINES:
            self._told_at = time.monotonic()
            self._log.info(f"{self._asset}: {total} rows so far, now {delivery}")
