"""What Prometheus may read of this process."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from cdp.service.ingest_landing import Outcome

REQUESTS = Counter("cdp_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "cdp_request_seconds",
    "Time to answer a request, s",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
MESSAGES = Counter("cdp_pushed_messages", "Pushed messages by what became of them", ["fate"])
WAITING = Gauge(
    "cdp_waiting_messages", "Pushed messages that wait to be stored", multiprocess_mode="livesum"
)
LANDING = Histogram("cdp_landing_seconds", "Time to store waiting messages, s")
FOLDING = Histogram("cdp_folding_seconds", "Time to fold the profiles that messages touched, s")


_requests, _seconds = cache(REQUESTS.labels), cache(SECONDS.labels)


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    _requests(method, route, status).inc()
    _seconds(method, route).observe(seconds)


def count(outcome: Outcome) -> None:
    """Count what became of some messages."""
    for fate in ("accepted", "quarantined", "repeated"):
        MESSAGES.labels(fate).inc(getattr(outcome, fate))
