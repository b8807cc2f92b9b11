"""The asset `probable_link`: what a run counts, what its checks say, and what follows a failure."""

import dagster as dg
import pytest

from cdp.identity.link import LinkReport
from cdp.profiles import CustomerProfiles
from cdp.settings import settings
from cdp.store.database import Database
from pipelines.components.channel import channel_definitions
from pipelines.definitions import store_definitions
from pipelines.link_asset import PROBABLE_LINK, largest_cluster, proposed_share
from pipelines.resources import Store
from tests.pipelines.conftest import Run, Till
from tests.pipelines.test_triggers import failed_run

# Customers of a till that knows names and mails only: two of them are told twice.
TOLD = [
    f"{n},{name},{name.split()[0].lower()}{n}@example.com,r{n},2024-01-01T10:00:00,1.00"
    for n, name in enumerate(
        ["Ann Berg", "Bo Dahl", "Cy Novak", "Di Rossi", "Ann Bergh", "Flo Weber", "Bo Dahl"]
    )
]


@pytest.fixture
def told(till: Till) -> Till:
    till.declare(traits={"name.full": "name"})
    till.deliver("2024-01-01.csv", *TOLD)
    return till


def linked(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = [
        each
        for each in result.get_asset_materialization_events()
        if each.asset_key == PROBABLE_LINK
    ]
    return {name: said.value for name, said in event.materialization.metadata.items()}


@pytest.mark.usefixtures("told")
def test_the_daily_job_links_before_it_folds(run: Run) -> None:
    result = run()
    assert result.success
    said = linked(result)
    assert said["records"] == said["records_compared"] == len(TOLD)
    assert said["trained"] is True
    steps = [event.step_key for event in result.get_step_success_events()]
    assert steps.index("probable_link") < steps.index("profile")


def test_a_second_run_compares_nothing_and_the_nightly_one_everything(
    told: Till,
    run: Run,
    database: Database,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run().success
    assert linked(run())["records_compared"] == 0
    # A job with a configuration of its own keeps its own resources, too.
    monkeypatch.setenv("CDP_DATABASE_URL", database.url)
    settings.cache_clear()
    whole = store_definitions(channel_definitions(told.spec)).resolve_job_def("link_fully")
    nightly = whole.execute_in_process(instance=instance)
    settings.cache_clear()
    assert linked(nightly)["records_compared"] == len(TOLD)
    assert linked(nightly)["trained"] is False


def test_the_checks_warn_of_a_model_that_asks_too_much_and_of_giants() -> None:
    fine = LinkReport(merging=9, proposed=1, largest=5)
    odd = LinkReport(merging=1, proposed=9, largest=500)
    assert [check(fine).passed for check in (proposed_share, largest_cluster)] == [True, True]
    assert [check(odd).passed for check in (proposed_share, largest_cluster)] == [False, False]
    assert proposed_share(LinkReport()).passed


def test_what_cannot_be_linked_is_folded_all_the_same(
    told: Till, run: Run, store: Store, instance: dg.DagsterInstance
) -> None:
    assert run().success
    with store.database() as database, database.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE probable_link RENAME TO probable_link_away")
    told.deliver("2024-01-02.csv", "9,Hal Olsen,hal@example.com,r9,2024-01-02T10:00:00,1.00")
    result = run()
    assert not result.success
    assert isinstance(failed_run(result, instance), dg.RunRequest)
    with store.database() as database:
        (found,) = CustomerProfiles(database=database).find(email="ann0@example.com")
        assert found.records == 1
