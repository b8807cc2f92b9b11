"""Who is in which channel: exact record counts, everybody somewhere, busy people in more places."""

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from cdp.generate.chance import Chance, Flags

# Source records per person; the first eight add up to 1,000,000 of 600,000 people.
RATES: Mapping[str, float] = {
    "crm": 0.5,
    "web_shop": 0.3,
    "store_sales": 7 / 30,
    "web_clickstream": 0.3,
    "email_campaign": 1 / 6,
    "social": 1 / 15,
    "reviews": 0.05,
    "support": 0.05,
    "survey": 0.05,
    "memberships": 0.08,
    "companies": 1 / 250,
}
# The demo's few people are seen often, so that a profile has something to show.
DEMO_RATES: Mapping[str, float] = {
    **RATES,
    "crm": 0.8,
    "web_shop": 0.5,
    "web_clickstream": 0.7,
    "email_campaign": 0.5,
    "social": 0.2,
    "reviews": 0.15,
    "support": 0.15,
    "survey": 0.12,
    "memberships": 0.25,
    "companies": 1 / 25,
}
# Records that one member has: some are entered twice, some use several devices or networks.
PER_MEMBER: Mapping[str, float] = {"crm": 1.03, "web_shop": 1.01, "web_clickstream": 1.5, "social": 1.2}

# Shares of the events; the clickstream takes what the others leave.
EVENT_SHARES: Mapping[str, float] = {
    "web_clickstream": 0.54,
    "store_sales": 0.27,
    "email_campaign": 0.11,
    "web_shop": 0.06,
    "social": 0.008,
    "support": 0.006,
    "reviews": 0.004,
    "survey": 0.002,
}
EVENTS_PER_PERSON = 17


def record_counts(
    people: int, channels: Collection[str], rates: Mapping[str, float]
) -> dict[str, int]:
    """The number of source records of each of the `channels`."""
    return {name: max(1, round(rates[name] * people)) for name in rates if name in channels}


def event_counts(events: int, channels: Collection[str]) -> dict[str, int]:
    """The number of events of each of the `channels` that has any, `events` together."""
    shares = {name: share for name, share in EVENT_SHARES.items() if name in channels}
    total = sum(shares.values())
    counts = {name: int(events * share / total) for name, share in shares.items()}
    if counts:
        counts[next(iter(counts))] += events - sum(counts.values())
    return counts


def with_membership(
    people: pl.DataFrame, counts: Mapping[str, int], chance: Chance
) -> pl.DataFrame:
    """`people` with a flag in_<channel> for each channel of persons, false for those not in `counts`."""
    names = [name for name in counts if name != "companies"]
    heads = (people["role"] == "head").to_numpy()
    first = _first_channels(heads, names, counts, chance)
    activity = people["activity"].to_numpy()
    flags = {
        f"in_{name}": np.zeros(people.height, dtype=np.bool_) for name in RATES if name != "companies"
    }
    for place, name in enumerate(names):
        wait = chance.waits(people.height) / activity
        wait[first == place] -= 1e9
        wait[~_eligible(name, heads)] = np.inf
        members = min(round(counts[name] / PER_MEMBER.get(name, 1.0)), people.height)
        flags[f"in_{name}"][np.argsort(wait, kind="stable")[:members]] = True
        flags[f"in_{name}"] &= _eligible(name, heads)
    return people.with_columns(**{name: pl.Series(flag) for name, flag in flags.items()})


def _eligible(name: str, heads: Flags) -> Flags:
    """A household has one loyalty card, in the name of its head."""
    return heads if name == "store_sales" else np.ones_like(heads)


def _first_channels(
    heads: Flags, names: list[str], counts: Mapping[str, int], chance: Chance
) -> np.ndarray:
    """A channel for each person that has them in any case."""
    first = chance.places(len(heads), [counts[name] for name in names])
    elsewhere = [place for place, name in enumerate(names) if name != "store_sales"]
    if "store_sales" in names and elsewhere:
        stray = (first == names.index("store_sales")) & ~heads
        first[stray] = np.array(elsewhere)[chance.whole(int(stray.sum()), 0, len(elsewhere))]
    return first
