"""The survey of young people: answers become psychographics."""

from collections.abc import Sequence
from statistics import mean

import pytest

from cdp.model.profile import Profile
from tests.acceptance.shared import Store

CHANNELS = ("young_people_survey",)


@pytest.fixture(scope="module")
def students(store: Store) -> Sequence[Profile]:
    return [store.one(survey_respondent=f"student-{n}") for n in range(1_010)]


def test_1_010_students_answered(store: Store, students: Sequence[Profile]):
    assert store.status.profiles == 1_010 == len({each.profile_id for each in students})
    assert store.figures("young_people_survey", "survey_answered").events == 1_010


def test_gender_and_mean_age_are_as_told(students: Sequence[Profile]):
    genders = [each.demographics.gender for each in students]
    assert [genders.count(each) for each in ("female", "male", None)] == [593, 411, 6]
    ages = [each.demographics.age for each in students if each.demographics.age is not None]
    assert round(mean(ages), 4) == 20.4337


def test_answers_are_figures_of_the_psychographics(students: Sequence[Profile]):
    told = students[0].psychographics.model_dump(exclude_defaults=True)
    assert {key: told[key] for key in ("music", "shopping", "god", "smoking", "happiness")} == {
        "music": 5,
        "shopping": 4,
        "god": 1,
        "smoking": "never smoked",
        "happiness": 4,
    }


def test_what_was_not_answered_is_not_told(store: Store, students: Sequence[Profile]):
    blank = store.raw("survey/young_people_survey.csv.gz")["Movies"].null_count()
    assert sum("psychographics.movies" not in each.traits for each in students) == blank > 0
