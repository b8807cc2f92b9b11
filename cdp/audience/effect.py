"""What an audience did that was addressed, beside those who were held out of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg

from cdp.audience.intervals import share_difference, share_ratio
from cdp.model.audience import ArmResult, Audience, Effect
from cdp.store.audience import effects


def effect(
    connection: psycopg.Connection,
    audience: Audience,
    *,
    kinds: Sequence[str],
    within: timedelta,
    products: Sequence[str] | None,
    categories: Sequence[str] | None,
    now: datetime,
) -> Effect:
    """Conversion of the addressed and of the held out: an event of `kinds` in time.

    The time of each person begins with their first export.
    """
    found = effects.converted(
        connection,
        audience_id=audience.audience_id,
        kinds=list(kinds),
        within=within,
        products=None if products is None else list(products),
        categories=None if categories is None else list(categories),
        now=now,
    )
    arms = {
        arm: ArmResult(people=row["people"], converted=row["converted"])
        for arm, row in found.items()
    }
    nobody = ArmResult(people=0, converted=0)
    addressed, held_out = arms.get("addressed", nobody), arms.get("held_out", nobody)
    both = bool(addressed.people and held_out.people)
    sides = (addressed.converted, addressed.people, held_out.converted, held_out.people)
    return Effect(
        audience=audience.name,
        kinds=kinds,
        within_days=within / timedelta(days=1),
        addressed=addressed,
        held_out=held_out,
        mixed=arms.get("mixed", nobody).people,
        open=sum(row["still_open"] for arm, row in found.items() if arm != "mixed"),
        difference=addressed.rate - held_out.rate if both else None,
        interval=share_difference(*sides) if both else None,
        ratio=addressed.rate / held_out.rate if both and held_out.converted else None,
        ratio_interval=share_ratio(*sides) if both else None,
    )
