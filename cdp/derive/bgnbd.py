"""BG/NBD: how often a customer will buy, as Fader, Hardie and Lee published it (2005).

"Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing Science
24(2). A customer has `frequency` repeat purchases, the last at `recency` after the first, and is
observed for `age` after the first; all times in one unit (here: weeks).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1

Real = NDArray[np.float64]

# Customers who never drop out drive b to infinity, where the closed forms lose all digits; with
# these bounds a dropout chance of a millionth remains.
BOUNDS = tuple(
    (np.log(low), np.log(high)) for low, high in ((1e-3, 100), (1e-4, 1e4), (1e-3, 50), (1e-3, 1e3))
)


@dataclass(frozen=True)
class BgNbd:
    """The four parameters: purchase rates are gamma(r, alpha), dropout chances beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


def log_likelihood(model: BgNbd, frequency: Real, recency: Real, age: Real) -> Real:
    """The log-likelihood of each customer (equation 6 of the paper)."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    common = (
        gammaln(r + frequency) - gammaln(r) + r * np.log(alpha) + betaln(a, b + frequency)
    ) - betaln(a, b)
    alive = -(r + frequency) * np.log(alpha + age)
    repeated = np.maximum(frequency, 1)
    died = np.log(a) - np.log(b + repeated - 1) - (r + frequency) * np.log(alpha + recency)
    return common + np.where(frequency > 0, np.logaddexp(alive, died), alive)


def fitted(frequency: Real, recency: Real, age: Real) -> tuple[BgNbd, float]:
    """The parameters of the greatest likelihood, and its logarithm over all customers.

    Customers alike in all three are counted once, with their number: bases of millions are quick.
    """
    alike, counts = np.unique(
        np.column_stack([frequency, recency, age]), axis=0, return_counts=True
    )
    columns = (alike[:, 0], alike[:, 1], alike[:, 2])
    scale = 10 / max(float(age.max()), 1e-9)  # times near 1 keep the search well-conditioned
    scaled = (columns[0], columns[1] * scale, columns[2] * scale)

    def loss(logs: Real) -> float:
        model = BgNbd(*np.exp(logs))
        return -float((counts * log_likelihood(model, *scaled)).sum()) / counts.sum()

    best = minimize(loss, np.log([0.5, 2.0, 1.0, 2.0]), method="Nelder-Mead",
                    bounds=BOUNDS, options={"maxiter": 2_000, "xatol": 1e-7, "fatol": 1e-11})  # fmt: skip
    r, alpha, a, b = (float(each) for each in np.exp(best.x))
    model = BgNbd(r, alpha / scale, a, b)
    return model, float((counts * log_likelihood(model, *columns)).sum())


def alive(model: BgNbd, frequency: Real, recency: Real, age: Real) -> Real:
    """The probability that the customer still buys; 1 without a repeat purchase."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    odds = np.log(a) - np.log(b + np.maximum(frequency, 1) - 1)
    odds = odds + (r + frequency) * (np.log(alpha + age) - np.log(alpha + recency))
    return np.where(frequency > 0, expit(-odds), 1.0)


def expected(model: BgNbd, frequency: Real, recency: Real, age: Real, time: float) -> Real:
    """Purchases expected in the next `time` (equation 10 of the paper)."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    hypergeometric = hyp2f1(
        r + frequency, b + frequency, a + b + frequency - 1, time / (alpha + age + time)
    )
    shrunk = ((alpha + age) / (alpha + age + time)) ** (r + frequency)
    ever = (a + b + frequency - 1) / (a - 1) * (1 - shrunk * hypergeometric)
    return (ever * alive(model, frequency, recency, age)).clip(0)
