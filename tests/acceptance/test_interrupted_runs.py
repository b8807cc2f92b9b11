"""A killed process and a full disk: nothing is half landed, and the next run lands all once."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cdp.errors import StoreFull
from cdp.ingest import ingest
from cdp.store.database import Database
from tests.acceptance.drop import ANN, BO, CY, NOTHING, THREE_ORDERS, Shop

# Ingests a channel and stops where argv[3] says, until it is killed.
VICTIM = """
import sys
from pathlib import Path
from cdp.channel.load import load_channel
from cdp.ingest import ingest
from cdp.store.database import Database

def stop(place, *_):
    if place == sys.argv[3]:
        print("here", flush=True)
        sys.stdin.read()

ingest(Database(sys.argv[1]), load_channel(Path(sys.argv[2])), progress=stop)
stop("before the fold")
"""


def test_a_process_killed_in_the_second_file_has_landed_nothing_and_the_next_run_all(shop: Shop):
    shop.deliver("1.csv", ANN)
    shop.deliver("2.csv", BO, CY)
    killed(shop, "2.csv")
    assert shop.landed() == NOTHING
    assert shop.profiles.status().stale_profiles == 0
    report = shop.ingest()
    assert (report.deliveries, report.passed_over) == (2, 0)
    assert shop.landed() == THREE_ORDERS
    assert shop.profiles.status().profiles == 3


def test_what_a_process_killed_before_the_fold_has_landed_is_folded_by_the_next_run(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY)
    killed(shop, "before the fold")
    assert shop.landed() == THREE_ORDERS
    assert shop.profiles.find(email="ann@example.com") == []
    assert shop.profiles.status().stale_profiles == 3
    report = shop.ingest()
    assert (report.deliveries, report.passed_over) == (0, 1)
    assert shop.landed() == THREE_ORDERS
    assert shop.person("ann@example.com").behaviour[0].events == 1


def test_on_a_full_disk_nothing_is_written_and_the_next_run_lands_all(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY)
    with full_disk(shop.database), pytest.raises(StoreFull) as caught:
        ingest(shop.database, shop.spec)
    for word in ("nothing was written", "Free some disk", "run it again", "No space left"):
        assert word in str(caught.value)
    assert shop.landed() == NOTHING
    assert shop.profiles.find(email="ann@example.com") == []
    assert not shop.ingest().failures
    assert shop.landed() == THREE_ORDERS


def killed(shop: Shop, place: str) -> None:
    """Runs an ingest of the shop in a process of its own and kills it at `place`."""
    command = [sys.executable, "-c", VICTIM, shop.database.url, str(shop.folder), place]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "here\n"
        victim.kill()


@contextmanager
def full_disk(database: Database) -> Iterator[None]:
    """While this lasts, the disk has no room for events.

    The (empty) file of the table becomes a link to /dev/full, which refuses every write as a full
    disk does; so it is Postgres itself that meets the error. Connections are made anew on both
    sides, because they hold the file open.
    """
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full to write to")
    with database.autocommit() as connection:
        row = connection.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('event')"
        ).fetchone()
    assert row
    file = Path(row[0])
    assert file.stat().st_size == 0
    aside = file.with_name(file.name + ".aside")
    database.close()
    database.__dict__.pop("engine")
    file.rename(aside)
    file.symlink_to("/dev/full")
    try:
        yield
    finally:
        database.close()
        database.__dict__.pop("engine", None)
        file.unlink()
        aside.rename(file)
