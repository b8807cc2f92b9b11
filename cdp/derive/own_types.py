"""Which columns may stand for the declared type of a computed trait, and how they are cast to it."""

from collections.abc import Mapping

import polars as pl

COLUMNS: Mapping[str, pl.DataType] = {
    "string": pl.String(),
    "category": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "money": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "instant": pl.Datetime("us", "UTC"),
    "list": pl.List(pl.String()),
}
TEXTS, DATES = (pl.String, pl.Categorical, pl.Enum), (pl.Date, pl.Datetime)


def gives(declared: str, kind: pl.DataType) -> bool:
    """Whether a column of this kind can stand for a trait of the type `declared`."""
    wanted = COLUMNS[declared]
    if kind == pl.Null:
        return True
    if wanted.is_numeric():
        return kind.is_numeric()
    if wanted == pl.String:
        return kind in TEXTS
    return kind in DATES if wanted in DATES else kind.base_type() == wanted.base_type()


def cast_as(declared: str, name: str) -> pl.Expr:
    """The column as one of the type `declared`.

    Whole numbers are rounded; what divides by zero, is no number or does not fit is null.
    """
    column, wanted = pl.col(name), COLUMNS[declared]
    if wanted.is_integer():
        return column.round().cast(wanted, strict=False)
    if wanted.is_float():
        number = column.cast(wanted)
        return pl.when(number.is_finite()).then(number).alias(name)
    return column.cast(wanted).list.drop_nulls() if wanted == pl.List else column.cast(wanted)
