"""Gamma-Gamma: what a customer's orders are worth, as Fader and Hardie published it (2013).

The Gamma-Gamma Model of Monetary Value, brucehardie.com/notes/025. A customer has `count` orders of
the mean value `mean`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

Real = NDArray[np.float64]


@dataclass(frozen=True)
class GammaGamma:
    """Order values are gamma(p, v) where v is gamma(q, gamma) over customers."""

    p: float
    q: float
    gamma: float


def log_likelihood(model: GammaGamma, count: Real, mean: Real) -> Real:
    """The log-likelihood of each customer (equation 1a of the note)."""
    p, q, gamma = model.p, model.q, model.gamma
    return (
        gammaln(p * count + q) - gammaln(p * count) - gammaln(q) + q * np.log(gamma)
        + (p * count - 1) * np.log(mean) + p * count * np.log(count)
        - (p * count + q) * np.log(gamma + count * mean)
    )  # fmt: skip


def fitted(count: Real, mean: Real) -> GammaGamma:
    """The parameters of the greatest likelihood, of customers with count and mean above 0."""
    scale = float(np.median(mean))

    def loss(logs: Real) -> float:
        return -float(log_likelihood(GammaGamma(*np.exp(logs)), count, mean / scale).mean())

    best = minimize(loss, np.log([2.0, 3.0, 2.0]), method="Nelder-Mead",
                    options={"maxiter": 2_000, "xatol": 1e-7, "fatol": 1e-11})  # fmt: skip
    p, q, gamma = (float(each) for each in np.exp(best.x))
    return GammaGamma(p, q, gamma * scale)


def expected_mean(model: GammaGamma, count: Real, mean: Real) -> Real:
    """The mean value of the customer's future orders (equation 5 of the note)."""
    p, q, gamma = model.p, model.q, model.gamma
    return p * (gamma + count * mean) / (p * count + q - 1)
