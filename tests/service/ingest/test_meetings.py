"""Landings, folds and conclusions that meet: none is lost, and none waits for another's kind."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from cdp.channel.push.message import understand
from cdp.channel.push.said import Envelope, Said
from cdp.conclude import conclude
from cdp.profile.traits import survivorship_rules
from cdp.profiles import CustomerProfiles
from cdp.service import folder, ingest_landing
from cdp.service.ingest_landing import Pushed
from cdp.store.database import Database
from cdp.store.profile.fold import fold_these
from cdp.store.profile.folded import hand_on
from tests.served import eventually, serving


def an_order(user: str = "ann") -> Said:
    properties = {"order_id": str(uuid4()), "revenue": 80, "currency": "EUR"}
    message = {
        "type": "track",
        "event": "Order Completed",
        "userId": user,
        "properties": properties,
        "messageId": str(uuid4()),
    }
    return understand(message, Envelope(datetime.now(UTC)))


def is_waited_for(database: Database) -> bool:
    """Whether a transaction waits for another one."""
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with database.autocommit() as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0] > 0


def orders(database: Database) -> int:
    (ann,) = CustomerProfiles(database=database).find(user_id="ann")
    return sum(each.events for each in ann.behaviour if each.kind == "order")


def test_what_a_killed_process_has_landed_is_folded_by_the_next(database: Database, tmp_path: Path):
    ingest_landing.land(database, [Pushed("shop", an_order())])
    with serving(database, tmp_path):
        eventually(lambda: CustomerProfiles(database=database).find(user_id="ann"))
    assert orders(database) == 1


def test_a_fold_does_not_wait_for_a_landing_and_misses_nothing(database: Database) -> None:
    first = ingest_landing.land(database, [Pushed("shop", an_order())])
    with ThreadPoolExecutor(1) as pool, database.transaction() as tx:
        landing = ingest_landing.begin(tx, landings := [], "shop", "person")
        ingest_landing.land_fresh(landing, landings, "shop", [an_order()])
        second = ingest_landing.resolve(tx, landings)
        pool.submit(ingest_landing.fold, database, first.stale).result(20)
        assert orders(database) == 1
    ingest_landing.fold(database, second)
    assert orders(database) == 2


def test_a_landing_does_not_wait_for_a_fold_and_only_folds_of_one_profile_do(
    database: Database,
) -> None:
    first = ingest_landing.land(database, [Pushed("shop", an_order())])
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as tx:
            fold_these(tx, first.stale, rules=survivorship_rules(), changed_at=datetime.now(UTC))
            landing = pool.submit(ingest_landing.land, database, [Pushed("shop", an_order())])
            second = landing.result(20)
            again = pool.submit(ingest_landing.fold, database, second.stale)
            eventually(lambda: is_waited_for(database))
        again.result(20)
    assert orders(database) == 2


def test_a_flood_is_folded_part_by_part_to_the_last(database: Database, monkeypatch) -> None:
    monkeypatch.setattr(folder, "MOST_PROFILES", 2)
    said = [an_order(user=f"user-{n}") for n in range(5)]
    landed = ingest_landing.land(database, [Pushed("shop", each) for each in said])
    folds = []
    folding = folder.Folder(database, after_fold=lambda: folds.append(1))
    folding.fold(landed.stale)
    folding.stop()
    assert len(folds) >= 3
    assert CustomerProfiles(database=database).status().stale_profiles == 0


def test_a_fold_does_not_wait_for_conclusions_and_they_miss_nothing(database: Database) -> None:
    landed = ingest_landing.land(database, [Pushed("shop", an_order())])
    ingest_landing.fold(database, landed.stale)
    with database.transaction() as tx:
        hand_on(tx)
    with ThreadPoolExecutor(1) as pool, database.transaction() as concluding:
        for queue in ("unlinked_profile", "underived_profile"):
            concluding.execute(text(f"DELETE FROM {queue}"))  # as it takes them
        again = ingest_landing.land(database, [Pushed("shop", an_order())])
        pool.submit(ingest_landing.fold, database, again.stale).result(20)
        assert orders(database) == 2
    conclude(database)
    concluded = CustomerProfiles(database=database).computed("user_id:ann")
    assert concluded.traits["orders"] == 2


def test_a_profile_that_loses_a_record_by_a_message_is_folded_with_the_other(
    database: Database,
) -> None:
    for visitor, said in (("a", {"firstName": "Ann"}), ("b", {}), ("b", {"firstName": "Bob"})):
        message = {"type": "identify", "anonymousId": visitor, "messageId": str(uuid4())}
        traits = {"email": "home@example.com"} | said
        told = understand(message | {"traits": traits}, Envelope(datetime.now(UTC)))
        landed = ingest_landing.land(database, [Pushed("shop", told)])
        ingest_landing.fold(database, landed.stale)
        assert CustomerProfiles(database=database).status().stale_profiles == 0
    found = CustomerProfiles(database=database).find(email="home@example.com")
    assert sorted(each.records for each in found) == [1, 1]
