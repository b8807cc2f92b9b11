"""Why rows are not taken: the first fault of each row, with field, rule, value and reason."""

from collections.abc import Callable

import polars as pl

from cdp.channel.chunk import NUL_SIGN
from cdp.channel.spec import ROW
from cdp.model.batch import REJECTS, empty

Raw = Callable[[pl.Series], pl.Series]


class Faults:
    """The faults found in the rows of one frame, in the order in which they are looked for.

    `rows` are the row numbers of the frame, or a list of them for each group of rows.
    """

    def __init__(self, rows: pl.Series) -> None:
        self._rows = rows
        self._found: list[pl.DataFrame] = []

    def add(
        self, bad: pl.Series, field: str, rule: str, reason: str, values: pl.Series | None = None
    ) -> None:
        """`bad` rows of the frame break `rule` at `field`, where they say `values`."""
        if not bad.any():
            return
        rows = self._rows.filter(bad)
        said = pl.lit(None, pl.String) if values is None else _texts(values.filter(bad))
        found = pl.DataFrame({"row": rows}).with_columns(
            field=pl.lit(field), rule=pl.lit(rule), value=said, reason=pl.lit(reason)
        )
        self._found.append(found.explode("row") if rows.dtype == pl.List else found)

    def add_unread(self, read: pl.Series, said: pl.Series, field: str, reason: str) -> None:
        """Rows where `said` has a value but what was `read` from it has none."""
        if read.null_count() != said.null_count():
            self.add(read.is_null() & said.is_not_null(), field, "type", reason, said)

    def add_rows(self, rows: pl.Series, field: str, rule: str, reason: str) -> None:
        """Rows told by their numbers."""
        other = Faults(rows)
        other.add(rows.is_not_null(), field, rule, reason)
        self.take(other)

    def take(self, other: "Faults") -> None:
        """The faults of `other` as well."""
        self._found += other._found  # noqa: SLF001 - of the same class

    @property
    def rows(self) -> pl.Series:
        """The numbers of the rows with a fault."""
        found = [frame["row"] for frame in self._found]
        return pl.concat(found).unique() if found else pl.Series([], dtype=pl.Int64)

    def rejects(self, raw: Raw) -> pl.DataFrame:
        """One line per row with its first fault, and the row as it came."""
        if not self._found:
            return empty(REJECTS)
        first = pl.concat(self._found).unique("row", keep="first", maintain_order=True).sort("row")
        return first.with_columns(raw=raw(first["row"])).cast(dict(REJECTS))  # pyright: ignore[reportArgumentType]


def _texts(values: pl.Series) -> pl.Series:
    if values.dtype.is_nested():
        return values.to_frame("value").select(pl.struct("value").struct.json_encode())["value"]
    return values.cast(pl.String, strict=False).str.replace_all("\0", NUL_SIGN, literal=True)


def raw_rows(frame: pl.DataFrame) -> Raw:
    """The rows of a raw frame as JSON objects, by number."""

    def texts(rows: pl.Series) -> pl.Series:
        found = frame.filter(pl.col(ROW).is_in(rows.implode())).unique(ROW, keep="first").sort(ROW)
        found = found.with_columns(pl.col(pl.String).str.replace_all("\0", NUL_SIGN, literal=True))
        return found.select(pl.struct(pl.exclude(ROW)).struct.json_encode().alias("raw"))["raw"]

    return texts
