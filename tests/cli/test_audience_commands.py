"""Crossings and audiences from the command line, from the first count to the list in a file."""

import csv
import json
from pathlib import Path

import pytest

from tests.audience.circle import Circle, a_person
from tests.cli.conftest import Cdp


@pytest.fixture
def shop(cdp: Cdp, database, tmp_path: Path) -> Cdp:
    Circle(database, tmp_path).bring(
        *(a_person(f"p{n}", gender="fm"[n % 2]) for n in range(10)), a_person("no", says="denied")
    )
    return cdp


def test_crossings_are_counted_listed_crossed_and_drawn(shop: Cdp, tmp_path: Path):
    told = shop("crossing", "count", "gender=f & subject=person")
    assert (told.code, told.err) == (0, "")
    assert "gender=f & subject=person" in told.out
    assert "45.5%" in told.out
    assert json.loads(shop("crossing", "cells", "gender", "--json").out)[0]["people"] == 5
    people = json.loads(
        shop("crossing", "people", "gender=f", "--field", "name.given", "--json").out
    )
    assert {each["fields"]["name.given"] for each in people["data"]} == {
        "P0",
        "P2",
        "P4",
        "P6",
        "P8",
    }
    more = shop("crossing", "people", "gender=f", "--limit", "2")
    assert "--after" in more.err
    matrix = shop("crossing", "matrix", "gender", "subject", "--plot", str(tmp_path / "m.png"))
    assert "(none)" in matrix.out
    assert (tmp_path / "m.png").exists()
    assert "●" in shop("crossing", "upset", "gender=f", "gender=m").out
    moved = shop("crossing", "movement", "gender", "--since", "2020-01-01", "--until", "2099-01-01")
    assert "Nothing is known of gender before" in moved.err
    assert "(none)" in moved.out
    assert shop("crossing", "distinguish", "gender=f").code == 0
    wrong = shop("crossing", "count", "gendre=f")
    assert (wrong.code, "'gender'" in wrong.err) == (1, True)


def test_an_audience_is_declared_sized_exported_and_measured(shop: Cdp, tmp_path: Path):
    made = shop("audience", "declare", "women", "--crossing", "gender=f | !gender=*", "--purpose",
                "newsletter", "--medium", "email", "--field", "gender", "--by", "eva")  # fmt: skip
    assert made.out.strip() == "women: gender=f | !gender=*, for newsletter by email"
    size = shop("audience", "size", "women")
    assert "the consent was denied" in size.out
    file = tmp_path / "women.csv"
    done = shop("audience", "export", "women", str(file), "--by", "eva")
    assert done.out.startswith("5 people of women handed on (csv,")
    assert len(list(csv.DictReader(file.read_text().splitlines()))) == 5
    (export,) = json.loads(shop("audience", "exports", "women", "--json").out)
    assert (export["people"], export["exported_by"], export["left_out"]) == (
        5,
        "eva",
        {"denied": 1},
    )
    assert "women" in shop("audience", "list").out
    assert "Without people in both arms" in shop("audience", "effect", "women").err
    assert (
        shop("audience", "suppress", "email:p0@example.com").out.strip()
        == "suppressed: do_not_contact"
    )
    assert "not to be contacted at all" in shop("audience", "size", "women").out
    assert "p0@example.com" in shop("audience", "suppressions").out
    assert shop("audience", "lift", "email:p0@example.com").code == 0
    assert shop("audience", "archive", "women").code == 0
    assert shop("audience", "size", "women").code == 1
