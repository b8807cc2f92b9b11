"""Paths whose parts may hold a slash: `user_id:shop%2Fpage` is one part, not a route below a profile."""

import re
from urllib.parse import unquote

from pydantic import AfterValidator

from cdp.service.frame import Message

DIVIDING = re.compile("%(2[Ff]|25)")
Whole = AfterValidator(unquote)  # of a parameter that is read from such a path


def undivided(scope: Message) -> str:
    """The path of a request, decoded but for slashes and percent signs, which `Whole` decodes."""
    raw = scope.get("raw_path", b"").decode("latin-1")
    return unquote(DIVIDING.sub(r"%25\1", raw)) if "%2" in raw else scope["path"]
