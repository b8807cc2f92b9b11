"""Bad deliveries: nothing is lost, nothing is double, and the message says what to do."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cdp.errors import ChannelContractError, DeliveryUnreadable, ProfileNotFound, StoreFull
from cdp.ingest import ingest
from cdp.store.database import Database
from tests.acceptance.drop import ANN, BO, CY, HEADER, Shop

NOTHING, THREE_ORDERS = (0, 0, 0), (3, 3, 3)

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


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)


def test_a_file_cut_short_is_left_out_and_the_others_land(shop: Shop):
    shop.deliver("good.csv.gz", ANN)
    cut = shop.deliver("cut.csv.gz", BO, CY)
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    report = shop.ingest()
    (failure,) = report.failures
    assert isinstance(failure, DeliveryUnreadable)
    assert "cut.csv.gz" in str(failure)
    assert "sent again" in str(failure)
    assert shop.landed() == (1, 1, 1)

    cut.write_bytes(whole)
    assert not shop.ingest().failures
    assert shop.landed() == THREE_ORDERS


def test_of_a_file_cut_behind_its_first_chunk_nothing_lands(shop: Shop):
    # 20 MiB of text are more than one chunk.
    long = [
        f"{n},p{n}@example.com,P,O{n},2024-05-01 10:00,1.00,{'x' * 10_000}" for n in range(2_100)
    ]
    cut = shop.deliver("long.csv.gz", *long, header=f"{HEADER},note")
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-20])
    assert isinstance(shop.ingest().failures[0], DeliveryUnreadable)
    assert shop.landed() == NOTHING
    assert shop.profiles.status().profiles == 0

    cut.write_bytes(whole)
    shop.ingest()
    assert shop.landed() == (2_100, 2_100, 2_100)


def test_a_file_in_another_encoding_than_declared_is_left_out_until_that_is_declared(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY, encoding="utf-16")
    (failure,) = shop.ingest().failures
    assert isinstance(failure, DeliveryUnreadable)
    assert "may.csv" in str(failure)
    assert "declare `encoding: utf-16`" in str(failure)
    assert shop.landed() == NOTHING

    shop.declare(source={"kind": "files", "path": "in/*", "encoding": "utf-16"})
    assert not shop.ingest().failures
    assert shop.landed() == THREE_ORDERS


def test_a_line_of_another_encoding_is_quarantined_and_lands_once_it_is_sent_right(shop: Shop):
    bjorn = BO.replace("Bo", "Björn")
    shop.deliver("may.csv", ANN, bjorn, CY, encoding="latin-1")
    assert not shop.ingest().failures
    assert shop.landed() == (3, 2, 2)
    (row,) = shop.quarantined()
    assert (row.row, row.rule) == (3, "malformed")
    assert "declare the file's `encoding`" in row.reason

    shop.deliver("may.csv", ANN, bjorn, CY)
    shop.ingest()
    assert shop.landed() == (6, 3, 3)
    name = shop.person("bo@example.com").identity.name
    assert name is not None
    assert name.given == "Björn"


def test_a_renamed_column_is_named_with_the_nearest_there_is(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY, header=HEADER.replace("mail", "e_mail"))
    (failure,) = shop.ingest().failures
    assert isinstance(failure, ChannelContractError)
    for word in ("may.csv", "'mail'", "'e_mail'", "change the declaration"):
        assert word in str(failure)
    assert shop.landed() == NOTHING

    shop.declare(identifiers={"email": "e_mail"})
    assert not shop.ingest().failures
    assert shop.landed() == THREE_ORDERS


def test_a_vanished_column_stops_its_file_unless_it_may_be_absent(shop: Shop):
    shop.deliver("april.csv", ANN)
    shop.deliver(
        "may.csv", "2,bo@example.com,B1,2024-05-01 11:00,5.00", header=HEADER.replace("name,", "")
    )
    (failure,) = shop.ingest().failures
    assert isinstance(failure, ChannelContractError)
    for word in ("may.csv", "'name'", "absent: ok"):
        assert word in str(failure)
    assert shop.landed() == (1, 1, 1)

    columns = {
        "name": {"absent": "ok"},
        "at": "datetime",
        "paid": {"type": "money", "currency": "EUR"},
    }
    shop.declare(columns=columns)
    assert not shop.ingest().failures
    assert shop.landed() == (2, 2, 2)


def test_ten_bad_rows_of_a_hundred_are_quarantined_and_ninety_land(shop: Shop):
    good = [f"{n},p{n}@example.com,P,O{n},2024-05-01 10:00,1.00" for n in range(90)]
    bad = {
        "x1,x1@example.com,P,X1,2024-05-01 10:00,ten euro": ("paid", "type", "ten euro"),
        "x2,x2@example.com,P,X2,1st of May,1.00": ("at", "type", "1st of May"),
        "x3,x3@example.com,P,X3,2024-13-01 10:00,1.00": ("at", "type", "2024-13-01 10:00"),
        "x4,x4@example.com,P,X4,,1.00": ("events.order.occurred_at", "required", None),
        ",x5@example.com,P,X5,2024-05-01 10:00,1.00": ("record.key", "required", None),
        "x6,,P,X6,2024-05-01 10:00,1.00": ("identifiers.email", "required", None),
        'x7,"x7@example.com,P,X7,2024-05-01 10:00': (None, "malformed", None),
    }
    lines = [
        *good[:40],
        *list(bad)[:6],
        *good[40:],
        *["x8,x8@example.com,P,X8,never,1.00"] * 3,
        list(bad)[6],
    ]
    shop.deliver("may.csv", *lines)
    report = shop.ingest()
    assert (report.landed.read, report.landed.accepted, report.landed.quarantined) == (100, 90, 10)
    assert shop.landed() == (100, 90, 90)
    found = shop.quarantined()
    assert [row.row for row in found] == [42, 43, 44, 45, 46, 47, 98, 99, 100, 101]
    assert [(row.field, row.rule, row.value) for row in found[:6]] == list(bad.values())[:6]
    assert found[-1].rule == "malformed"
    assert all(row.delivery == "may.csv" and row.reason for row in found)
    assert found[0].raw["paid"] == "ten euro"


def test_the_same_file_under_another_name_is_passed_over(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY)
    shop.ingest()
    shop.deliver("may (1).csv", ANN, BO, CY)
    report = shop.ingest()
    assert (report.deliveries, report.passed_over) == (0, 2)
    assert shop.landed() == THREE_ORDERS


def test_the_same_rows_in_other_bytes_say_nothing_new(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY)
    shop.ingest()
    before = shop.person("ann@example.com")
    shop.deliver("may-again.csv", CY, ANN, BO)
    report = shop.ingest()
    assert (report.landed.read, report.landed.versions, report.landed.events) == (3, 0, 0)
    assert shop.landed() == (6, 3, 3)
    assert shop.person("ann@example.com") == before


def test_a_file_sent_again_with_corrections_replaces_amount_and_address_and_keeps_the_former(
    shop: Shop,
):
    shop.deliver("may.csv", ANN, BO, CY)
    shop.ingest()
    person = shop.person("ann@example.com")
    between = datetime.now(UTC)
    shop.deliver("may.csv", ANN.replace("ann@", "anne@").replace("19.90", "9.90"), BO, CY)
    report = shop.ingest()
    assert (report.landed.versions, report.landed.events, report.landed.revised_events) == (1, 0, 1)
    assert shop.landed() == (6, 3, 3)

    after = shop.person("anne@example.com")
    assert after.profile_id == person.profile_id
    assert after.identifiers == {"email": ["anne@example.com"]}
    assert [each.amount for each in after.behaviour] == [Decimal("9.90")]
    assert shop.profiles.find(email="ann@example.com") == []
    assert [each.amount for each in shop.profiles.timeline(after.profile_id)] == [Decimal("9.90")]

    former = shop.profiles.get(person.profile_id, as_of=between)
    assert former.identifiers == {"email": ["ann@example.com"]}
    assert [each.amount for each in former.behaviour] == [Decimal("19.90")]
    (record,) = shop.profiles.records(person.profile_id)
    assert [version.content["identifiers"]["email"] for version in record.versions] == [
        "ann@example.com",
        "anne@example.com",
    ]


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
    with pytest.raises(ProfileNotFound):
        shop.profiles.get("01900000-0000-7000-8000-000000000000")
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
