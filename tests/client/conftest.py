"""The served shop, for the tests of the client."""

from tests.served import shop

__all__ = ["shop"]
