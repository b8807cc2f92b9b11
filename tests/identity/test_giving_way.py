"""An ingestion that gives way to another change is begun anew: nothing is lost, nothing counts twice."""

import json

import pytest
from saying import a_row

from cdp.errors import StoreConflict
from cdp.ingest import ingest
from tests.promises.world import World


def gives_way(times):
    """A progress that meets another change so many times."""
    left = iter(range(times))

    def tell(_delivery, _rows):
        if next(left, None) is not None:
            raise StoreConflict

    return tell


@pytest.fixture
def world(database, tmp_path):
    """A world to whose CRM two files have come."""
    world = World(database, tmp_path)
    for number in (1, 2):
        row = a_row("crm", str(number), given="Ann", email="ann@example.com")
        (world.folder / "crm/in" / f"{number}.jsonl").write_text(json.dumps(row) + "\n")
    return world


def test_two_files_land_once_though_their_transaction_gave_way_twice(world):
    report = ingest(world.database, world.specs["crm"], progress=gives_way(2))

    assert (report.deliveries, report.landed.accepted, report.resolved.merges) == (2, 2, 1)
    assert ingest(world.database, world.specs["crm"]).passed_over == 2


def test_who_gives_way_for_ever_says_so(world):
    with pytest.raises(StoreConflict):
        ingest(world.database, world.specs["crm"], progress=gives_way(100))
