"""Lengths of time as people write them: 30min, 12h, 7d, 2w."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
PATTERN = r"(\d+)\s*(s|min|h|d|w)"


def duration(said: object) -> timedelta:
    """The length that `said` (`7d`, or a timedelta) stands for. Raises ValueError."""
    if isinstance(said, timedelta):
        length = said
    else:
        found = re.fullmatch(PATTERN, said.strip()) if isinstance(said, str) else None
        if not found:
            raise ValueError(
                f"{said!r} is no length of time; write a number and s, min, h, d or w: 30min, 12h, 7d, 2w "
                "(months and years differ in length: write 30d, 365d)"
            )
        length = timedelta(seconds=int(found[1]) * UNITS[found[2]])
    if not timedelta(0) < length <= timedelta(days=36_500) or length % timedelta(seconds=1):
        raise ValueError(f"{said!r} is not between 1s and 36500d, in whole seconds")
    return length


def written(length: timedelta) -> str:
    """`length` in its largest whole unit: 7d, 90min; weeks are written as days."""
    seconds = round(length.total_seconds())
    unit = next(unit for unit in ("d", "h", "min", "s") if seconds % UNITS[unit] == 0)
    return f"{seconds // UNITS[unit]}{unit}"


Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$", "examples": ["7d"]}),
]
