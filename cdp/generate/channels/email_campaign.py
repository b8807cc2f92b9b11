"""E-mail campaigns: subscribers with their consent, and what they were sent, opened and clicked."""

from pathlib import Path

import numpy as np
import polars as pl

from cdp.generate import ids
from cdp.generate.chance import Chance, Whole
from cdp.generate.files import with_bad_rows, write_csv
from cdp.generate.world import YEAR_SECONDS, World, Written, known, moments, truth_of

OPENED, CLICKED = 0.3, 0.08  # of those sent
_AT = "%Y-%m-%d %H:%M:%S"
_WEEK = 7 * 86_400


def write(world: World, folder: Path) -> Written:
    """`subscribers.csv` and `engagement.csv` in `folder`."""
    chance = world.chance("email_campaign")
    entries = world.entries("email_campaign", chance)
    view = world.seen("email_campaign", entries, chance)
    subscribers = _subscribers(view, chance)
    sent, reactions = _engagement(world, subscribers, chance)
    consents = _consents(subscribers, chance)
    rows = pl.concat([consents, sent, reactions]).sort("at", "subscriber_id", "action")
    rows = rows.with_columns(pl.col("at").dt.to_string(_AT), synthetic=pl.lit(value=True))
    rows, bad = with_bad_rows(rows, world.bad_rows, "at", "soon", chance)
    write_csv(subscribers, folder / "subscribers.csv")
    write_csv(rows, folder / "engagement.csv")
    truth = truth_of(subscribers["subscriber_id"], view["person_id"])
    return Written(truth, sent.height + reactions.height, bad)


def _subscribers(view: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    return view.select(
        subscriber_id=pl.lit("S") + ids.entered(53),
        email="email",
        first_name="given_name",
        last_name="family_name",
        customer_id=known(ids.customer_id(), "crm", 0.25, view.height, chance),
        language="language",
        synthetic=pl.lit(value=True),
    )


def _consents(subscribers: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """When each subscriber agreed, and when some of them withdrew."""
    count = subscribers.height
    agreed = moments(-chance.whole(count, 1, YEAR_SECONDS))
    left = moments(YEAR_SECONDS - 1 - chance.whole(count, 0, _WEEK))
    rows = subscribers.select(
        "subscriber_id",
        campaign=pl.lit("double opt-in"),
        action=pl.lit("subscribed"),
        at=agreed,
    )
    gone = rows.with_columns(
        campaign=pl.lit("link in mail"), action=pl.lit("unsubscribed"), at=left
    ).filter(chance.flags(count, 0.06))
    return pl.concat([rows, gone])


def _engagement(
    world: World, subscribers: pl.DataFrame, chance: Chance
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What was sent, and the openings and clicks that followed; a click follows an opening."""
    total = world.events["email_campaign"]
    mails = max(subscribers.height, round(total / (1 + OPENED + CLICKED)))
    opened = chance.sample(round(max(0, total - mails) * OPENED / (OPENED + CLICKED)), mails)
    clicked = opened[chance.sample(max(0, total - mails - len(opened)), len(opened))]
    per_subscriber = chance.shares(mails, np.ones(subscribers.height), least=1)
    receiver = np.repeat(np.arange(subscribers.height), per_subscriber)
    turn = np.arange(mails) - np.repeat(np.cumsum(per_subscriber) - per_subscriber, per_subscriber)
    issue = chance.whole(subscribers.height, 0, 40)[receiver] + turn
    # Tuesdays at ten, from the first of the year on.
    second = issue * _WEEK % (52 * _WEEK) + 2 * 86_400 + 36_000
    read = second + (chance.waits(mails) * 20_000).astype(np.int64) + 60
    sent = _rows(subscribers, receiver, issue, "sent", second)
    return sent, pl.concat(
        [
            _rows(subscribers, receiver[opened], issue[opened], "opened", read[opened]),
            _rows(subscribers, receiver[clicked], issue[clicked], "clicked", read[clicked] + 30),
        ]
    )


def _rows(
    subscribers: pl.DataFrame, receiver: Whole, issue: Whole, action: str, second: Whole
) -> pl.DataFrame:
    number = (pl.Series(issue) + 1).cast(pl.String).str.zfill(2)
    return pl.DataFrame(
        {
            "subscriber_id": subscribers["subscriber_id"].gather(receiver),
            "campaign": "newsletter-" + number,
            "action": pl.Series([action], dtype=pl.String).new_from_index(0, len(issue)),
            "at": moments(second),
        }
    )
