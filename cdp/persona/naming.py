"""Names of personas, made of what tells them apart most."""

from collections.abc import Mapping, Sequence

import numpy as np

from cdp.model.persona import Figure
from cdp.persona.situation import SituationModel

WORDS = 2  # traits of a name
USUAL = 1.5  # a signal has to be so many times as frequent to be named
KINDS = ("category", "department", "search", "campaign")
PLACES: Mapping[str, str] = {
    "device": "on a {}", "place": "in {}", "daypart": "in the {}", "weekday": "at the {}",
}  # fmt: skip


def of_figures(figures: Sequence[Figure]) -> str:
    """A name of the figures that tell a persona's members apart most, one per trait."""
    ranked = sorted(figures, key=lambda each: -abs(each.distinct))
    told: dict[str, str] = {}
    for each in ranked:
        over = each.persona > each.base
        if each.trait in told or (each.statistic == "share" and not over) or each.value == "other":
            continue
        told[each.trait] = _phrase(each, over=over)
        if len(told) == WORDS:
            break
    name = ", ".join(told.values())
    return name[:1].upper() + name[1:] if name else "Everybody"


def of_signals(model: SituationModel, persona: int) -> str:
    """A name of the signals that are most over-represented in the persona's sessions."""
    topics = [each for kind in KINDS for each in _over(model, kind, persona)]
    topics.sort(key=lambda each: -each[0])
    words = list(dict.fromkeys(value for _, value in topics))[:WORDS]
    around = [
        (weight, PLACES[kind].format(value))
        for kind in PLACES
        for weight, value in _over(model, kind, persona)[:1]
    ]
    name = " and ".join(words) or "Any goods"
    if around:
        name += f" {max(around)[1]}"
    return name[:1].upper() + name[1:]


def unlike(name: str, taken: Sequence[str]) -> str:
    """`name`, numbered where it is taken."""
    if name not in taken:
        return name
    return next(f"{name} {n}" for n in range(2, len(taken) + 3) if f"{name} {n}" not in taken)


def _over(model: SituationModel, kind: str, persona: int) -> list[tuple[float, str]]:
    """Values that are clearly more frequent than in general: what each adds to the distance."""
    if kind not in model.kinds:
        return []
    told = model.kinds[kind]
    ratio = told.shares[persona] / told.base
    weight = told.shares[persona] * np.log(ratio)
    found = [(float(weight[n]), told.values[int(n)]) for n in np.flatnonzero(ratio >= USUAL)]
    return sorted(found, key=lambda each: (-each[0], each[1]))


def _phrase(figure: Figure, *, over: bool) -> str:
    words = figure.trait.rpartition(".")[2].replace("_", " ")
    if figure.statistic == "median":
        return f"{'high' if over else 'low'} {words}"
    if figure.value in ("true", "false"):
        return words if figure.value == "true" else f"no {words}"
    return f"{words} {figure.value}"
