"""Who is in which channel: exact record counts, everybody somewhere, busy people in more places."""

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from cdp.generate.chance import Chance, Flags, Whole

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
PER_MEMBER: Mapping[str, float] = {
    "crm": 1.03,
    "web_shop": 1.01,
    "web_clickstream": 1.8,
    "social": 1.2,
}

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
    members = {
        name: min(round(count / PER_MEMBER.get(name, 1.0)), people.height)
        for name, count in counts.items()
        if name != "companies"
    }
    heads = (people["role"] == "head").to_numpy()
    first = _first_channels(heads, members, chance)
    activity = people["activity"].to_numpy()
    flags = {
        f"in_{name}": np.zeros(people.height, dtype=np.bool_)
        for name in RATES
        if name != "companies"
    }
    for place, (name, count) in enumerate(members.items()):
        wait = chance.waits(people.height) / activity
        if name == "web_clickstream":
            wait[flags["in_web_shop"]] /= 4  # who has an account visits
        wait[first == place] -= 1e9
        chosen = np.argsort(wait, kind="stable")
        if name == "store_sales":
            chosen = chosen[heads[chosen]]
        flags[f"in_{name}"][chosen[:count]] = True
    return people.with_columns(**{name: pl.Series(flag) for name, flag in flags.items()})


def _first_channels(heads: Flags, members: Mapping[str, int], chance: Chance) -> Whole:
    """A channel (its place in `members`) for each person that has them in any case; -1: none.

    A household has one loyalty card, in the name of its head.
    """
    seats = np.repeat(np.arange(len(members)), list(members.values()))
    seats = seats[np.argsort(chance.real(len(seats)), kind="stable")][: len(heads)]
    names = list(members)
    if "store_sales" in names:
        store = names.index("store_sales")
        seats = np.concatenate([seats[seats == store], seats[seats != store]])
    heads_first = np.argsort(chance.real(len(heads)) - heads, kind="stable")
    first = np.full(len(heads), -1, dtype=np.int64)
    first[heads_first[: len(seats)]] = seats
    return first
