"""The right name nearest to one that is not known."""

import difflib
from collections.abc import Collection


def nearest(name: str, known: Collection[str], cutoff: float = 0.7) -> str | None:
    """The name that is most like, if one is."""
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=cutoff)), None)


def misspelt(name: str, known: Collection[str]) -> str | None:
    """What `name` is a misspelling of; a name that is merely similar may be another one."""
    return None if name in known else nearest(name, known, 0.8)


def near(name: str, known: Collection[str]) -> str:
    """Which of the names there are may be meant."""
    if like := nearest(name, known, 0.5):
        return f"did you mean {like!r}?"
    return f"there are {listed(known)}" if known else "there is none yet"


def listed(names: Collection[str]) -> str:
    """Some of the names, as words."""
    some = sorted(names)
    return ", ".join(some[:12]) + (", ..." if len(some) > 12 else "")
