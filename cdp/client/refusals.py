"""Refusals: the errors of the library told by the service's answers, and when to ask again."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cdp.errors import CdpError, RateLimitExceeded, StoreUnavailable

# Answers that mean: nothing was done, ask again.
PASSING = frozenset({429, 503})
# Answers of what stands between: whether something was done is not known.
UNCLEAR = frozenset({502, 504})
PASSING_ERRORS = (StoreUnavailable, RateLimitExceeded)


def _family(kind: type[CdpError]) -> Iterator[type[CdpError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


ERRORS: Mapping[str, type[CdpError]] = {kind.code: kind for kind in _family(CdpError)}


class ServiceError(CdpError):
    """The service answered with an error that this version of the client does not know."""

    code = "service_error"


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> CdpError:
    """The error that an answer tells, of the class that the library itself would raise."""
    said = _problem(body)
    message = str(said.get("message") or f"the service answered {status}")
    kind = ERRORS.get(str(said.get("code")), StoreUnavailable if status >= 502 else ServiceError)
    error = kind(message)
    if isinstance(error, RateLimitExceeded):
        error.retry_after = int(_seconds(headers) or 1)
    error.request_id = headers.get("request-id")
    return error


def _problem(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(headers: Mapping[str, str]) -> float | None:
    said = headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else None


@dataclass(frozen=True)
class Patience:
    """How often and after what time a call is made again."""

    retries: int = 3
    first_wait: float = 0.1  # seconds; doubled each time, and a random share of it is waited
    longest_wait: float = 10.0

    def wait(
        self, attempt: int, status: int | None, headers: Mapping[str, str], *, repeatable: bool
    ) -> float | None:
        """Seconds to wait before the next attempt (from 0); None: the answer stands.

        `status` is None where no answer came. A Retry-After longer than `longest_wait` is not
        waited for.
        """
        again = status in PASSING or (repeatable and (status is None or status in UNCLEAR))
        if not again or attempt >= self.retries:
            return None
        asked = _seconds(headers) or 0.0
        if asked > self.longest_wait:
            return None
        most = min(self.longest_wait, self.first_wait * 2**attempt)
        return asked + random.uniform(0, most)  # noqa: S311  spreads the callers, no secret
