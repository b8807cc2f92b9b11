"""Signatures of webhooks: made by the store, checked by who receives them."""

import hmac
import time
from hashlib import sha256

from cdp.errors import InvalidRequest

HEADER = "Cdp-Signature"
TOLERANCE = 300  # seconds


def sign(secret: str, body: bytes, at: int) -> str:
    """The header's value for a body sent at `at` (seconds since 1970)."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    return f"t={at},v1={digest}"


def verify(secret: str, body: bytes, header: str, *, now: float | None = None) -> None:
    """Raise InvalidRequest unless `header` is the signature of `body`, made just now.

    `body`: the bytes as they came. A delivery older than five minutes is refused, so that a
    recorded one cannot be sent again.
    """
    parts = [part.partition("=") for part in header.split(",")]
    said = {name.strip(): value for name, _, value in parts}
    at = said.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) < 13):
        raise InvalidRequest("the signature has no time; it is none of this store")
    if abs((time.time() if now is None else now) - int(at)) > TOLERANCE:
        raise InvalidRequest("the signature is older than five minutes; have the delivery repeated")
    if not hmac.compare_digest(sign(secret, body, int(at)), f"t={at},v1={said.get('v1', '')}"):
        raise InvalidRequest("the signature is not of this body and secret")
