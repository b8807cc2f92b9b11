"""Audiences hold whom one may write to, hand them on, and tell of everybody else why not."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import sqrt

import polars as pl
import pytest

from cdp.audiences import Audiences
from cdp.errors import AudienceNotFound, InvalidRequest, UnknownTrait
from cdp.model.audience import AudienceDeclaration, Holdout
from cdp.store import audit
from tests.audience.circle import Circle, a_person

LATER = "2024-02-01T10:00:00Z"
HOME = {"street": "1 Elm St", "city": "Oslo"}


def newsletter(**changed) -> AudienceDeclaration:
    said = {
        "name": "newsletter",
        "crossing": "subject=person",
        "purpose": "newsletter",
        "medium": "email",
        "fields": ("name.given", "gender", "income", "interests"),
    }
    return AudienceDeclaration.model_validate(said | changed)


@pytest.fixture
def circle(database, tmp_path) -> Circle:
    return Circle(database, tmp_path)


@pytest.fixture
def audiences(circle) -> Audiences:
    return Audiences(database=circle.database)


def exported(audiences: Audiences, name: str = "newsletter", **options) -> list[dict[str, str]]:
    _, pieces = audiences.pieces(name, kind="csv", **options)
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode())))


def names(audiences: Audiences, name: str = "newsletter") -> set[str]:
    return {row["name.given"] for row in exported(audiences, name)}


def test_only_those_who_agreed_and_can_be_reached_are_addressed(circle, audiences):
    circle.bring(
        a_person("ann", gender="f", income=50_000, likes="chess"),
        a_person("bea", says=None),
        a_person("cyd", says="denied"),
        a_person("dan", says="withdrawn"),
        a_person("eva", purpose="surveys"),
        a_person("fay", medium="sms"),
        a_person("gus"),
        a_person("hal", email=None, customer="7"),
        a_person("ida"),
        a_person("jan", happened="email_bounced", at=LATER),
        a_person("kim", happened="email_bounced"),
        a_person("kim", happened="email_opened", at=LATER),
    )
    audiences.suppress("email:Gus@example.com", note="asked on the phone")
    audiences.suppress("email:ida@example.com", reason="bounced")
    audiences.declare(newsletter())
    size = audiences.size("newsletter")
    assert (size.crossing, size.addressable, size.held_out) == (11, 2, 0)
    assert size.left_out == {
        "not_asked": 3,
        "denied": 1,
        "withdrawn": 1,
        "do_not_contact": 1,
        "no_contact_point": 1,
        "undeliverable": 2,
    }
    ann, kim = exported(audiences)
    assert kim["contact"] == "kim@example.com"
    assert ann == {
        "profile_id": circle.id_of("ann"),
        "contact": "ann@example.com",
        "name.given": "Ann",
        "gender": "f",
        "income": "50000.0",
        "interests": '["chess"]',
    }
    (told,) = audiences.exports("newsletter")
    assert (told.people, told.left_out, told.state) == (2, size.left_out, "done")


def test_a_refusal_at_one_channel_outweighs_a_consent_at_another(circle, audiences):
    circle.bring(
        a_person("ann", customer="1"),
        a_person("ann too", customer="1", email="ann@example.org", says="withdrawn"),
        a_person("bea", customer="2"),
    )
    audiences.declare(newsletter())
    assert names(audiences) == {"Bea"}
    audiences.lift(audiences.suppress("email:bea@example.com").namespace + ":bea@example.com")
    assert names(audiences) == {"Bea"}


def test_the_address_is_one_that_consented_then_the_one_said_last(circle, audiences):
    circle.bring(
        a_person("old", customer="1"),
        a_person("new", customer="1", email="new@example.com", at=LATER, says=None),
        a_person("first", customer="2"),
        a_person("last", customer="2", at=LATER),
        a_person("well", customer="3"),
        a_person("dead", customer="3", email="dead@example.com", at=LATER),
    )
    audiences.suppress("email:dead@example.com", reason="bounced")
    audiences.declare(newsletter())
    assert {row["contact"] for row in exported(audiences)} == {
        "old@example.com",
        "last@example.com",
        "well@example.com",
    }


def test_post_goes_to_whole_addresses_and_messages_to_telephones(circle, audiences):
    circle.bring(
        a_person("ann", medium="post", **HOME),
        a_person("bea", medium="post", city="Oslo"),
        a_person("cyd", medium="sms", phone="+12125550142"),
    )
    audiences.declare(newsletter(medium="post"))
    assert [row["contact"] for row in exported(audiences)] == ["1 Elm St, Oslo"]
    assert audiences.size("newsletter").left_out == {"not_asked": 1, "no_contact_point": 1}
    audiences.declare(newsletter(medium="sms"))
    assert [row["contact"] for row in exported(audiences)] == ["+12125550142"]


def test_an_export_is_on_record_with_its_hash_and_everybody_in_it_is_audited(
    circle, audiences, tmp_path
):
    circle.bring(a_person("ann"), a_person("bea"), a_person("cyd", says="denied"))
    audiences.declare(newsletter(fields=()))
    file = tmp_path / "out" / "news.csv"
    told = audiences.export("newsletter", file, fields=["gender"], by="eva")
    assert file.read_text().splitlines()[0] == "profile_id,contact,gender"
    assert (told.sha256, told.bytes) == (
        sha256(file.read_bytes()).hexdigest(),
        file.stat().st_size,
    )
    assert (told.people, told.purpose, told.exported_by, told.target, list(told.fields)) == (
        2, "newsletter", "eva", "news.csv", ["gender"]
    )  # fmt: skip
    entries = audit.newest(circle.database, None, 10)
    assert {str(each["profile_id"]) for each in entries} == {
        circle.id_of("ann"),
        circle.id_of("bea"),
    }
    assert {(each["key_id"], each["action"], each["purpose"]) for each in entries} == {
        ("eva", "export audience", "newsletter")
    }
    assert {each["request_id"] for each in entries} == {told.export_id}


def test_what_is_broken_off_is_on_record_as_failed_and_leaves_no_file(circle, audiences, tmp_path):
    circle.bring(a_person("ann"))
    audiences.declare(newsletter())
    _, pieces = audiences.pieces("newsletter", kind="csv")
    next(pieces)
    pieces.close()
    with pytest.raises(InvalidRequest, match=r"cannot be written: File name too long"):
        audiences.export("newsletter", tmp_path / ("a" * 240 + ".csv"))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidRequest, match=r"folder\.csv is a folder; name a file in it"):
        audiences.export("newsletter", tmp_path / "folder.csv")
    assert [each.state for each in audiences.exports()] == ["failed", "failed"]
    assert list(tmp_path.glob("*.part")) == []


def test_two_exports_into_one_file_at_once_leave_one_of_them_whole(circle, audiences, tmp_path):
    circle.bring(a_person("ann"), a_person("bob"))
    audiences.declare(newsletter())
    audiences.declare(newsletter(name="short", fields=()))
    into = tmp_path / "news.csv"
    with ThreadPoolExecutor(4) as pool:
        told = list(
            pool.map(lambda name: audiences.export(name, into), ["newsletter", "short"] * 4)
        )
    assert sha256(into.read_bytes()).hexdigest() in {each.sha256 for each in told}
    assert list(tmp_path.glob("*.part")) == []


def test_the_three_formats_say_the_same(circle, audiences, tmp_path):
    today = datetime.now(UTC).date()
    born = today.replace(year=today.year - 26, day=min(today.day, 28))
    circle.bring(
        a_person("ann", income=50_000, likes="chess", born=born.isoformat()),
        a_person("bea", happened="order", spent="9.50"),
    )
    fields = ("income", "interests", "orders", "spent", "last_order_at", "days_since_order")
    audiences.declare(newsletter(fields=(*fields, "lifecycle_history", "age_years")))
    told = {}
    for kind in ("csv", "jsonl", "parquet"):
        audiences.export("newsletter", tmp_path / f"news.{kind}")
        told[kind] = tmp_path / f"news.{kind}"
    parquet = pl.read_parquet(told["parquet"])
    lines = [json.loads(line) for line in told["jsonl"].read_text().splitlines()]
    rows = list(csv.DictReader(told["csv"].read_text().splitlines()))
    assert parquet.schema["last_order_at"] == pl.Datetime("us", "UTC")
    assert parquet["contact"].to_list() == [line["contact"] for line in lines]
    assert [row["contact"] for row in rows] == [line["contact"] for line in lines]
    assert parquet["orders"].to_list() == [line.get("orders") for line in lines]
    assert lines[0]["income"] == 50_000
    assert lines[1]["spent"] == 9.5
    assert "income" not in lines[1]
    assert int(rows[1]["days_since_order"]) == lines[1]["days_since_order"] > 300
    assert rows[0]["lifecycle_history"] == ""
    assert parquet["lifecycle_history"][0] is None
    stages = lines[1]["lifecycle_history"]
    assert json.loads(rows[1]["lifecycle_history"]) == stages
    assert [json.loads(each) for each in parquet["lifecycle_history"][1]] == stages
    assert (rows[0]["age_years"], lines[0]["age_years"], parquet["age_years"][0]) == ("26", 26, 26)


def test_nothing_that_a_spreadsheet_would_run_is_exported(circle, audiences):
    mottos = [
        "=1+1",
        "+cmd|'/C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "  =1",
        "\uff1d1+1",
        "\uff0b1",
        "\uff0d1",
        "\uff20SUM(A1)",
        "-12.5",
        "+47 123 45 678",
        "a=b",
    ]
    circle.bring(*(a_person(f"p{n}", motto=motto) for n, motto in enumerate(mottos)))
    audiences.declare(newsletter(fields=("custom.motto",)))
    shown = [row["custom.motto"] for row in exported(audiences)]
    assert shown == [f"'{each}" for each in mottos[:9]] + mottos[9:]


def test_who_is_held_out_is_never_exported_and_stays_held_out(circle, audiences):
    circle.bring(*(a_person(f"p{n}") for n in range(200)))
    audiences.declare(newsletter(holdout=Holdout(name="brake", share=0.3)))
    size = audiences.size("newsletter")
    assert size.addressable + size.held_out == 200
    assert abs(size.held_out / 200 - 0.3) < 4 * sqrt(0.3 * 0.7 / 200)
    first = {row["profile_id"] for row in exported(audiences)}
    audiences.declare(newsletter(name="other", holdout=Holdout(name="brake", share=0.3)))
    assert {row["profile_id"] for row in exported(audiences, "other")} == first
    # Her oldest record names her: what joins it later changes nothing.
    circle.bring(*(a_person(f"q{n}", email=f"p{n}@example.com", given=f"P{n}") for n in range(50)))
    assert {row["profile_id"] for row in exported(audiences)} == first
    with pytest.raises(InvalidRequest, match="keeps back 30% for ever"):
        audiences.declare(newsletter(holdout=Holdout(name="brake", share=0.1)))


def test_the_effect_is_that_of_the_addressed_beside_the_held_out(circle, audiences):
    people = [f"p{n}" for n in range(120)]
    circle.bring(*(a_person(each, given=None) for each in people))
    audiences.declare(newsletter(holdout=Holdout(name="brake", share=0.4)))
    addressed = {row["profile_id"] for row in exported(audiences)}
    ids = {circle.id_of(each): each for each in people}
    sent = datetime.now(UTC)
    # Every second of the addressed orders, every fifth of the others; some of them too late.
    buyers = [ids[uid] for n, uid in enumerate(sorted(addressed)) if n % 2 == 0]
    others = [ids[uid] for uid in sorted(ids.keys() - addressed)][::5]
    late = ids[sorted(addressed)[1]]
    orders = [
        {"key": key, "happened": "order", "spent": "5.00", "category": "shoes",
         "at": (sent + timedelta(days=20 if key == late else 1)).isoformat()}
        for key in (*buyers, *others, late)
    ]  # fmt: skip
    circle.bring(*orders)
    now = sent + timedelta(days=30)
    told = audiences.effect("newsletter", within=timedelta(days=14), now=now)
    assert (told.addressed.people, told.addressed.converted) == (len(addressed), len(buyers))
    assert (told.held_out.people, told.held_out.converted) == (120 - len(addressed), len(others))
    assert told.difference == pytest.approx(told.addressed.rate - told.held_out.rate)
    assert told.interval is not None
    assert told.interval.low < told.difference < told.interval.high
    assert told.interval.clear
    assert (told.open, told.mixed) == (0, 0)
    nothing = audiences.effect("newsletter", categories=["hats"], now=now)
    assert (nothing.addressed.converted, nothing.ratio, nothing.ratio_interval) == (0, None, None)
    early = audiences.effect("newsletter", now=sent + timedelta(hours=1))
    assert (early.addressed.converted, early.open) == (0, 120)
    # Two of different arms turn out to be one: it can no longer be told what made them order.
    held_out = next(key for uid, key in ids.items() if uid not in addressed)
    circle.bring(
        {"key": held_out, "phone": "+12125550142"},
        {"key": "bridge", "phone": "+12125550142", "email": f"{late}@example.com"},
    )
    told = audiences.effect("newsletter", now=now)
    assert (told.mixed, told.addressed.people + told.held_out.people) == (1, 118)


def test_words_that_nobody_knows_are_answered_with_the_nearest(circle, audiences):
    circle.bring(a_person("ann"))
    for wrong, told in (
        ({"medium": "emial"}, "'email'"), ({"fields": ("gendre",)}, "'gender'"),
        ({"purpose": "newsleter"}, "did you mean 'newsletter'"),
        ({"segment": "vip"}, "segment or a crossing"),
        ({"segment": "vip", "crossing": None}, "no segment is called 'vip'"),
    ):  # fmt: skip
        with pytest.raises((InvalidRequest, UnknownTrait), match=told):
            audiences.declare(newsletter(**wrong))
    audiences.declare(newsletter())
    with pytest.raises(AudienceNotFound, match="'newsletter'"):
        audiences.get("newsleter")
    with pytest.raises(InvalidRequest, match="parquet"):
        audiences.export("newsletter", "news.xlsx")
    audiences.archive("newsletter")
    assert audiences.every() == []
