"""Hand-written personas: spelt as people write, refused with the reason where nobody could be one."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from cdp.errors import InvalidRequest
from cdp.model.persona import StatedPersona
from cdp.persona.people import years
from cdp.persona.stated import checked


def stated(**said: Any) -> StatedPersona:
    return checked(StatedPersona.model_validate({"name": "Beach", **said}))


def test_signals_are_read_in_lower_case_as_those_of_sessions_are():
    told = stated(signals={"category": {" Swimwear": 0.5}, "place": {"Rimini": 0.2}})
    assert told.signals == {"category": {"swimwear": 0.5}, "place": {"rimini": 0.2}}


def test_one_value_needs_no_list_and_an_age_may_be_stated():
    told = stated(who={"gender": "female", "age_years": {"min": 25, "max": 34}})
    assert told.who["gender"] == ["female"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"who": {"income": {"min": 50, "max": 10}}}, "who.income holds of nobody"),
        ({"who": {"income": {}}}, "who.income holds of nobody"),
        ({"who": {"gender": []}}, "who.gender holds of nobody"),
        ({"who": {"gender": {"min": 3}}}, "who.gender is of type string; state its values"),
        ({"who": {"age_years": ["young"]}}, "who.age_years is a number"),
        ({"who": {"birth_date": ["1990-01-01"]}}, "who.birth_date is of type date"),
        ({"signals": {"daypart": {"nite": 0.5}}}, "there are night, morning"),
        ({"signals": {"search": {"red shoes": 0.5}}}, "no single word"),
        ({"signals": {"category": {"A": 0.6, "a ": 0.3, "b": 0.2}}}, "come to 1.1"),
        ({}, "neither `who` nor `signals`"),
    ],
)
def test_what_nobody_can_be_is_refused(said: dict[str, Any], why: str):
    with pytest.raises(InvalidRequest, match=why):
        stated(**said)


def test_an_age_is_completed_years():
    born = pl.DataFrame({"born": ["1990-11-23", "1990-11-24", "2030-01-01", "no date", None]})
    now = datetime(2026, 11, 23, 23, tzinfo=UTC)
    ages = born.select(years(pl.col("born"), now)).to_series().to_list()
    assert ages == ["36", "35", None, None, None]
