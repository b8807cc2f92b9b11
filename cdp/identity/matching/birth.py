"""Birth dates as eight digits, whatever form they were written in."""

import polars as pl

# Read from left to right until one fits; day first where it is in doubt and nothing tells better.
_FORMATS = (
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
)
_SLASHED = ("%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d%m%Y", "%m%d%Y")


def birth_dates(column: pl.Series) -> pl.Series:
    """`column` (dates, times or texts) as yyyymmdd; null where it is like no date."""
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return column.dt.strftime("%Y%m%d")
    text = column.cast(pl.String).str.strip_chars().str.replace(r"[T ]\d\d:\d\d.*$", "")
    formats = (*_FORMATS, *_best_first(text))
    # Of a mere year the first day stands for all; that a day is unknown, the frequency tells.
    years = text.str.replace(r"^([12]\d{3})(?:\.0)?$", "${1}0101")
    parsed = years.to_frame("text").select(
        pl.coalesce(pl.col("text").str.to_date(each, strict=False) for each in formats)
    )
    # A mistyped date is no day of the calendar, but one slip away from another record's.
    slipped = years.str.extract(r"^([12]\d{3}[-/.]?\d\d[-/.]?\d\d)$").str.replace_all(r"\D", "")
    return parsed.to_series().dt.strftime("%Y%m%d").fill_null(slipped)


def _best_first(text: pl.Series) -> list[str]:
    """The doubtful formats, first the one that reads most of the column."""
    read = {each: text.str.to_date(each, strict=False).count() for each in _SLASHED}
    return sorted(_SLASHED, key=lambda each: (-read[each], each))
