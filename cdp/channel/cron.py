"""The five fields of a cron schedule, checked before a scheduler meets them."""

import re

_NAMES = {
    name: str(number)
    for names, first in (
        ("jan feb mar apr may jun jul aug sep oct nov dec", 1),
        ("sun mon tue wed thu fri sat", 0),
    )
    for number, name in enumerate(names.split(), first)
}
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?")


def checked_schedule(schedule: str) -> str:
    """`schedule` itself if it is a cron expression of five fields, else ValueError saying why."""
    words = schedule.split()
    if len(words) != len(_FIELDS):
        raise ValueError(
            f"{schedule!r} has {len(words)} fields; cron has five (minute hour day month weekday), "
            "e.g. '0 5 * * *' for five o'clock each day"
        )
    for word, (name, lowest, highest) in zip(words, _FIELDS, strict=True):
        for part in word.lower().split(","):
            if not _stands(part, lowest, highest):
                raise ValueError(
                    f"{part!r} is no {name} of cron; it goes from {lowest} to {highest}"
                )
    return schedule


def _stands(part: str, lowest: int, highest: int) -> bool:
    match = _PART.fullmatch(re.sub(r"[a-z]{3}", lambda word: _NAMES.get(word[0], "?"), part))
    if match is None:
        return False
    first, last = match[1], match[2] or match[1]
    return first is None or lowest <= int(first) <= int(last) <= highest
