"""The machine and the database that a benchmark runs on."""

import os
import platform
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdp.store.database import Database
from cdp.store.embedded import embedded_url
from cdp.store.schema import migrate


def described() -> str:
    """Processor count, memory and Python of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, "
        "embedded PostgreSQL 18"
    )


def peak_memory() -> float:
    """The greatest resident memory of this process so far, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


@contextmanager
def fresh_store() -> Iterator[Database]:
    """A migrated store on a server of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cdp-bench-") as folder:
        database = Database(embedded_url(Path(folder)))
        migrate(database)
        yield database
        database.close()
