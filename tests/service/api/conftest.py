"""The served shop, for the tests of the profile API."""

from tests.served import shop

__all__ = ["shop"]
