"""Assignment: every person's persona and the situations of their sessions, kept up to date."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import polars as pl
from sqlalchemy import Connection

from cdp.persona.fitted import Fitted, of_document
from cdp.persona.people import people as individuals
from cdp.persona.reasons import reasons
from cdp.persona.signals import SILENCE, sessions, signals
from cdp.persona.situation import Followed, follow
from cdp.store.audience import cells
from cdp.store.database import Database, driver
from cdp.store.persona import personas, situations

PEOPLE_PER_TRANSACTION = 25_000
LOOKED_BACK = timedelta(days=30)  # sessions older than that are not assigned any more
LONGEST_SESSION = timedelta(days=1)  # so much is read before the first that is
KEPT = 0.001  # probabilities below are not written down
PERSONA, SITUATION = "persona", "situation"  # dimensions of cells


def fitted_in_force(tx: Connection) -> Fitted | None:
    """The personas in force; None before the first discovery or definition."""
    found = personas.model(driver(tx))
    if found is None:
        return None
    return of_document(found["version"], found["fitted_at"], found["document"])


def assign_queued(
    database: Database,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
    *,
    at_once: int = PEOPLE_PER_TRANSACTION,
) -> int:
    """Assign every person that waits, and those whose session has ended by `now`; how many.

    `progress` is called with the number assigned so far, after each transaction of at most
    `at_once`. Safe to run twice at once.
    """
    with database.transaction() as tx:
        personas.queue_due(tx, now)
        fitted = fitted_in_force(tx)
    assigned = 0
    while True:
        with database.transaction() as tx:
            taken = personas.take(tx, at_once)
            if taken and fitted:
                _assign(tx, fitted, now)
        if not taken:
            return assigned
        assigned += taken if fitted else 0
        progress(assigned)


def _assign(tx: Connection, fitted: Fitted, now: datetime) -> None:
    personas.forget_others(tx)
    people = individuals(tx, fitted.traits(), now)
    if people.is_empty():
        return
    history = fitted.history(people)
    # A version tells of what was open when it came into force, and of what came later.
    since = max(now - LOOKED_BACK, fitted.fitted_at - SILENCE)
    situated, present = _situations(tx, fitted, people, history, since=since, now=now)
    ids = people["profile_id"].to_list()
    personas.assign(
        tx,
        pl.DataFrame(
            {
                "profile_id": ids,
                **_chosen(fitted, history),
                "due_at": [
                    ends for _, ends in (present.get(n, (None, None)) for n in range(len(ids)))
                ],
            },
            schema_overrides={"due_at": pl.Datetime("us", "UTC")},
        ),
        version=fitted.version,
        now=now,
    )
    situations.keep(tx, situated, since=since, version=fitted.version, now=now)
    uuids = [UUID(each) for each in ids]
    named = [fitted.names[each] for each in fitted.situation.personas]
    likeliest = history.argmax(axis=1)
    persona = [(uid, named[n]) for uid, n in zip(uuids, likeliest, strict=True)]
    situation = [(uuids[n], named[best]) for n, (best, _) in present.items()]
    cells.assign(tx, uuids, {PERSONA: persona, SITUATION: situation}, now)


def _chosen(fitted: Fitted, posterior: np.ndarray) -> dict[str, pl.Series]:
    """persona_id, probability and probabilities (JSON text) of each row of `posterior`."""
    ids = fitted.situation.personas
    chances = pl.DataFrame(posterior, schema=list(ids)).with_columns(pl.all().round(6))
    parts = [
        pl.when(pl.col(uid) >= KEPT).then(pl.format(f'"{uid}":{{}}', pl.col(uid))) for uid in ids
    ]
    return {
        "persona_id": pl.Series(
            np.array(ids, dtype=object)[posterior.argmax(axis=1)], dtype=pl.String
        ),
        "probability": pl.Series(posterior.max(axis=1)),
        "probabilities": chances.select(
            pl.lit("{") + pl.concat_str(parts, separator=",", ignore_nulls=True) + pl.lit("}")
        ).to_series(),
    }


def _because(fitted: Fitted, followed: Followed, rows: np.ndarray) -> pl.Series:
    """The reasons at these events, as JSON texts."""
    told = reasons(fitted.situation, followed, rows)
    text = pl.struct(pl.exclude("n")).struct.json_encode()
    texts = told.select("n", text=text).group_by("n").agg(pl.col("text").str.join(","))
    every = pl.DataFrame({"n": np.arange(len(rows))}).join(
        texts, on="n", how="left", maintain_order="left"
    )
    return every.select(pl.lit("[") + pl.col("text").fill_null("") + pl.lit("]")).to_series()


def _situations(
    tx: Connection,
    fitted: Fitted,
    people: pl.DataFrame,
    history: np.ndarray,
    *,
    since: datetime,
    now: datetime,
) -> tuple[pl.DataFrame, dict[int, tuple[int, datetime]]]:
    """What is kept of sessions after `since`, and the present: person -> persona and when it ends.

    A session is kept as the events after which another persona than before fits best.
    """
    events = situations.events_of_assigning(tx, since - LONGEST_SESSION, now)
    places = pl.DataFrame({"person": people["n"]}).with_row_index("row_of_people")
    events = events.join(places, on="person", maintain_order="left").with_columns(
        person=pl.col("row_of_people").cast(pl.Int64)
    )
    if events.is_empty():
        return pl.DataFrame(), {}
    session = sessions(events)
    first = (
        events.select("person", "at")
        .with_columns(session=session)
        .group_by("session", maintain_order=True)
        .first()
    )
    prior = fitted.situation.prior(history[first["person"].to_numpy()])
    followed = follow(fitted.situation, signals(events), session, prior)
    moved = _moves(followed, (first["at"] > since).to_numpy())
    kept = pl.DataFrame(
        {
            "profile_id": people["profile_id"].gather(events["person"].gather(moved)),
            "session_at": first["at"].gather(followed.session[moved]),
            "at": events["at"].gather(moved),
            **_chosen(fitted, followed.posterior[moved]),
            "reasons": _because(fitted, followed, moved),
        }
    )
    # Two events of one moment: the later word.
    kept = kept.unique(["profile_id", "session_at", "at"], keep="last", maintain_order=True)
    return kept, _present(events, followed, now)


def _moves(followed: Followed, wanted: np.ndarray) -> np.ndarray:
    """The events of `wanted` sessions that begin one, or after which another persona fits best."""
    best = followed.posterior.argmax(axis=1)
    changes = (np.diff(best, prepend=-1) != 0) | (np.diff(followed.session, prepend=-1) != 0)
    return np.flatnonzero(changes & wanted[followed.session])


def _present(
    events: pl.DataFrame, followed: Followed, now: datetime
) -> dict[int, tuple[int, datetime]]:
    last = np.flatnonzero(np.diff(followed.session, append=-1))
    best = followed.posterior.argmax(axis=1)
    at, person = events["at"].gather(last), events["person"].gather(last)
    open_ = (at > now.astimezone(UTC) - SILENCE).to_numpy()
    ends = (at + SILENCE).to_list()
    return {int(person[int(n)]): (int(best[last[n]]), ends[int(n)]) for n in np.flatnonzero(open_)}
