"""Rate limits: so many requests a second for each key."""

import math
import time
from collections.abc import Callable
from threading import Lock

from cdp.errors import RateLimitExceeded
from cdp.store.keys import Key


class Limiter:
    """A bucket for each key, which holds the requests of one second and fills evenly.

    `workers`: processes that serve; each grants its share, so that together they keep the limit.
    """

    def __init__(self, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._workers, self._clock = workers, clock
        self._lock = Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: Key) -> dict[str, str]:
        """Count one request of `key`; the headers that tell how many more it has.

        Raises RateLimitExceeded.
        """
        rate = max(key.requests_per_second / self._workers, 1.0)
        now = self._clock()
        with self._lock:
            held, at = self._buckets.get(key.key_id, (rate, now))
            held = min(rate, held + (now - at) * rate)
            self._buckets[key.key_id] = (max(held - 1, 0.0) if held >= 1 else held), now
        if held < 1:
            raise RateLimitExceeded(
                f"the key {key.key_id} has {key.requests_per_second} requests a second; slow down",
                retry_after=math.ceil((1 - held) / rate),
            )
        return {
            "X-RateLimit-Limit": str(int(rate)),
            "X-RateLimit-Remaining": str(int(held - 1)),
            "X-RateLimit-Reset": str(math.ceil((rate - held + 1) / rate)),
        }
