"""What an event says of the situation its visitor is in: a few words per kind of signal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from zoneinfo import available_timezones

import polars as pl

SILENCE = timedelta(minutes=30)  # ends a session


@dataclass(frozen=True)
class SignalKind:
    """One kind of signal.

    `weight`: the power to which its likelihood is raised. `repeats`: whether saying the same again
    adds anything; the nth time counts 1/n. `reason`: its words in an explanation.
    """

    weight: float
    repeats: bool
    reason: str


# A view names its category and its department: together they count as one.
KINDS: Mapping[str, SignalKind] = MappingProxyType(
    {
        "category": SignalKind(0.7, True, "looked at {value}"),
        "department": SignalKind(0.3, True, "was in the department {value}"),
        "search": SignalKind(0.7, True, "searched for {value}"),
        "device": SignalKind(1.0, False, "is on a {value}"),
        "place": SignalKind(1.0, False, "is in {value}"),
        "daypart": SignalKind(0.5, False, "comes in the {value}"),
        "weekday": SignalKind(0.5, False, "comes on a {value}"),
        "referrer": SignalKind(0.5, False, "comes from {value}"),
        "campaign": SignalKind(1.0, False, "follows the campaign {value}"),
        # Too many to speak for a persona; which of them its people want is learnt all the same.
        "product": SignalKind(0.0, True, "looked at {value}"),
    }
)
DAYPARTS = {  # by the hour, local time
    hour: "morning" if 6 <= hour < 11 else "midday" if 11 <= hour < 14
    else "afternoon" if 14 <= hour < 18 else "evening" if 18 <= hour < 23 else "night"
    for hour in range(24)
}  # fmt: skip
ZONES = frozenset(available_timezones())
SATURDAY = 6  # as ISO counts
PLAIN = ("category", "department", "device", "place", "campaign")  # columns that are signals
EVENTS = {
    "at": pl.Datetime("us", "UTC"),
    "kind": pl.String,
    "product": pl.String,
    "category": pl.String,
    "department": pl.String,
    "search": pl.String,
    "device": pl.String,
    "place": pl.String,
    "referrer": pl.String,
    "campaign": pl.String,
    "timezone": pl.String,
}
HOST = r"^(?:[a-z]+://)?(?:www\.)?([^/:?#]+)"
WORD = r"\p{L}[\p{L}\p{N}-]{2,}"


def sessions(events: pl.DataFrame) -> pl.Series:
    """The number of each event's session. `events` (person, at) are in that order.

    A session ends by 30 minutes of silence, or with its person.
    """
    begins = (pl.col("person") != pl.col("person").shift()) | (pl.col("at").diff() > SILENCE)
    numbers = begins.fill_null(value=False).cum_sum().cast(pl.Int64)
    return events.select(session=numbers).to_series()


def signals(events: pl.DataFrame) -> pl.DataFrame:
    """The signals of `events` (columns of EVENTS): `row` of the event, `kind`, `value`.

    An unknown time zone is taken as UTC.
    """
    told = events.select(
        *[pl.col(name).str.strip_chars().str.to_lowercase() for name in PLAIN],
        pl.col("referrer").str.to_lowercase().str.extract(HOST),
        pl.col("search").str.to_lowercase().str.extract_all(WORD),
        "product",
        **_times(events),
    ).with_row_index("row")
    said = [
        told.select("row", kind=pl.lit(kind), value=kind)
        if kind != "search"
        else told.select("row", kind=pl.lit(kind), value=kind).explode("value")
        for kind in KINDS
    ]
    return pl.concat(said).filter(pl.col("value") != "").sort("row", maintain_order=True)


def _times(events: pl.DataFrame) -> dict[str, pl.Series]:
    """Part of the day and of the week, by the clock where the visitor is."""
    local = events.select(pl.col("at").dt.replace_time_zone(None)).to_series()
    for zone in events["timezone"].drop_nulls().unique():
        if zone in ZONES:
            there = events["at"].dt.convert_time_zone(zone).dt.replace_time_zone(None)
            local = there.zip_with(events["timezone"].eq_missing(zone), local)
    return {
        "daypart": local.dt.hour().replace_strict(DAYPARTS, return_dtype=pl.String),
        "weekday": (local.dt.weekday() >= SATURDAY).replace_strict(
            {True: "weekend", False: "working day"}, return_dtype=pl.String
        ),
    }
