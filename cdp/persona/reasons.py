"""Why a persona fits: the three signals that speak for it most, in words."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cdp.persona.signals import KINDS
from cdp.persona.situation import LEAST, Followed, SituationModel

MOST_REASONS = 3
LEAST_EVIDENCE = 0.05  # five per cent more likely
HISTORY = "history"
SAID = pl.DataFrame(
    [(name, kind.weight, kind.repeats, kind.reason) for name, kind in KINDS.items() if kind.weight]
    + [(HISTORY, 1.0, False, "")],
    {"kind": pl.String, "weight": pl.Float64, "repeats": pl.Boolean, "reason": pl.String},
    orient="row",
)


def reasons(
    model: SituationModel, followed: Followed, rows: Sequence[int] | np.ndarray
) -> pl.DataFrame:
    """For each of these events, what speaks for the persona that is likeliest after it.

    `n` (place in `rows`), `kind`, `value`, `times`, `evidence` (log-likelihood ratio against
    everybody, weighted) and `words`; strongest first, at most three, none that speaks against it.
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
    return best.select(
        "n", "kind", "value", "times", pl.col("evidence").round(4), words=_words(best)
    )


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


def _words(best: pl.DataFrame) -> pl.Series:
    """Each reason in words, with how many times as frequent the value is as in general."""
    times = best["times"].to_numpy()
    again = np.cumsum(1 / np.arange(1, times.max(initial=1) + 1))[times - 1]
    told = best.join(SAID, on="kind", maintain_order="left", how="left").with_columns(
        worth=pl.when("repeats").then(pl.Series(again)).otherwise(1.0) * pl.col("weight"),
        often=pl.when(pl.col("repeats") & (pl.col("times") > 1))
        .then(pl.format(" {} times", "times"))
        .otherwise(pl.lit("")),
    )
    ratio = (pl.col("evidence") / pl.col("worth")).exp().round(1)
    said = pl.col("reason").str.replace("{value}", pl.col("value"), literal=True)
    return told.select(
        pl.when(pl.col("kind") == HISTORY)
        .then(pl.format("the person's history: {} times as likely as for anybody", ratio))
        .otherwise(
            pl.format(
                "{}{}: {} times as frequent in this persona as in general", said, "often", ratio
            )
        )
    ).to_series()
