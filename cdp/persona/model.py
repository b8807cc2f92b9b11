"""The personas of a base in sessions: learnt from what people did, and from what is stated by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from cdp.persona import learning
from cdp.persona.learning import Counted, Situations
from cdp.persona.signals import sessions, signals
from cdp.persona.situation import Floats, Signals, SituationModel

MOST_SESSIONS = 40_000  # of the sample from which is learnt


@dataclass(frozen=True)
class Lasting:
    """Personas that are recognised in a person's history, and how far the sample belongs to them."""

    personas: Sequence[str]
    share: Floats  # (personas,)
    belongs: Floats  # (people, personas): P(persona | history)


@dataclass(frozen=True)
class Stated:
    """A persona whose signals are stated by hand: kind -> value -> share of that kind, 0..1.

    What the shares leave of 1 is as in general. `share` is its part of the passing personas where
    it is none of the lasting ones.
    """

    persona: str
    share: float
    signals: Mapping[str, Mapping[str, float]]


def learn(
    events: pl.DataFrame, lasting: Lasting, seed: int, stated: Sequence[Stated] = ()
) -> tuple[SituationModel, Situations | None]:
    """The model of situations, and the situations that were found in sessions.

    `events`: `person` (row of `lasting.belongs`) and the columns of EVENTS, sorted by person and at.
    Situations that were found are called situation-0, situation-1, … .
    """
    sampled, session, person = _sampled(events, seed)
    said = signals(sampled)
    known = {kind: list(values) for kind, values in _values(stated).items()}
    seen = learning.counted(said, session, len(person), learning.vocabulary(said, known))
    base = learning.general(seen)
    belongs = lasting.belongs[person]
    values = learning.shares(seen, belongs, base)
    found = learning.situations(seen, seed)
    passers = [each for each in stated if each.persona not in lasting.personas]
    names = [*lasting.personas, *_names(found), *(each.persona for each in passers)]
    values = np.concatenate(
        [values, *([found.shares] if found else []), np.tile(base, (len(passers), 1))]
    )
    for each in stated:
        place = names.index(each.persona)
        values[place] = _stated(seen, base, values[place], each)
    model = SituationModel(
        personas=names,
        share=np.concatenate([lasting.share, _passing_shares(found, passers)]),
        lasting=np.arange(len(names)) < len(lasting.personas),
        passing=0.0,
        kinds=learning.signals_of(seen, base, values),
    )
    return _with_passing(model, seen, base, values, belongs), found


def _sampled(events: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.Series, np.ndarray]:
    """Events of a sample of sessions, the sessions' numbers and persons."""
    numbers = sessions(events).to_numpy()
    count = int(numbers.max(initial=-1)) + 1
    chosen = np.zeros(count, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(count)[:MOST_SESSIONS]] = True
    kept = events.filter(pl.Series(chosen[numbers]))
    renumbered = np.cumsum(chosen) - 1
    session = renumbered[numbers[chosen[numbers]]]
    person = np.zeros(int(chosen.sum()), dtype=np.int64)
    person[session] = kept["person"].to_numpy()
    return kept, pl.Series(session), person


def _values(stated: Sequence[Stated]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in stated:
        for kind, values in each.signals.items():
            found.setdefault(kind, set()).update(values)
    return found


def _names(found: Situations | None) -> list[str]:
    return [f"situation-{n}" for n in range(len(found.share))] if found else []


def _passing_shares(found: Situations | None, passers: Sequence[Stated]) -> Floats:
    """Stated ones have the share that they state, those found what is left."""
    own = np.array([each.share for each in passers])
    rest = max(1 - own.sum(), 0.1) if found else 0.0
    shares = np.concatenate([rest * found.share if found else np.empty(0), own])
    return shares / shares.sum() if len(shares) else shares


def _stated(seen: Counted, base: Floats, learnt: Floats, stated: Stated) -> Floats:
    """What is stated; kinds of signals of which nothing is stated are as its sessions have them."""
    shares = learnt.copy()
    for kind, wanted in stated.signals.items():
        if kind not in seen.places:
            continue  # no session has such a signal
        place = seen.places[kind]
        own = np.array([wanted.get(value, 0.0) for value in seen.values[kind]])
        shares[place] = own + max(1 - own.sum(), 0.0) * base[place]
    return shares


def _with_passing(
    model: SituationModel, seen: Counted, base: Floats, values: Floats, belongs: Floats
) -> SituationModel:
    """The model with the part of sessions that are situations, as the sample has them."""
    if model.lasting.all():
        return model
    expected = np.zeros((len(belongs), len(model.personas)))
    expected[:, model.lasting] = belongs
    expected[:, ~model.lasting] = model.share[~model.lasting]
    part = learning.passing(seen, base, expected, values, model.lasting)
    return SituationModel(model.personas, model.share, model.lasting, part, model.kinds)


def as_document(model: SituationModel) -> dict[str, object]:
    """The model as JSON can hold it."""
    return {
        "personas": list(model.personas),
        "share": model.share.tolist(),
        "lasting": model.lasting.tolist(),
        "passing": model.passing,
        "kinds": {
            kind: {
                "values": list(told.values),
                "base": told.base.tolist(),
                "shares": told.shares.tolist(),
            }
            for kind, told in model.kinds.items()
        },
    }


def of_document(document: Mapping[str, object]) -> SituationModel:
    """The model again."""
    kinds = {
        kind: Signals(told["values"], np.array(told["base"]), np.array(told["shares"]))
        for kind, told in document["kinds"].items()  # pyright: ignore[reportAttributeAccessIssue]
    }
    return SituationModel(
        personas=document["personas"],  # pyright: ignore[reportArgumentType]
        share=np.array(document["share"]),
        lasting=np.array(document["lasting"], dtype=bool),
        passing=document["passing"],  # pyright: ignore[reportArgumentType]
        kinds=kinds,
    )
