"""Lasting identities: which persona found now is which found before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from sqlalchemy import Connection

from cdp.model.persona import Figure
from cdp.persona import figures, naming
from cdp.persona.features import Part
from cdp.persona.fitted import Fitted, discovered
from cdp.persona.mixture import Mixture, matched
from cdp.persona.renaming import readers
from cdp.persona.situation import SituationModel
from cdp.store.persona import personas

SAME_SITUATION = (
    0.7  # affinity (Bhattacharyya) of signals from which on a situation is the former one
)
COMPARED = ("category", "department", "device")  # kinds of signal


class Keeper:
    """Gives found personas the ids and names of the former ones that they continue.

    `new` and `kept` count them.
    """

    def __init__(
        self,
        tx: Connection,
        former: Fitted | None,
        live: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        self._tx, self._former, self._now = tx, former, now
        self._live = {str(row["persona_id"]): row for row in live}
        self.new = self.kept = 0

    def individuals(
        self, people: pl.DataFrame, mixture: Mixture | None, belongs: np.ndarray
    ) -> list[str]:
        """Ids of the discovered lasting personas: the former one with most of the same people.

        `people`: the sample, read as the former personas need it.
        """
        known, same = self._known(mixture), {}
        if known and self._former:
            before = discovered(self._former.mixture, self._former.features, people)
            same = matched(before.argmax(axis=1), belongs.argmax(axis=1))
        return [
            self._keep(known[same[n]]) if n in same else self._add("individual")
            for n in range(belongs.shape[1])
        ]

    def _known(self, mixture: Mixture | None) -> list[str]:
        """Ids of the former discovered ones, where these may be continued."""
        if self._former is None or (self._former.mixture is None) != (mixture is None):
            return []
        count = 1 if mixture is None else len(self._former.mixture.share)  # pyright: ignore[reportOptionalMemberAccess]
        return list(self._former.situation.personas[:count])

    def situations(self, model: SituationModel) -> SituationModel:
        """The model with ids in place of the numbers of the situations found."""
        new = [n for n, name in enumerate(model.personas) if name.startswith("situation-")]
        same = _same_situations(self._former, model, new, self._live) if self._former else {}
        ids = list(model.personas)
        for n in new:
            ids[n] = self._keep(same[n]) if n in same else self._add("situation")
        return replace(model, personas=ids)

    def named(self, draft: Fitted, people: pl.DataFrame, history: np.ndarray) -> dict[str, str]:
        """Names: those that the staff wrote and those of former personas stay."""
        model = draft.situation
        told = partial(figures.every, draft, people, history)
        names = {uid: self._live[uid]["name"] for uid in model.personas if uid in self._live}
        for n, uid in enumerate(model.personas):
            if uid in names:
                continue
            lasting = model.lasting[n]
            name = _of_people(draft, told, n, names) if lasting else naming.of_signals(model, n)
            names[uid] = naming.unlike(name, [*names.values()])
            personas.change(self._tx, UUID(uid), name=names[uid])
        return names

    def retire(self, used: Sequence[str]) -> list[str]:
        """Take discovered personas away that are found no more; the segments that read them."""
        gone = [
            UUID(uid)
            for uid, row in self._live.items()
            if uid not in used and row["kind"] != "stated"
        ]
        personas.retire(self._tx, gone, self._now)
        return readers(self._tx, [self._live[str(uid)]["name"] for uid in gone])

    def _keep(self, uid: str) -> str:
        self.kept += 1
        return uid

    def _add(self, kind: str) -> str:
        self.new += 1
        added = personas.add(self._tx, kind, "", definition=None, by="discovery", now=self._now)
        return str(added)


def _of_people(
    draft: Fitted, told: Callable[[int], list[Figure]], persona: int, names: Mapping[str, str]
) -> str:
    """A name that tells a lasting persona from everybody, and from one that has it already."""
    parts: dict[str, Part] = {each.name: each.part for each in draft.features}
    name = naming.of_figures(told(persona), parts)
    model = draft.situation
    named = [
        n for n, uid in enumerate(model.personas) if model.lasting[n] and names.get(uid) == name
    ]
    return naming.beside(told(persona), told(named[0])) if named else name


def _same_situations(
    former: Fitted, model: SituationModel, new: Sequence[int], live: Mapping[str, Any]
) -> dict[int, str]:
    """Which situation found is which former one: by how much of their signals they share."""
    before = former.situation
    old = [
        n for n, uid in enumerate(before.personas)
        if not before.lasting[n] and uid in live and live[uid]["kind"] == "situation"
    ]  # fmt: skip
    kinds = [kind for kind in COMPARED if kind in model.kinds and kind in before.kinds]
    if not (old and new and kinds):
        return {}
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  for discovery only

    affinity = np.mean([_affinity(before, model, kind)[np.ix_(old, new)] for kind in kinds], axis=0)
    pairs = zip(*linear_sum_assignment(-affinity), strict=True)
    return {
        new[int(b)]: before.personas[old[int(a)]]
        for a, b in pairs
        if affinity[a, b] >= SAME_SITUATION
    }


def _affinity(before: SituationModel, model: SituationModel, kind: str) -> np.ndarray:
    was, now = before.kinds[kind], model.kinds[kind]
    places = {value: n for n, value in enumerate(now.values)}
    common = [(n, places[value]) for n, value in enumerate(was.values) if value in places]
    if not common:
        return np.zeros((len(was.shares), len(now.shares)))
    a, b = map(list, zip(*common, strict=True))
    return np.sqrt(was.shares[:, a]) @ np.sqrt(now.shares[:, b]).T
