"""Why a persona fits: the three signals that speak for it most, in words."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cdp.persona.signals import KINDS
from cdp.persona.situation import LEAST, Followed, SituationModel

MOST_REASONS = 3
LEAST_EVIDENCE = 0.05  # five per cent more likely
HISTORY = "history"


def reasons(
    model: SituationModel, followed: Followed, rows: Sequence[int] | np.ndarray
) -> list[list[dict[str, object]]]:
    """For each of these events, what speaks for the persona that is likeliest after it.

    Each reason has `kind`, `value`, `times`, `evidence` (log-likelihood ratio against everybody,
    weighted) and `words`; strongest first, at most three, none that speaks against it.
    """
    at = np.asarray(rows, dtype=np.int64)
    chosen = followed.posterior[at].argmax(axis=1)
    spoken = pl.DataFrame(
        {"n": np.arange(len(at)), "begin": followed.begin[at], "end": followed.end[at],
         "persona": chosen}
    )  # fmt: skip
    entries = (
        spoken.select("n", "persona", signal=pl.int_ranges("begin", "end"))
        .explode("signal")
        .drop_nulls()
    )
    signal = entries["signal"].to_numpy()
    code = followed.code[signal]
    evidence = model.evidence[code, entries["persona"].to_numpy()] * followed.worth[signal]
    told = entries.select("n", code=pl.Series(code), evidence=pl.Series(evidence))
    summed = (
        told.group_by("n", "code")
        .agg(pl.col("evidence").sum(), times=pl.len())
        .join(model.table.with_columns(pl.col("code").cast(pl.Int64)), on="code")
        .select("n", "kind", "value", pl.col("times").cast(pl.Int64), "evidence")
    )
    every = pl.concat([summed, _of_history(model, followed, at, chosen)])
    best = (
        every.filter(pl.col("evidence") >= LEAST_EVIDENCE)
        .sort("n", "evidence", "kind", "value", descending=[False, True, False, False])
        .group_by("n", maintain_order=True)
        .head(MOST_REASONS)
    )
    found: list[list[dict[str, object]]] = [[] for _ in rows]
    for n, kind, value, times, weight in best.iter_rows():
        words = _words(kind, value, times, _ratio(kind, weight, times))
        reason = {"kind": kind, "value": value, "times": times, "evidence": round(weight, 4)}
        found[n].append(reason | {"words": words})
    return found


def _of_history(
    model: SituationModel, followed: Followed, at: np.ndarray, chosen: np.ndarray
) -> pl.DataFrame:
    """What is known from before speaks for a persona as far as it was likelier than in general."""
    sessions = followed.session[at]
    expected = followed.prior[sessions, chosen]
    general = model.prior(None)[0, chosen]
    evidence = np.log(np.maximum(expected, LEAST) / np.maximum(general, LEAST))
    return pl.DataFrame({"n": np.arange(len(at)), "evidence": evidence}).select(
        "n", kind=pl.lit(HISTORY), value=pl.lit(""), times=pl.lit(1, pl.Int64), evidence="evidence"
    )


def _ratio(kind: str, evidence: float, times: int) -> float:
    """How many times as frequent the value is in the persona as in general."""
    if kind == HISTORY:
        return float(np.exp(evidence))
    worth = sum(1 / n for n in range(1, times + 1)) if KINDS[kind].repeats else 1.0
    return float(np.exp(evidence / worth / KINDS[kind].weight))


def _words(kind: str, value: str, times: int, ratio: float) -> str:
    if kind == HISTORY:
        return f"the person's history: {ratio:.1f} times as likely as for anybody"
    said = KINDS[kind].reason.format(value=value)
    often = f" {times} times" if times > 1 and KINDS[kind].repeats else ""
    return f"{said}{often}: {ratio:.1f} times as frequent in this persona as in general"
