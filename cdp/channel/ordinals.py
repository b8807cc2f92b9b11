"""The how-manieth of its like each row of a delivery is, over all its chunks."""

import numpy as np
import polars as pl


class Ordinals:
    """Counts equal texts over the chunks of one delivery.

    Keeps eight bytes per row: sorted runs, two of which are merged once they are nearly alike.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def of(self, texts: pl.Series) -> pl.Series:
        """0 for the first occurrence of a text in the delivery, 1 for the second and so on."""
        # The hash only finds equals within this process; it is no part of any id.
        hashes = texts.hash().alias("hash")
        ordered = np.sort(hashes.to_numpy())
        ordinals = pl.zeros(len(texts), dtype=pl.Int64, eager=True)
        twins = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if len(twins):
            ordinals = _within(hashes, pl.Series(twins))
        for run in self._runs:
            ordinals += _earlier(run, ordered, hashes)
        self._remember(ordered)
        return ordinals

    def _remember(self, ordered: np.ndarray) -> None:
        if len(ordered):
            self._runs.append(ordered)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            merged = np.concatenate(self._runs[-2:])
            del self._runs[-2:]
            merged.sort()
            self._runs.append(merged)


def _within(hashes: pl.Series, twins: pl.Series) -> pl.Series:
    """Ordinals within one chunk; only the rows that have a like, the `twins`, are grouped."""
    frame = hashes.to_frame().with_row_index()
    ranks = frame.filter(hashes.is_in(twins.implode())).select(
        "index", ordinal=pl.int_range(pl.len(), dtype=pl.Int64).over("hash")
    )
    return _looked_up(frame, ranks, "index", "ordinal")


def _earlier(run: np.ndarray, ordered: np.ndarray, hashes: pl.Series) -> pl.Series | int:
    """How often each hash stands in an earlier run."""
    place = np.minimum(np.searchsorted(run, ordered), len(run) - 1)
    known = np.unique(ordered[run[place] == ordered])
    if not len(known):
        return 0
    times = np.searchsorted(run, known, "right") - np.searchsorted(run, known, "left")
    counts = pl.DataFrame(
        {"hash": known, "times": times}, schema={"hash": pl.UInt64, "times": pl.Int64}
    )
    return _looked_up(hashes.to_frame(), counts, "hash", "times")


def _looked_up(frame: pl.DataFrame, found: pl.DataFrame, by: str, wanted: str) -> pl.Series:
    return frame.join(found, on=by, how="left", maintain_order="left")[wanted].fill_null(0)
