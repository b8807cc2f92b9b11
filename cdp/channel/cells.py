"""From cells to typed values, column-wise; a cell that does not read becomes null."""

import re
from collections.abc import Callable, Mapping

import polars as pl

from cdp.channel.columns import EPOCHS, Column
from cdp.model.batch import MONEY, UTC

TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
)
DATES = ("%Y-%m-%d", *TIMES[:-1])
YES = ["true", "t", "yes", "y", "1", "1.0"]
NO = ["false", "f", "no", "n", "0", "0.0"]


def typed(cells: pl.Series, column: Column) -> pl.Series:
    """`cells` as the column's type; what does not read as it is null, as are empty cells.

    integer: Int64; number: Float64; money: Decimal(18,4), rounded to four decimals; boolean;
    date; datetime: UTC; list: of strings; string.
    """
    return _READERS[column.type](cells, column)


def _string(cells: pl.Series, _: Column) -> pl.Series:
    if cells.dtype == pl.Boolean:
        return cells.cast(pl.String)
    return cells if cells.dtype == pl.String else cells.cast(pl.String, strict=False)


def _integer(cells: pl.Series, column: Column) -> pl.Series:
    if cells.dtype.is_integer():
        return cells.cast(pl.Int64, strict=False)
    if cells.dtype == pl.String and not _grouped(column):
        read = cells.cast(pl.Int64, strict=False)
        if _complete(read, cells):
            return read
    # Exports of spreadsheets and pandas write 3 as 3.0 once a column has a gap.
    figures = _number(cells, column)
    return figures.cast(pl.Int64, strict=False).set(figures != figures.floor(), None)


def _number(cells: pl.Series, column: Column) -> pl.Series:
    read = _figure(cells, column, pl.Float64())
    return read.set(~read.is_finite().fill_null(value=True), None)


def _money(cells: pl.Series, column: Column) -> pl.Series:
    return _figure(cells, column, MONEY)


def _figure(cells: pl.Series, column: Column, dtype: pl.DataType) -> pl.Series:
    if cells.dtype != pl.String:
        return cells.cast(dtype, strict=False)
    if not _grouped(column):
        read = cells.cast(dtype, strict=False)
        if _complete(read, cells):
            return read
    return _plain_figures(cells, column).cast(dtype, strict=False)


def _grouped(column: Column) -> bool:
    return column.decimal == "," or column.thousands is not None


def _plain_figures(cells: pl.Series, column: Column) -> pl.Series:
    """The figures as 1234.5, null where a cell is no figure in the column's notation.

    Groups of thousands must have three digits, lest a 12.50 among 1.234,00 be read as 1250.
    """
    point = re.escape(column.decimal or ".")
    group = re.escape(column.thousands) if column.thousands else None
    whole = rf"(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)" if group else r"\d+"
    figure = rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"
    if column.type == "money":
        unit = rf"(?:{column.currency or '[A-Z]{3}'}|R\$|\p{{Sc}})"
        pattern = rf"^\s*(?:{unit}\s*)?({figure})(?:\s*{unit})?\s*$"
    else:
        pattern = rf"^\s*({figure})\s*$"
    plain = cells.str.extract(pattern)
    if column.thousands:
        plain = plain.str.replace_all(column.thousands, "", literal=True)
    return plain.str.replace(column.decimal or ".", ".", literal=True)


def _boolean(cells: pl.Series, _: Column) -> pl.Series:
    if cells.dtype == pl.Boolean:
        return cells
    words = cells.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    yes = words.is_in(YES)
    return yes.set(~(yes | words.is_in(NO)), None)


def _date(cells: pl.Series, column: Column) -> pl.Series:
    if cells.dtype == pl.Date:
        return cells
    if cells.dtype.is_temporal():
        return cells.cast(pl.Date, strict=False)
    return _first_reading(
        cells, column.format or DATES, lambda text, form: _moment(text, form).cast(pl.Date)
    )


def _datetime(cells: pl.Series, column: Column) -> pl.Series:
    if cells.dtype == pl.Date:
        cells = cells.cast(pl.Datetime("us"))
    if cells.dtype.is_temporal():
        return _in_utc(cells, column.timezone)
    return _first_reading(
        cells,
        column.format or TIMES,
        lambda text, form: _in_utc(_moment(text, form), column.timezone),
    )


def _moment(text: pl.Series, form: str) -> pl.Series:
    if form in EPOCHS:
        count = text.cast(pl.Float64, strict=False)
        factor = 1_000_000 if EPOCHS[form] == "s" else 1_000
        return (count * factor).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
    return text.str.to_datetime(form, strict=False, time_unit="us")


def _in_utc(times: pl.Series, zone: str) -> pl.Series:
    if getattr(times.dtype, "time_zone", None) is None:
        times = _located(times, zone)
    found = times.dt.convert_time_zone("UTC").cast(UTC)
    return found.set(~found.dt.year().is_between(1, 9999), None)  # as far as others read times


def _located(times: pl.Series, zone: str) -> pl.Series:
    found = times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if _complete(found, times):
        return found
    # Where clocks go forward at midnight, the day begins at one o'clock.
    skipped = found.is_null() & (times.dt.truncate("1d") == times)
    begin = times.dt.offset_by("1h").dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    return found.zip_with(~skipped.fill_null(value=False), begin)


def _first_reading(
    cells: pl.Series, formats: tuple[str, ...], read: Callable[[pl.Series, str], pl.Series]
) -> pl.Series:
    text = cells.cast(pl.String, strict=False)
    sample = text.drop_nulls().head(1)
    # The form of the first cell goes first: nearly always it is the only one needed.
    ordered = sorted(formats, key=lambda form: read(sample, form).null_count())
    found = read(text, ordered[0])
    for form in ordered[1:]:
        if _complete(found, cells):
            return found
        found = found.zip_with(found.is_not_null(), read(text, form))
    if not _complete(found, cells) and text.str.contains(r"^\s|\s$").any():
        return _first_reading(text.str.strip_chars(), formats, read)
    return found


def _list(cells: pl.Series, column: Column) -> pl.Series:
    if isinstance(cells.dtype, pl.List):
        return cells.cast(pl.List(pl.String), strict=False)
    if column.separator:
        parts = cells.str.split(column.separator)
        return parts.list.eval(pl.element().str.strip_chars())
    array = cells.str.json_path_match("$").is_not_null() & cells.str.contains(r"^\s*\[")
    return cells.set(~array.fill_null(value=False), None).str.json_decode(pl.List(pl.String))


def _complete(read: pl.Series, cells: pl.Series) -> bool:
    return read.null_count() == cells.null_count()


_READERS: Mapping[str, Callable[[pl.Series, Column], pl.Series]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "money": _money,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "list": _list,
}
