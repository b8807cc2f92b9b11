"""The present: a visitor's situation and page, worked out from what the store holds at this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
import psycopg

from cdp.model.persona import Chance, Excluded, Page, Reason, Session, Shown, Situation
from cdp.persona.fitted import Fitted
from cdp.persona.page import ranked
from cdp.persona.reasons import reasons
from cdp.persona.signals import EVENTS, SILENCE, sessions, signals
from cdp.persona.situation import Floats, follow
from cdp.store import personas, situations

EVENTS_READ = 500  # of a profile, the newest
TRIED = 5  # times as many products as wanted, since some are owned
MOST_CHANCES = 10  # personas of an answer
PURPOSE = "personalisation"
NOTHING = pl.DataFrame(schema=dict(EVENTS))


@dataclass(frozen=True)
class Seen:
    """What is known of a visitor at a time: the lasting personas, own events, session and fit."""

    history: Floats  # (personas,)
    before: pl.DataFrame  # events before the session
    session: pl.DataFrame  # events of the open session
    posterior: Floats  # (personas,)
    reasons: Sequence[Mapping[str, Any]]


def seen(
    connection: psycopg.Connection, fitted: Fitted, profile_id: UUID | None, at: datetime
) -> Seen:
    """What is known at `at` of a profile; of None, a visitor nobody knows, nothing."""
    if profile_id is None:
        return _judged(fitted, None, (NOTHING, NOTHING))
    kept = personas.history(connection, profile_id)
    history = fitted.of_ids(kept) if kept else None
    return _judged(
        fitted, history, _up_to(situations.lately(connection, profile_id, at, EVENTS_READ), at)
    )


def _up_to(events: pl.DataFrame, at: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events before the session that is open at `at`, and those of it."""
    if events.is_empty() or events["at"][-1] <= at - SILENCE:
        return events, events.clear()
    numbers = sessions(events.select("at", person=pl.lit(0)))
    is_last = numbers == numbers[-1]
    return events.filter(~is_last), events.filter(is_last)


def _judged(
    fitted: Fitted, history: Floats | None, events: tuple[pl.DataFrame, pl.DataFrame]
) -> Seen:
    model = fitted.situation
    known = np.where(model.lasting, model.share, 0.0) if history is None else history
    before, session = events
    if session.is_empty():
        return Seen(known, before, session, known, ())
    numbers = pl.zeros(session.height, pl.Int64, eager=True)
    followed = follow(model, signals(session), numbers, model.prior(history))
    last = session.height - 1
    why = reasons(model, followed, [last])[0]
    return Seen(known, before, session, followed.posterior[last], why)


def situation(fitted: Fitted, profile_id: UUID | None, at: datetime, known: Seen) -> Situation:
    """The answer to `GET /v1/profiles/{id}/situation`."""
    chances = _chances(fitted, known.posterior)
    session = known.session
    return Situation(
        profile_id=profile_id,
        at=at,
        version=fitted.version,
        persona=chances[0],
        probabilities=chances[:MOST_CHANCES],
        reasons=[Reason.model_validate(each) for each in known.reasons],
        history=_chances(fitted, known.history)[0],
        session=None
        if session.is_empty()
        else Session(begun_at=session["at"][0], last_at=session["at"][-1], events=session.height),
    )


def page(
    connection: psycopg.Connection,
    fitted: Fitted,
    profile_id: UUID | None,
    at: datetime,
    *,
    consented: bool,
    categories: int,
    products: int,
) -> Page:
    """What to show: without consent to personalisation only what is general."""
    known = seen(connection, fitted, profile_id if consented else None, at)
    excluded = [] if consented else [Excluded(what="history", why="not consented")]
    shown = _best(fitted, known, "category", categories)
    wanted = _best(fitted, known, "product", products * TRIED)
    owned: frozenset[str] = frozenset()
    if profile_id is not None and consented and wanted:
        owned = situations.bought(connection, profile_id, [each.value for each in wanted])
    free = [each for each in wanted if each.value not in owned][:products]
    passed = wanted[: wanted.index(free[-1])] if free else wanted
    excluded += [
        Excluded(what="product", value=each.value, why="owned already")
        for each in passed
        if each.value in owned
    ]
    return Page(
        situation=situation(fitted, profile_id, at, known),
        categories=shown,
        products=free,
        excluded=excluded,
    )


def _best(fitted: Fitted, known: Seen, kind: str, most: int) -> list[Shown]:
    model = fitted.situation
    if kind not in model.kinds or not most:
        return []
    own, session = (
        _counts(events, kind, model.kinds[kind].values) for events in (known.before, known.session)
    )
    chances = ranked(model, kind, known.posterior[None, :], own, session)[0]
    best = [int(n) for n in np.argsort(-chances, kind="stable")[:most]]
    shown = [(model.kinds[kind].values[n], round(float(chances[n]), 6)) for n in best]
    of = fitted.categories if kind == "product" else {}
    return [Shown(value=value, category=of.get(value), chance=chance) for value, chance in shown]


def _counts(events: pl.DataFrame, kind: str, values: Sequence[str]) -> Floats:
    said = events[kind].drop_nulls()
    words = said if kind == "product" else said.str.strip_chars().str.to_lowercase()
    counts = dict(words.value_counts().iter_rows())
    return np.array([[counts.get(value, 0) for value in values]], dtype=float)


def _chances(fitted: Fitted, posterior: Floats) -> list[Chance]:
    return [
        Chance(persona_id=uid, name=name, probability=probability)
        for uid, name, probability in fitted.chances(posterior)
    ]
