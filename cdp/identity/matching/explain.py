"""Why two records are, or are not, taken for one person: field by field, in words and figures."""

from itertools import accumulate, pairwise

import polars as pl
from pydantic import BaseModel, ConfigDict

from cdp.errors import InvalidRequest
from cdp.identity.matching.model import Model
from cdp.identity.matching.scoring import numbered, score_pairs, told


class Step(BaseModel):
    """What one field adds to the weight (log2 of the odds)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    level: str
    weight: float


class Explanation(BaseModel):
    """A pair's weight as a waterfall: the steps sum up to `weight`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: float
    probability: float
    steps: tuple[Step, ...]

    def words(self) -> str:
        """One line per step, and the sum; rounded so that what is shown adds up."""
        sums = [round(each, 1) for each in accumulate((s.weight for s in self.steps), initial=0.0)]
        lines = [
            f"{_signed(after - before)}  {step.field.replace('_', ' ')}: {step.level}"
            for step, (before, after) in zip(self.steps, pairwise(sums), strict=True)
        ]
        return "\n".join([*lines, f"{_signed(self.weight)}  probability {self.probability:.3f}"])


def explain_pair(model: Model, features: pl.DataFrame) -> Explanation:
    """The waterfall of the two records in `features`.

    Raises:
        InvalidRequest: `features` are not of exactly two records.
    """
    if features.height != 2:
        raise InvalidRequest(f"a pair is two records; {features.height} are given")
    nodes = numbered(features)
    pair = pl.DataFrame({"left": [0], "right": [1]}, schema={"left": pl.UInt32, "right": pl.UInt32})
    found = told(model, nodes, score_pairs(model, nodes, pair)).row(0, named=True)
    return Explanation(
        weight=found["weight"],
        probability=found["probability"],
        steps=tuple(Step(**step) for step in found["evidence"]),
    )


def _signed(weight: float) -> str:
    return f"{weight:+6.1f}"
