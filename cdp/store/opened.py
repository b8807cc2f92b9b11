"""What every Python API of the product has in common: it is opened on one store, and closed."""

from typing import Self

from cdp.store.database import Database


class OnStore:
    """Works on one store, and gives its connections back on `close` or at the end of a `with`.

    `url`: a SQLAlchemy URL; absent: `CDP_DATABASE_URL`, or the embedded server in `CDP_HOME`.
    `database`: one that is open already, instead.
    """

    def __init__(self, url: str | None = None, *, database: Database | None = None) -> None:
        self._database = database or Database(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()
