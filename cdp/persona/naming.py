"""Names of personas, made of what tells them apart most."""

from collections.abc import Mapping, Sequence

import numpy as np

from cdp.model.persona import Figure
from cdp.persona.features import OTHER, Part
from cdp.persona.situation import SituationModel

WORDS = 2  # topics of a name
USUAL = 1.5  # a signal has to be so many times as frequent to be named
KINDS = ("category", "department", "search", "campaign")
PLACES: Mapping[str, str] = {
    "device": "on a {}", "place": "in {}", "daypart": "in the {}", "weekday": "at the {}",
}  # fmt: skip


def of_figures(figures: Sequence[Figure], parts: Mapping[str, Part]) -> str:
    """A name of the two figures that tell a persona's members apart most.

    `parts`: the part of the card of each trait. The second figure is of another part where there is
    one: two of the same often say the same.
    """
    ranked = sorted(filter(_names, figures), key=lambda each: -abs(each.distinct))
    if not ranked:
        return "Everybody"
    first, *others = ranked
    others = [each for each in others if each.trait != first.trait]
    apart = [each for each in others if parts[each.trait] != parts[first.trait]]
    return _capital(", ".join(_phrase(each) for each in [first, *(apart or others)[:1]]))


def beside(figures: Sequence[Figure], other: Sequence[Figure]) -> str:
    """A name for a persona that would be called as another is, whose figures are `other`.

    What tells its members apart from everybody most, and what does from that other persona's.
    """
    first = max(filter(_names, figures), key=lambda each: abs(each.distinct))
    same = {(each.trait, each.value): each for each in other}
    pairs = [
        (each, same[each.trait, each.value])
        for each in figures
        if each.trait != first.trait and (each.trait, each.value) in same
    ]
    apart = [(own, its.persona, abs(own.distinct - its.distinct)) for own, its in pairs]
    told = [each for each in apart if each[0].persona > each[1] or each[0].statistic == "median"]
    if not told:
        return _capital(_phrase(first))
    own, than, _ = max(told, key=lambda each: each[2])
    return _capital(f"{_phrase(first)}, {_phrase(own, than)}")


def _names(figure: Figure) -> bool:
    """Whether a name can be made of it: members differ, and a share is one that they have more of."""
    if figure.statistic == "share":
        return figure.persona > figure.base and figure.value != OTHER
    return figure.persona != figure.base


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
    return _capital(name)


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


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _phrase(figure: Figure, than: float | None = None) -> str:
    """A figure in two or three words; a median beside `than`, or else the base's."""
    words = figure.trait.rpartition(".")[2].replace("_", " ").removesuffix(" years")
    if figure.statistic == "median":
        usual = figure.base if than is None else than
        return f"{'high' if figure.persona > usual else 'low'} {words}"
    if figure.value in ("true", "false"):
        return words if figure.value == "true" else f"no {words}"
    return f"{words} {figure.value}"
