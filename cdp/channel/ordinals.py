"""The how-manieth of its like each row of a delivery is, over all its chunks."""

import numpy as np
import polars as pl


class Ordinals:
    """Counts equal texts over the chunks of one delivery.

    Keeps sixteen bytes per different text, in sorted runs that are merged as they grow alike.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []

    def of(self, texts: pl.Series) -> pl.Series:
        """0 for the first occurrence of a text in the delivery, 1 for the second and so on."""
        # The hash only finds equals within this process; it is no part of any id.
        hashes = texts.hash()
        marks, counts = np.unique(hashes.to_numpy(), return_counts=True)
        ordinals = _within(hashes) if len(marks) < len(texts) else None
        before = self._before(marks)
        self._remember(marks, counts)
        if before.any():
            earlier = before[np.searchsorted(marks, hashes.to_numpy())]
            ordinals = pl.Series(earlier, dtype=pl.Int64) + (0 if ordinals is None else ordinals)
        if ordinals is None:
            return pl.zeros(len(texts), dtype=pl.Int64, eager=True)
        return ordinals

    def _before(self, marks: np.ndarray) -> np.ndarray:
        seen = np.zeros(len(marks), dtype=np.int64)
        for run, counts in self._runs:
            place = np.minimum(np.searchsorted(run, marks), len(run) - 1)
            seen += np.where(run[place] == marks, counts[place], 0)
        return seen

    def _remember(self, marks: np.ndarray, counts: np.ndarray) -> None:
        if not len(marks):
            return
        self._runs.append((marks, counts))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            (left, left_counts), (right, right_counts) = self._runs[-2:]
            joined = np.concatenate([left, right])
            order = np.argsort(joined, kind="stable")
            ranked = joined[order]
            starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
            summed = np.add.reduceat(np.concatenate([left_counts, right_counts])[order], starts)
            self._runs[-2:] = [(ranked[starts], summed)]


def _within(hashes: pl.Series) -> pl.Series:
    """Ordinals within one chunk; only the rows that have a like are grouped."""
    twins = hashes.is_duplicated()
    frame = pl.DataFrame({"hash": hashes, "twin": twins}).with_row_index()
    ranks = frame.filter("twin").select(
        "index", ordinal=pl.int_range(pl.len(), dtype=pl.Int64).over("hash")
    )
    return frame.join(ranks, on="index", how="left", maintain_order="left")["ordinal"].fill_null(0)
