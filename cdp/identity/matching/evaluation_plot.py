"""The curves of an evaluation as a picture."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from cdp.errors import InvalidRequest
from cdp.identity.matching.evaluation import Evaluation, Score

COLOURS = {"precision": "#1b6ca8", "recall": "#c8553d", "f1": "#2f4858"}


def plot(evaluation: Evaluation, path: Path) -> None:
    """Write precision, recall and F1 over the threshold as PNG or SVG, by the name of the file.

    Raises:
        InvalidRequest: another kind of file is asked for.
    """
    if path.suffix not in (".png", ".svg"):
        raise InvalidRequest(f"{path}: a plot is written as .png or .svg")
    of_records = [point for point in evaluation.curve if point.bcubed is not None]
    kinds = ["pairwise", "bcubed"] if of_records else ["pairwise"]
    # Without these the SVG of equal data differs in its ids and its date.
    with mpl.rc_context({"svg.hashsalt": "cdp"}):
        figure = Figure(figsize=(5.2 * len(kinds), 4.0), layout="constrained")
        for place, kind in enumerate(kinds, start=1):
            axes = figure.add_subplot(1, len(kinds), place)
            thresholds = [point.threshold for point in evaluation.curve]
            for name, colour in COLOURS.items():
                scores: list[Score] = [getattr(point, kind) for point in evaluation.curve]
                values = [getattr(score, name) for score in scores]
                axes.plot(thresholds, values, marker=".", color=colour, label=name)
            axes.set(title=kind.replace("bcubed", "B-cubed"), xlabel="threshold (probability)")
            axes.set_ylim(0, 1.02)
            axes.grid(alpha=0.3)
            axes.legend(loc="lower left")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=130, metadata={"Date": None} if path.suffix == ".svg" else None)
