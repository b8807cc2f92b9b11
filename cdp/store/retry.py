"""Trying again what gave way to another change."""

from collections.abc import Callable
from typing import TypeVar

from cdp.errors import StoreConflict

TIMES = 5

Result = TypeVar("Result")


def retried(work: Callable[[], Result]) -> Result:
    """The result of `work`, a whole transaction, which is begun anew where it met another change.

    Raises StoreConflict where it gave way five times in a row.
    """
    for _ in range(TIMES - 1):
        try:
            return work()
        except StoreConflict:
            continue
    return work()
