"""Intervals and effect sizes in closed form."""

from math import erfc, exp, log, sqrt

from cdp.model.crossed import Interval

Z = 1.959963984540054  # 95 %


def wilson(hits: int, n: int) -> Interval:
    """Of a share (Wilson 1927)."""
    p = hits / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return Interval(low=max(0.0, middle - half), high=min(1.0, middle + half))


def share_difference(hits_a: int, n_a: int, hits_b: int, n_b: int) -> Interval:
    """Of the share of A less that of B (Newcombe 1998, method 10)."""
    p, q = hits_a / n_a, hits_b / n_b
    a, b = wilson(hits_a, n_a), wilson(hits_b, n_b)
    return Interval(
        low=p - q - sqrt((p - a.low) ** 2 + (b.high - q) ** 2),
        high=p - q + sqrt((a.high - p) ** 2 + (q - b.low) ** 2),
    )


def share_ratio(hits_a: int, n_a: int, hits_b: int, n_b: int) -> Interval | None:
    """Of the share of A over that of B (Katz 1978); None where either has no hit."""
    if not hits_a or not hits_b:
        return None
    middle = log(hits_a / n_a) - log(hits_b / n_b)
    half = Z * sqrt(1 / hits_a - 1 / n_a + 1 / hits_b - 1 / n_b)
    return Interval(low=exp(middle - half), high=exp(middle + half))


def delta_interval(delta: float, n_a: int, n_b: int) -> Interval:
    """Of Cliff's delta = 2 AUC - 1, by the variance of the AUC (Hanley and McNeil 1982)."""
    auc = (delta + 1) / 2
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = (n_a - 1) * (q1 - auc * auc) + (n_b - 1) * (q2 - auc * auc)
    half = 2 * Z * sqrt(max(auc * (1 - auc) + spread, 0.0) / (n_a * n_b))
    return Interval(low=max(-1.0, delta - half), high=min(1.0, delta + half))


def d_interval(d: float, n_a: int, n_b: int) -> Interval:
    """Of Cohen's d (Hedges and Olkin 1985, large samples)."""
    half = Z * sqrt((n_a + n_b) / (n_a * n_b) + d * d / (2 * (n_a + n_b)))
    return Interval(low=d - half, high=d + half)


def two_sided(z: float) -> float:
    """P of a standard normal deviate."""
    return erfc(abs(z) / sqrt(2))


def false_discovery(p: list[float]) -> list[float]:
    """Q of each p (Benjamini and Hochberg 1995)."""
    order = sorted(range(len(p)), key=p.__getitem__, reverse=True)
    q, least = [0.0] * len(p), 1.0
    for behind, place in enumerate(order):
        least = min(least, p[place] * len(p) / (len(p) - behind))
        q[place] = least
    return q
