"""Repeated and corrected deliveries: nothing is double, and what was said before stays on record."""

import os
from datetime import UTC, datetime
from decimal import Decimal

from cdp.ingest import ingest
from tests.acceptance.drop import ANN, BO, CY, DECLARATION, THREE_ORDERS, Shop


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


def test_a_days_file_sent_again_corrects_what_that_day_said(shop: Shop):
    days = {"pattern": r"(\d{4}-\d\d-\d\d)", "start": "2024-01-01"}
    shop.declare(
        record={"key": "customer"}, source={"kind": "files", "path": "in/*", "partition": days}
    )
    shop.deliver("2024-05-02.csv", ANN, BO, CY)
    shop.ingest()
    shop.deliver("2024-05-02.csv", ANN.replace("ann@", "anne@"), BO, CY)
    shop.ingest()
    assert shop.person("anne@example.com").identifiers == {"email": ["anne@example.com"]}
    assert shop.profiles.find(email="ann@example.com") == []


def test_an_address_that_made_two_people_one_parts_them_when_it_is_corrected(shop: Shop):
    wrong = ANN.replace("ann@", "bo@").replace("Ann", "Bob")
    shop.deliver("may.csv", wrong, BO, CY)
    shop.ingest()
    assert shop.person("bo@example.com").records == 2
    shop.deliver("may.csv", ANN, BO, CY)
    assert shop.ingest().resolved.splits == 1
    ann, bo = shop.person("ann@example.com"), shop.person("bo@example.com")
    assert ann.profile_id != bo.profile_id
    assert [each.amount for each in ann.behaviour] == [Decimal("19.90")]
    assert [each.amount for each in bo.behaviour] == [Decimal("5.00")]


def test_an_order_that_a_corrected_file_gives_to_another_customer_counts_once(shop: Shop):
    shop.deliver("may.csv", ANN, BO, CY)
    shop.ingest()
    ann = shop.person("ann@example.com")
    between = datetime.now(UTC)
    shop.deliver(
        "may.csv", ANN.replace("A1", "A2").replace("19.90", "1.00"), BO.replace("B1", "A1"), CY
    )
    shop.ingest()
    assert [each.amount for each in shop.person("ann@example.com").behaviour] == [Decimal("1.00")]
    assert [each.amount for each in shop.person("bo@example.com").behaviour] == [Decimal("10.00")]
    (was,) = shop.profiles.get(ann.profile_id, as_of=between).behaviour
    assert was.amount == Decimal("19.90")


def test_an_old_file_read_once_more_does_not_bring_back_what_was_corrected(shop: Shop):
    shop.deliver("may.csv", ANN)
    shop.ingest()
    shop.deliver("may.csv", ANN.replace("19.90", "9.90"))
    shop.ingest()
    corrected = shop.person("ann@example.com")
    shop.deliver("archive.csv", ANN, BO)
    shop.ingest()
    assert shop.person("ann@example.com") == corrected


def test_a_snapshot_that_returns_to_an_earlier_state_is_news(shop: Shop):
    shop.declare(record={"key": "customer"}, events=[])
    for moment, name in enumerate(("Ann", "Anne", "Ann"), 1_700_000_000):
        file = shop.deliver("customers.csv", ANN.replace("Ann", name))
        os.utime(file, (moment, moment))
        shop.ingest()
    assert shop.person("ann@example.com").identity.name.given == "Ann"


def test_a_file_is_read_again_after_its_declaration_was_mended(shop: Shop):
    shop.declare(
        columns=DECLARATION["columns"] | {"at": {"type": "datetime", "format": "%d/%m/%Y"}}
    )
    shop.deliver("may.csv", ANN, BO, CY)
    shop.ingest()
    assert shop.figures().open_quarantine == 3
    spec = shop.declare()
    assert ingest(shop.database, spec).passed_over == 1
    assert ingest(shop.database, spec, again=True).landed.events == 3
    assert shop.figures().open_quarantine == 0
