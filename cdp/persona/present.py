"""The present: a visitor's situation and page, worked out from what the store holds at this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from cdp.model.persona import Assigned, Chance, Excluded, Page, Reason, Session, Shown, Situation
from cdp.persona.fitted import Fitted
from cdp.persona.live import Event, told
from cdp.persona.page import ranked
from cdp.persona.signals import SILENCE
from cdp.persona.situation import Floats
from cdp.store.persona import situations
from cdp.store.persona.situations import Visitor
from cdp.store.profile import prepared

TRIED = 5  # times as many products as wanted, since some are owned
MOST_CHANCES = 10  # personas of an answer
PURPOSE = "personalisation"


@dataclass(frozen=True)
class Seen:
    """What is known of a visitor at a time: the lasting personas, own events, session and fit."""

    history: Floats  # (personas,)
    before: Sequence[Event]  # before the session
    session: Sequence[Event]  # of the open session
    posterior: Floats  # (personas,)
    reasons: Sequence[Mapping[str, Any]]


def seen(fitted: Fitted, visitor: Visitor | None, at: datetime) -> Seen:
    """What is known at `at` of a visitor; of None, whom nobody knows, nothing."""
    if visitor is None:
        return _judged(fitted, None, ((), ()))
    kept = visitor.probabilities
    return _judged(fitted, fitted.of_ids(kept) if kept else None, _up_to(visitor.events, at))


def _up_to(events: Sequence[Event], at: datetime) -> tuple[Sequence[Event], Sequence[Event]]:
    """Events before the session that is open at `at`, and those of it; `events` oldest first."""
    begin, later = len(events), at
    while begin and later - events[begin - 1]["at"] <= SILENCE:
        begin -= 1
        later = events[begin]["at"]
    if begin < len(events) and at - events[-1]["at"] >= SILENCE:
        begin = len(events)
    return events[:begin], events[begin:]


def _judged(
    fitted: Fitted, history: Floats | None, events: tuple[Sequence[Event], Sequence[Event]]
) -> Seen:
    model = fitted.situation
    known = np.where(model.lasting, model.share, 0.0) if history is None else history
    before, session = events
    if not session:
        return Seen(known, before, session, known, ())
    posterior, why = told(model, session, model.prior(history)[0])
    return Seen(known, before, session, posterior, why)


def situation(fitted: Fitted, visitor: Visitor, at: datetime) -> Situation:
    """The answer to `GET /v1/profiles/{id}/situation`."""
    return _situation(fitted, visitor.profile_id, at, seen(fitted, visitor, at))


def _situation(fitted: Fitted, profile_id: UUID | None, at: datetime, known: Seen) -> Situation:
    chances = _chances(fitted, known.posterior, MOST_CHANCES)
    session = known.session
    return Situation(
        profile_id=profile_id,
        at=at,
        version=fitted.version,
        persona=chances[0],
        probabilities=chances,
        reasons=[Reason.model_validate(each) for each in known.reasons],
        history=_chances(fitted, known.history, 1)[0],
        session=None
        if not session
        else Session(begun_at=session[0]["at"], last_at=session[-1]["at"], events=len(session)),
    )


def visitors(
    connection: psycopg.Connection,
    named: UUID | tuple[str, str],
    at: datetime,
    *,
    bought: bool = False,
) -> list[Visitor]:
    """The profiles of an id, or of a normalised identifier, as pages meet them."""
    return situations.visitors(
        prepared.rows(connection, *situations.asked(named, PURPOSE, at, bought=bought))
    )


def of_profile(
    connection: psycopg.Connection, fitted: Fitted, profile_id: UUID, at: datetime
) -> Situation | None:
    """The situation of a profile; None where it is no more."""
    found = visitors(connection, profile_id, at)
    return situation(fitted, found[0], at) if found else None


def on_record(connection: psycopg.Connection, profile_id: UUID, limit: int) -> list[Assigned]:
    """What was said of a profile's sessions, newest first."""
    return [_assigned(row) for row in situations.kept(connection, profile_id, limit)]


def page(
    fitted: Fitted,
    visitor: Visitor | None,
    at: datetime,
    *,
    categories: int,
    products: int,
) -> Page:
    """What to show: to whom has refused personalisation only what is general."""
    refused = visitor is not None and visitor.refused
    known = seen(fitted, None if refused else visitor, at)
    excluded = [Excluded(what="history", why="not consented")] if refused else []
    wanted = _best(fitted, known, "product", products * TRIED)
    owned = visitor.bought if visitor is not None and not refused else frozenset[str]()
    free = [each for each in wanted if each[0] not in owned][:products]
    passed = wanted[: wanted.index(free[-1])] if free else wanted
    excluded += [
        Excluded(what="product", value=name, why="owned already")
        for name, _ in passed
        if name in owned
    ]
    best = _best(fitted, known, "category", categories)
    return Page(
        situation=_situation(fitted, visitor and visitor.profile_id, at, known),
        categories=[Shown(value=value, category=None, chance=chance) for value, chance in best],
        products=[
            Shown(value=value, category=fitted.categories.get(value), chance=chance)
            for value, chance in free
        ],
        excluded=excluded,
    )


def _best(fitted: Fitted, known: Seen, kind: str, most: int) -> list[tuple[str, float]]:
    """The values of a kind that are wanted next most likely, each with its chance."""
    model = fitted.situation
    if kind not in model.kinds or not most:
        return []
    own, session = (_counts(events, fitted, kind) for events in (known.before, known.session))
    chances = ranked(model, kind, known.posterior[None, :], own, session)[0]
    best = [int(n) for n in np.argsort(-chances, kind="stable")[:most]]
    return [(model.kinds[kind].values[n], round(float(chances[n]), 6)) for n in best]


def _counts(events: Sequence[Event], fitted: Fitted, kind: str) -> Floats:
    """(1, values): how often the events say each value of a kind."""
    model = fitted.situation
    first = model.codes[kind, model.kinds[kind].values[0]]
    counts = np.zeros((1, len(model.kinds[kind].values)))
    for event in events:
        value = event[kind]
        if value is None:
            continue
        if kind != "product":
            value = value.strip().lower()
        if (code := model.codes.get((kind, value))) is not None:
            counts[0, code - first] += 1
    return counts


def _chances(fitted: Fitted, posterior: Floats, most: int) -> list[Chance]:
    return [
        Chance(persona_id=uid, name=name, probability=probability)
        for uid, name, probability in fitted.chances(posterior, most)
    ]


def _assigned(row: Mapping[str, Any]) -> Assigned:
    return Assigned(
        session_at=row["session_at"],
        at=row["at"],
        persona=Chance(
            persona_id=row["persona_id"], name=row["name"], probability=row["probability"]
        ),
        probabilities=row["probabilities"],
        reasons=[Reason.model_validate(each) for each in row["reasons"]],
        version=row["version"],
    )
