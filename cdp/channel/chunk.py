"""Raw rows as they came: text cells, their row numbers, and what could not be read as a row."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl
import polars.selectors as cs

from cdp.channel.spec import ROW
from cdp.model.batch import REJECTS, empty

NUL_SIGN = "\u2400"


@dataclass(frozen=True)
class Malformed:
    """A piece of a file that is no row."""

    row: int
    rule: str
    reason: str
    text: str


@dataclass(frozen=True)
class Chunk:
    """Some raw rows of a delivery.

    `frame` has the raw columns and `_row`: the line in a text file (a csv's header is line 1),
    the ordinal from 1 elsewhere. `raw` gives the text of rows by number where the frame does not
    hold them whole; `present` names the source's columns where the frame has not all of them.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame = field(default_factory=lambda: empty(REJECTS))
    raw: Callable[[pl.Series], pl.Series] | None = None
    present: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows read, good and malformed."""
        return self.frame.height + self.rejects.height


def numbered(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    """`frame` with the row number in `_row`, counted from `first`."""
    return frame.with_columns(
        pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True).alias(ROW)
    )


def visible(text: str) -> str:
    """`text` with a sign for NUL, which Postgres holds in no text and no JSON."""
    return text.replace("\0", NUL_SIGN)


def malformed(found: Sequence[Malformed]) -> pl.DataFrame:
    """The rejects of pieces that are no rows; `raw` is the text as a JSON string."""
    return pl.DataFrame(
        {
            "row": [each.row for each in found],
            "field": None,
            "rule": [each.rule for each in found],
            "value": None,
            "reason": [each.reason for each in found],
            "raw": [json.dumps(visible(each.text), ensure_ascii=False) for each in found],
        },
        schema=dict(REJECTS),
    )


def without(frame: pl.DataFrame, null_values: tuple[str, ...]) -> pl.DataFrame:
    """`frame` with null for each text that is one of `null_values`."""
    texts = cs.string()
    return frame.with_columns(pl.when(~texts.is_in(list(null_values))).then(texts))
