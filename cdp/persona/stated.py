"""Hand-written personas in a history: how much more the stated traits fit a person than anybody."""

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from cdp.derive.registry import known_trait
from cdp.errors import InvalidRequest
from cdp.model.persona import Between, StatedPersona
from cdp.persona.people import AGES
from cdp.persona.signals import DAYPARTS
from cdp.profile.traits import registry

HOLDS = 0.9  # P(a stated trait holds | the persona)
CLOCK = {"daypart": tuple(dict.fromkeys(DAYPARTS.values())), "weekday": ("working day", "weekend")}
SEARCHED = r"[^\W\d_](?:[^\W_]|-){2,}"  # as signals.WORD
NUMERIC = frozenset({"integer", "number", "money", "age"})
UNREADABLE = frozenset({"age", "object", "instant", "date"})  # types that cannot be stated


def checked(stated: StatedPersona) -> StatedPersona:
    """`stated` if it can be recognised, its signals spelt as sessions say them.

    Raises InvalidRequest, UnknownTrait.
    """
    if not stated.who and not stated.signals:
        raise _refused(
            stated,
            "neither `who` nor `signals`; state traits of its people, or signals of its sessions",
        )
    for name, wanted in stated.who.items():
        if (kind := known_trait(name).type) in UNREADABLE and name not in AGES:
            raise _refused(stated, f"who.{name} is of type {kind}; state another trait")
        if _holds_of_nobody(wanted):
            raise _refused(
                stated, f"who.{name} holds of nobody; state values, or a range min to max"
            )
        if kind in NUMERIC and not isinstance(wanted, Between) and not all(map(_number, wanted)):
            raise _refused(stated, f"who.{name} is a number; state numbers, or a range min to max")
        # A text of a source's own may be a number.
        own = kind == "string" and name not in registry()
        if isinstance(wanted, Between) and kind not in NUMERIC and not own:
            raise _refused(stated, f"who.{name} is of type {kind}; state its values, not a range")
    signals = {kind: _spelt(stated, kind, shares) for kind, shares in stated.signals.items()}
    return stated.model_copy(update={"signals": signals})


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(stated: StatedPersona, why: str) -> InvalidRequest:
    return InvalidRequest(f"persona {stated.name!r}: {why}")


def _holds_of_nobody(wanted: Between | Sequence[object]) -> bool:
    if not isinstance(wanted, Between):
        return not wanted
    low, high = wanted.min, wanted.max
    return low is high is None or (low is not None and high is not None and low > high)


def _spelt(stated: StatedPersona, kind: str, shares: Mapping[str, float]) -> dict[str, float]:
    """The shares of a kind of signal by values as `signals` reads them: in lower case."""
    told: dict[str, float] = {}
    for value, share in shares.items():
        told[_word(value)] = told.get(_word(value), 0) + share
    if (total := sum(told.values())) > 1 + 1e-9:
        raise _refused(stated, f"the shares of signals.{kind} come to {total:g}; at most 1")
    for value in told:
        if kind in CLOCK and value not in CLOCK[kind]:
            there = ", ".join(CLOCK[kind])
            raise _refused(stated, f"signals.{kind} is never {value!r}; there are {there}")
        if kind == "search" and not re.fullmatch(SEARCHED, value):
            raise _refused(
                stated, f"signals.search {value!r} is no single word; state each word of it"
            )
    return told


def holds(people: pl.DataFrame, who: Mapping[str, Between | Sequence[object]]) -> np.ndarray:
    """(people, conditions): 1 where a stated trait holds, 0 where not, NaN where it is unknown.

    `people` has the traits as texts.
    """
    columns = [_holds(people[name], wanted) for name, wanted in who.items()]
    return np.column_stack(columns) if columns else np.empty((people.height, 0))


def base(held: np.ndarray) -> np.ndarray:
    """P(a trait holds) among those of whom it is known; one more of each than was seen."""
    known = (~np.isnan(held)).sum(axis=0)
    return (np.nansum(held, axis=0) + 1) / (known + 2)


def fit(held: np.ndarray, general: Sequence[float]) -> np.ndarray:
    """P(traits | persona) / P(traits), per person; unknown traits say nothing."""
    chance = np.asarray(general)
    ratio = np.where(held == 1, HOLDS / chance, (1 - HOLDS) / (1 - chance))
    return np.where(np.isnan(held), 1.0, ratio).prod(axis=1)


def _holds(said: pl.Series, wanted: Between | Sequence[object]) -> np.ndarray:
    if isinstance(wanted, Between):
        numbers = said.cast(pl.Float64, strict=False)
        low = -np.inf if wanted.min is None else wanted.min
        high = np.inf if wanted.max is None else wanted.max
        return numbers.is_between(low, high).cast(pl.Float64).to_numpy()
    words = {_word(value) for value in wanted}
    kinds = said.unique().drop_nulls()
    found = {value: float(not words.isdisjoint(_words(value))) for value in kinds}
    return said.replace_strict(found, default=None, return_dtype=pl.Float64).to_numpy()


def _words(value: str) -> set[str]:
    """The value, or the elements of a list."""
    if value.startswith("["):
        return {_word(each) for each in json.loads(value)}
    return {_word(value)}


def _word(value: object) -> str:
    return str(value).strip().lower()
