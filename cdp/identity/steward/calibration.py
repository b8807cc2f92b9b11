"""What stewards decided teaches the model how ready it should be to see one person in two records."""

import math

import numpy as np
import polars as pl
from scipy.optimize import minimize_scalar

# Without decisions the model is trusted to be right within about so many bits: each decision weighs
# against that, so that a handful of them moves it a little and hundreds have the last word.
TRUST = 1.0
MOST = 10.0  # bits; beyond it the decisions contradict the model as a whole


def shift(decided: pl.DataFrame) -> float:
    """By how many bits all weights should rise (or fall) to fit the decided pairs.

    Args:
        decided: weight (log2 odds by the model) and same (whether they are one person) of each.

    What fits best: the shift under which the decisions are the likeliest (logistic regression of
    the intercept alone), held back by a normal prior of `TRUST` bits. Pairs come up for decision by
    their weight only, and that leaves this estimate unbiased.
    """
    if decided.is_empty():
        return 0.0
    weight = decided["weight"].to_numpy()
    sign = np.where(decided["same"].to_numpy(), 1.0, -1.0)

    def surprise(by: float) -> float:
        odds = sign * (weight + by) * math.log(2)
        return float(np.logaddexp(0, -odds).sum() + (by / TRUST) ** 2 / 2)

    return float(minimize_scalar(surprise, bounds=(-MOST, MOST), method="bounded").x)  # pyright: ignore[reportAttributeAccessIssue]
