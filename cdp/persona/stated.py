"""Hand-written personas in a history: how much more the stated traits fit a person than anybody."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from cdp.derive.registry import known_trait
from cdp.errors import InvalidRequest
from cdp.model.persona import Between, StatedPersona

HOLDS = 0.9  # P(a stated trait holds | the persona)
UNREADABLE = frozenset({"age", "object", "instant", "date"})  # types that cannot be stated


def checked(stated: StatedPersona) -> StatedPersona:
    """`stated` if it can be recognised. Raises InvalidRequest, UnknownTrait."""
    if not stated.who and not stated.signals:
        raise InvalidRequest(
            f"persona {stated.name!r}: neither `who` nor `signals`; state traits of its people, or "
            "signals of its sessions"
        )
    for name in stated.who:
        if (kind := known_trait(name).type) in UNREADABLE:
            raise InvalidRequest(
                f"persona {stated.name!r}: who.{name} is of type {kind}; state another trait"
            )
    for kind, shares in stated.signals.items():
        if (total := sum(shares.values())) > 1 + 1e-9:
            raise InvalidRequest(
                f"persona {stated.name!r}: the shares of signals.{kind} come to {total:g}; at most 1"
            )
    return stated


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
