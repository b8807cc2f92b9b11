"""How long to wait before asking again."""

import datetime as dt
import random
from email.utils import parsedate_to_datetime

import httpx

from cdp.channel.sources import Retry


def seconds_to_wait(retry: Retry, attempt: int, response: httpx.Response | None) -> float:
    """Seconds before attempt `attempt` + 1: what Retry-After says, else doubling with some chance.

    Never longer than the declared longest.
    """
    told = _told(response) if response is not None else None
    if told is None:
        told = retry.wait * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    return min(max(told, 0), retry.longest)


def _told(response: httpx.Response) -> float | None:
    said = response.headers.get("retry-after")
    if said is None:
        return None
    if said.strip().isdigit():
        return float(said)
    try:
        return (parsedate_to_datetime(said) - dt.datetime.now(dt.UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
