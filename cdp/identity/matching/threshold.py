"""From which probability pairs are joined where nobody has said it: as low as precision allows."""

import polars as pl

# The aim, and between which probabilities it may be sought: below, pairs are little more than even
# chances; above, much is lost for little (both measured on every set at hand).
PRECISION = 0.98
LOWEST, HIGHEST = 0.6, 0.8


def merge_threshold(pairs: pl.DataFrame) -> float:
    """The lowest probability from which `PRECISION` of the pairs are expected to be right.

    A probability says how many of such pairs are of one person; so the mean of all above a
    threshold is the precision to be expected there. No label is read.

    Args:
        pairs: with their `probability`.

    Returns:
        A probability between `LOWEST` and `HIGHEST`.
    """
    likely = pairs.filter(pl.col("probability") >= LOWEST)["probability"].sort(descending=True)
    expected = likely.cum_sum() / pl.int_range(1, len(likely) + 1, eager=True)
    lowest = likely.filter(expected >= PRECISION).min()
    return HIGHEST if lowest is None else min(HIGHEST, float(lowest))  # pyright: ignore[reportArgumentType]  numbers alone
