"""Bad deliveries: what can be read lands, the rest is named with what to do, and lands once mended."""

from cdp.errors import ChannelContractError, DeliveryUnreadable
from tests.acceptance.drop import ANN, BO, CY, HEADER, NOTHING, THREE_ORDERS, Shop


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
