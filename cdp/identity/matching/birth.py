"""Birth dates as eight digits, whatever form they were written in."""

from collections.abc import Sequence

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
    # Many people have one birthday: each is read once.
    stated = column.cast(pl.String).alias("stated").to_frame()
    known = stated.group_by("stated").len(name="records").sort("stated")
    read = known.with_columns(birth=_read(known["stated"], known["records"]))
    told = stated.join(read, on="stated", how="left", nulls_equal=True, maintain_order="left")
    return told["birth"].alias(column.name)


def _read(stated: pl.Series, records: pl.Series) -> pl.Series:
    """Each of the `stated` dates, which are those of so many `records`, as eight digits."""
    text = stated.str.strip_chars().str.replace(r"[T ]\d\d:\d\d.*$", "")
    # Of a mere year the first day stands for all; that a day is unknown, the frequency tells.
    years = text.str.replace(r"^([12]\d{3})(?:\.0)?$", "${1}0101")
    parsed = _parsed(years, _FORMATS)
    if parsed.null_count() > text.null_count():
        parsed = parsed.fill_null(_parsed(years, _best_first(text, records)))
    # A mistyped date is no day of the calendar, but one slip away from another record's.
    slipped = years.str.extract(r"^([12]\d{3}[-/.]?\d\d[-/.]?\d\d)$").str.replace_all(r"\D", "")
    return parsed.dt.strftime("%Y%m%d").fill_null(slipped)


def _parsed(text: pl.Series, formats: Sequence[str]) -> pl.Series:
    """Each text as a date by the first of the formats that fits."""
    each = [pl.col("text").str.to_date(form, strict=False) for form in formats]
    return text.to_frame("text").select(pl.coalesce(each)).to_series()


def _best_first(text: pl.Series, records: pl.Series) -> list[str]:
    """The doubtful formats, first the one that reads most of the records."""
    read = {
        each: records.filter(text.str.to_date(each, strict=False).is_not_null()).sum()
        for each in _SLASHED
    }
    return sorted(_SLASHED, key=lambda each: (-read[each], each))
