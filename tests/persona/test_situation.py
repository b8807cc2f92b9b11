"""The posterior of a session: by hand, and as many sessions as one."""

from datetime import UTC, datetime, timedelta
from math import exp, log
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp.persona import live
from cdp.persona.reasons import reasons
from cdp.persona.signals import EVENTS, SILENCE, sessions, signals
from cdp.persona.situation import Followed, Signals, SituationModel, follow

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)  # a Wednesday
MODEL = SituationModel(
    personas=["street", "beach"],
    share=np.array([1.0, 1.0]),
    lasting=np.array([True, False]),
    passing=0.2,
    kinds={
        "category": Signals(
            ["sneakers", "swimwear"], np.array([0.3, 0.1]), np.array([[0.6, 0.02], [0.1, 0.5]])
        ),
        "device": Signals(
            ["phone", "tablet"], np.array([0.6, 0.2]), np.array([[0.8, 0.1], [0.4, 0.5]])
        ),
    },
)


def events(*said: dict[str, Any]) -> pl.DataFrame:
    """Events of person 0 a minute apart, unless they say otherwise."""
    rows = [{"person": 0, "at": NOON + timedelta(minutes=n)} | each for n, each in enumerate(said)]
    return pl.DataFrame(rows, schema={"person": pl.Int64, **EVENTS}).sort("person", "at")


def followed(frame: pl.DataFrame) -> Followed:
    numbers = sessions(frame)
    count = int(numbers[-1]) + 1  # pyright: ignore[reportOptionalOperand]
    return follow(MODEL, signals(frame), numbers, MODEL.prior(None, count))


SWIM = {"category": "Swimwear", "device": "tablet"}


def test_the_posterior_is_what_a_calculation_by_hand_gives():
    # Two swimwear views on a tablet. Said before: 0.8 street, 0.2 beach.
    # A category weighs 0.7 and its second time a half more; a device weighs 1 and counts once.
    street = log(0.8) + 0.7 * 1.5 * log(0.02 / 0.1) + log(0.1 / 0.2)
    beach = log(0.2) + 0.7 * 1.5 * log(0.5 / 0.1) + log(0.5 / 0.2)
    by_hand = exp(beach) / (exp(street) + exp(beach))
    assert by_hand == pytest.approx(2.70945 / (2.70945 + 0.07382), abs=1e-5)

    after = followed(events(SWIM, SWIM)).posterior
    assert after[1] == pytest.approx([1 - by_hand, by_hand])


def test_the_reasons_are_the_largest_parts_of_that_calculation():
    why = reasons(MODEL, followed(events(SWIM, SWIM)), [1]).to_dicts()
    assert [(each["kind"], each["value"], each["times"]) for each in why] == [
        ("category", "swimwear", 2),
        ("device", "tablet", 2),
    ]
    assert why[0]["evidence"] == pytest.approx(0.7 * 1.5 * log(5), abs=1e-4)
    assert why[1]["evidence"] == pytest.approx(log(2.5), abs=1e-4)
    assert why[0]["words"] == (
        "looked at swimwear 2 times: 5.0 times as frequent in this persona as in general"
    )


def test_what_the_model_does_not_know_says_nothing():
    after = followed(events({"category": "candles", "device": "fridge"})).posterior
    assert after[0] == pytest.approx([0.8, 0.2])


def test_a_history_is_told_as_a_reason_where_it_is_one():
    frame = events({"device": "phone"})
    doubtful = SituationModel(
        MODEL.personas, np.array([0.5, 0.5]), np.array([True, True]), 0.0, MODEL.kinds
    )
    after = follow(doubtful, signals(frame), sessions(frame), np.array([[0.98, 0.02]]))
    why = reasons(doubtful, after, [0]).to_dicts()
    assert why[0]["words"] == "the person's history: 2.0 times as likely as for anybody"


def test_a_session_ends_after_thirty_minutes_of_silence_and_with_its_person():
    frame = events(
        {}, {"at": NOON + SILENCE}, {"at": NOON + SILENCE * 2 + timedelta(seconds=1)}, {"person": 1}
    )
    assert sessions(frame).to_list() == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("zone", "at", "told"),
    [
        (None, NOON, {"midday", "working day"}),
        ("Asia/Tokyo", NOON, {"evening", "working day"}),
        ("Asia/Tokyo", datetime(2026, 5, 8, 16, tzinfo=UTC), {"night", "weekend"}),
        ("Nowhere/At_All", NOON, {"midday", "working day"}),
    ],
)
def test_the_clock_is_the_visitors_own(zone: str | None, at: datetime, told: set[str]):
    said = signals(events({"at": at, "timezone": zone}))
    assert set(said["value"]) == told


def test_referrers_are_hosts_and_searches_are_words():
    said = signals(
        events({"referrer": "https://www.Example.com/a?b=c", "search": "red Swim-suit, XL"})
    )
    values = dict(said.group_by("kind").agg("value").iter_rows())
    assert values["referrer"] == ["example.com"]
    assert values["search"] == ["red", "swim-suit"]


SAID = st.fixed_dictionaries(
    {
        "category": st.sampled_from(["Sneakers", " Swimwear", "candles", None]),
        "device": st.sampled_from(["phone", "tablet", None]),
        "search": st.sampled_from(["red shoes-2", "", None]),
        "referrer": st.sampled_from(["https://www.a.example/x", "A.example", None]),
        "timezone": st.sampled_from(["Asia/Tokyo", "Nowhere", None]),
        "gap": st.integers(1, 50),
        "person": st.integers(0, 2),
    }
)


@settings(deadline=None, max_examples=50)
@given(st.lists(SAID, min_size=1, max_size=25))
def test_many_sessions_at_once_give_what_each_gives_alone(said: list[dict[str, Any]]):
    at, rows = NOON, []
    for each in said:
        at += timedelta(minutes=each["gap"])
        rows.append({key: value for key, value in each.items() if key != "gap"} | {"at": at})
    frame = events(*rows)
    numbers = sessions(frame)
    together = followed(frame)
    heard = signals(frame)
    for number in numbers.unique():
        of_session = frame.filter(numbers == number).to_dicts()
        last = int((numbers <= number).sum()) - 1
        posterior, why = live.told(MODEL, of_session, MODEL.prior(None)[0])
        assert together.posterior[last] == pytest.approx(posterior)
        assert reasons(MODEL, together, [last]).drop("n").to_dicts() == why
    for row, event in enumerate(frame.to_dicts()):
        alone = sorted(live.said(event))
        assert sorted(heard.filter(pl.col("row") == row).select("kind", "value").rows()) == alone
