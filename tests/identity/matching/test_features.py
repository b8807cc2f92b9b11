"""What the matching makes of names, dates and addresses before it compares them."""

import datetime as dt

import polars as pl
import pytest

from cdp.identity.matching import features
from cdp.identity.matching.text import sound


def the_features(**said):
    frame = pl.DataFrame({"record_uid": [1], **{key: [value] for key, value in said.items()}})
    return features(frame).row(0, named=True)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Élodie", "elodie"),
        ("Łukasz", "lukasz"),
        ("Иван", "ivan"),
        ("Νίκος", "nikos"),
        ("Jürgen", "jurgen"),
        ("王", "王"),
    ],
)
def test_a_given_name_is_brought_to_plain_latin_letters_where_that_is_known(written, plain):
    assert the_features(given_name=written)["given"] == plain


def test_titles_and_generations_are_taken_off_the_name():
    found = the_features(given_name="Dr. Anna Maria", family_name="O'Neil Jr.")

    assert (found["given"], found["family"], found["generation"]) == ("anna", "oneil", "2")
    assert found["middle"] == ["maria"]


@pytest.mark.parametrize("full", ["Jane Ann Doe", "Doe, Jane Ann"])
def test_a_full_name_is_told_apart_into_given_and_family_name(full):
    found = the_features(full_name=full)

    assert (found["given"], found["family"], found["middle"]) == ("jane", "doe", ["ann"])


@pytest.mark.parametrize(("full", "given", "family"), [
    ("王小明", "小明", "王"), ("김민준", "민준", "김"), ("Cher", "cher", None), ("小明 王", "小明", "王"),
])  # fmt: skip
def test_a_name_written_without_a_blank_begins_with_the_family(full, given, family):
    found = the_features(full_name=full)

    assert (found["given"], found["family"]) == (given, family)


def test_a_full_name_fills_in_what_a_title_hides():
    found = the_features(
        given_name="sir", family_name="baronet", full_name="sir robert perks, 1st baronet"
    )

    assert (found["given"], found["family"]) == ("robert", "perks")


@pytest.mark.parametrize(
    "written", ["1980-02-01", "19800201", "1980/02/01", "01.02.1980", dt.date(1980, 2, 1)]
)
def test_a_birth_date_is_read_in_any_common_form(written):
    assert the_features(birth_date=written)["birth"] == "19800201"


def test_which_of_day_and_month_comes_first_is_seen_from_the_whole_column():
    frame = pl.DataFrame({"record_uid": [1, 2], "birth_date": ["03/04/1980", "25/12/1990"]})

    assert features(frame)["birth"].to_list() == ["19800403", "19901225"]


def test_a_house_number_counts_wherever_it_is_written():
    apart = the_features(street="Main Street", house_number="12")

    assert apart["street"] == the_features(street="12 MAIN street")["street"]


def test_what_is_not_said_is_null_and_what_is_said_twice_is_kept_once():
    found = the_features(email=["b@x.org", "a@x.org", "b@x.org"], phone=None)

    assert found["emails"] == ["a@x.org", "b@x.org"]
    assert (found["phones"], found["given"], found["birth"], found["street"]) == (None,) * 4


@pytest.mark.parametrize(("one", "other"), [("smith", "smyth"), ("philips", "phillips")])
def test_names_that_sound_alike_share_their_sound(one, other):
    sounds = pl.DataFrame({"name": [one, other]}).select(sound(pl.col("name"))).to_series()

    assert sounds.n_unique() == 1


@pytest.mark.parametrize(
    ("said", "birth"),
    [
        ({"birth_year": "1980", "birth_month": "2", "birth_day": "1"}, "19800201"),
        ({"birth_year": 1980, "birth_month": 2, "birth_day": 1}, "19800201"),
        ({"birth_year": "1980", "birth_month": "0", "birth_day": None}, "19800101"),
        ({"birth_date": "1981-03-04", "birth_year": "1980"}, "19810304"),
        ({"birth_year": None, "birth_month": "2", "birth_day": "1"}, None),
    ],
)
def test_a_birth_date_stated_in_parts_is_put_together(said, birth):
    assert the_features(**said)["birth"] == birth


def test_a_mistyped_birth_date_is_kept_for_it_is_one_slip_from_the_right_one():
    assert the_features(birth_date="1860-81-01")["birth"] == "18608101"


def test_what_one_record_says_is_the_same_beside_any_others():
    one = pl.DataFrame({"record_uid": [1], "email": ["ann@example.com"], "full_name": ["Ann Lee"]})
    others = pl.DataFrame(
        {
            "record_uid": list(range(2, 300)),
            "email": [f"p{n}@example.com" for n in range(298)],
            "full_name": ["Ann Lee"] * 298,
        },
        schema_overrides={"record_uid": pl.Int64},
    )

    assert features(pl.concat([one, others])).head(1).equals(features(one))
