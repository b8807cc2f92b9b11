"""Secrets of a channel, which only the environment knows."""

import os

from cdp.errors import DeliveryUnreadable


def secret(variable: str) -> str:
    """The value of the environment variable; DeliveryUnreadable if it is not set."""
    value = os.environ.get(variable)
    if not value:
        raise DeliveryUnreadable(
            f"the environment variable {variable} is not set; set it and run again"
        )
    return value
