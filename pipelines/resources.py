"""What assets get handed in: the store's database, named by the environment and never by a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from cdp.store.database import Database


class Store(dg.ConfigurableResource):
    """The customer profile store of this installation: CDP_DATABASE_URL, or the embedded server."""

    url: str | None = None

    @contextmanager
    def database(self) -> Iterator["Database"]:
        """The store's database; its connections are given back at the end."""
        from cdp.store.database import Database  # noqa: PLC0415  definitions load without a driver

        database = Database(self.url)
        try:
            yield database
        finally:
            database.close()
