"""A channel with a day in its file names is back-filled by day, and runs without a day take all."""

import dagster as dg

from cdp.profiles import CustomerProfiles
from cdp.store.database import Database
from pipelines.channel_asset import channel_asset
from pipelines.resources import Store
from tests.pipelines.conftest import Run, Till

KEY = dg.AssetKey(["source_record", "till"])


def receipt(n: int, day: int) -> str:
    return f"{n},Ann,a{n}@example.com,r{n},2024-01-0{day} 10:00:00,1.00"


def deliver_three_days(till: Till) -> None:
    for day in (1, 2, 3):
        till.deliver(f"till-2024-01-0{day}.csv", receipt(day, day))


def test_one_day_lands_alone(
    till: Till, store: Store, instance: dg.DagsterInstance, database: Database
) -> None:
    deliver_three_days(till)
    result = dg.materialize(
        [channel_asset(till.spec)],
        instance=instance,
        resources={"store": store},
        partition_key="2024-01-02",
    )
    assert result.success
    assert instance.get_materialized_partitions(KEY) == {"2024-01-02"}
    assert CustomerProfiles(database=database).status().source_records == 1


def test_a_back_fill_lands_its_days_in_one_run(
    till: Till, store: Store, instance: dg.DagsterInstance, database: Database
) -> None:
    deliver_three_days(till)
    result = dg.materialize(
        [channel_asset(till.spec)],
        instance=instance,
        resources={"store": store},
        tags={
            "dagster/asset_partition_range_start": "2024-01-01",
            "dagster/asset_partition_range_end": "2024-01-02",
        },
    )
    assert result.success
    assert instance.get_materialized_partitions(KEY) == {"2024-01-01", "2024-01-02"}
    assert CustomerProfiles(database=database).status().source_records == 2


def test_a_scheduled_run_takes_every_new_day_late_ones_too(
    till: Till, run: Run, instance: dg.DagsterInstance
) -> None:
    till.deliver("till-2024-01-03.csv", receipt(3, 3))
    run()
    till.deliver("till-2024-01-01.csv", receipt(1, 1))
    assert run().success
    assert instance.get_materialized_partitions(KEY) == {"2024-01-01", "2024-01-03"}
