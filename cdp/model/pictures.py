"""Crossings as pictures: a heat map, an UpSet plot and bands of movement; loads matplotlib."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from cdp.model.crossed import Matrix, Movement, Upset

BLUE, RED, GREY = "#1b6ca8", "#c8553d", "#d9dde1"
MOST_LIFT = 3.0  # the colour says no more beyond it
MOST_SIDE, MOST_OVERLAPS = 25, 30  # what a picture can show; the largest are shown
Colour = tuple[float, float, float, float]
GAP = 0.03  # between the bars of a side


def matrix(told: Matrix) -> Figure:
    """Rows by columns: the colour is the lift, the number the people."""
    rows, columns = list(told.row_people)[:MOST_SIDE], list(told.column_people)[:MOST_SIDE]
    met = {(each.row, each.column): each for each in told.cells}
    lifts = np.array([[met[row, column].lift or 0.0 for column in columns] for row in rows])
    figure = Figure(
        figsize=(2.5 + 0.8 * len(columns), 1.5 + 0.45 * len(rows)), layout="constrained"
    )
    axes = figure.add_subplot()
    axes.set(xlabel=told.columns, ylabel=told.rows, title=f"{told.people:,} people")
    if not told.cells:
        return figure
    norm = TwoSlopeNorm(vmin=0.0, vcenter=1.0, vmax=MOST_LIFT)
    image = axes.imshow(np.minimum(lifts, MOST_LIFT), cmap="RdBu", norm=norm, aspect="auto")
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            weight = "bold" if met[row, column].clear else "normal"
            label = f"{met[row, column].people:,}"
            axes.text(x, y, label, ha="center", va="center", fontsize=8, fontweight=weight)
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    figure.colorbar(image, label="lift over independence (bold: beyond chance)")
    return figure


def upset(told: Upset) -> Figure:
    """Bars of the overlaps above the dots of the sets that they are in."""
    names = sorted(told.sets, key=lambda name: told.sets[name])
    overlaps = told.overlaps[:MOST_OVERLAPS]
    figure = Figure(
        figsize=(4.0 + 0.4 * len(overlaps), 3.0 + 0.35 * len(names)), layout="constrained"
    )
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 2.5), height_ratios=(2.5, 1 + len(names) / 5))
    bars = figure.add_subplot(grid[0, 1])
    dots = figure.add_subplot(grid[1, 1], sharex=bars)
    totals = figure.add_subplot(grid[1, 0], sharey=dots)
    drawn = bars.bar(range(len(overlaps)), [each.people for each in overlaps], color=BLUE)
    bars.bar_label(drawn, fontsize=7)
    bars.set_ylabel("people")
    bars.tick_params(labelbottom=False)
    _dots(dots, names, [each.sets for each in overlaps])
    totals.barh(range(len(names)), [told.sets[name] for name in names], color=RED)
    totals.invert_xaxis()
    totals.set_yticks(range(len(names)), names)
    totals.set_xlabel("people of the set")
    return figure


def _dots(axes: Axes, names: Sequence[str], overlaps: Sequence[Sequence[str]]) -> None:
    for x, sets in enumerate(overlaps):
        held = sorted(names.index(name) for name in sets)
        axes.scatter([x] * len(names), range(len(names)), color=GREY, s=30)
        axes.plot([x] * len(held), held, color="black", marker="o", markersize=5.5)
    axes.tick_params(labelleft=False, labelbottom=False, length=0)


def movement(told: Movement) -> Figure:
    """Two sides of bars, one for each time, and bands from where people were to where they are."""
    before = _summed([(flow.before, flow.people) for flow in told.flows])
    after = _summed([(flow.after, flow.people) for flow in told.flows])
    figure = Figure(
        figsize=(7.5, 1.5 + 0.5 * max(len(before), len(after), 4)), layout="constrained"
    )
    axes = figure.add_subplot()
    left, right = _places(before), _places(after)
    colours = {name: colormaps["tab20"](at % 20) for at, name in enumerate({**before, **after})}
    _bars(axes, 0.0, _Side(before, left, "right"), colours)
    _bars(axes, 1.0, _Side(after, right, "left"), colours)
    total = sum(before.values()) or 1
    for flow in sorted(told.flows, key=lambda each: (-left[each.before], -right[each.after])):
        height = flow.people / total
        for side, name in ((left, flow.before), (right, flow.after)):
            side[name] -= height
        _band(axes, left[flow.before], right[flow.after], height, colours[flow.before])
    axes.set_xlim(-0.6, 1.6)
    axes.axis("off")
    axes.set_title(f"{told.dimension}: {told.since:%Y-%m-%d} to {told.until:%Y-%m-%d}")
    return figure


def _summed(flows: Sequence[tuple[str, int]]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for name, people in flows:
        whole[name] = whole.get(name, 0) + people
    return dict(sorted(whole.items(), key=lambda each: -each[1]))


def _places(sizes: dict[str, int]) -> dict[str, float]:
    """Where the bar of each name ends at its top, the first uppermost."""
    total = sum(sizes.values()) or 1
    at, places = 1.0, {}
    for name, people in sizes.items():
        places[name] = at
        at -= people / total + GAP
    return places


class _Side(NamedTuple):
    """One time: how many are where, where their bar ends at its top, and how labels are set."""

    sizes: dict[str, int]
    tops: dict[str, float]
    aligned: str


def _bars(axes: Axes, x: float, side: _Side, colours: dict[str, Colour]) -> None:
    total = sum(side.sizes.values()) or 1
    shift = -0.06 if side.aligned == "right" else 0.06
    for name, people in side.sizes.items():
        height = people / total
        foot = side.tops[name] - height
        axes.bar(x, height, 0.06, bottom=foot, color=colours[name])
        label = f"{name}  {people:,}"
        axes.text(x + shift, foot + height / 2, label, ha=side.aligned, va="center")


def _band(axes: Axes, left: float, right: float, height: float, colour: Colour) -> None:
    """A band from (0, left) to (1, right), both its lower edges."""
    points = [
        (0.03, left), (0.5, left), (0.5, right), (0.97, right), (0.97, right + height),
        (0.5, right + height), (0.5, left + height), (0.03, left + height), (0.03, left),
    ]  # fmt: skip
    steps = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    axes.add_patch(PathPatch(Path(points, steps), facecolor=colour, alpha=0.45, linewidth=0))
