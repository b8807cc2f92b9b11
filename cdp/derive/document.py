"""The conclusions of one profile as one flat JSON document."""

from collections.abc import Sequence

import polars as pl

INSTANT = "%Y-%m-%dT%H:%M:%S%.6fZ"
# Columns whose names begin so hold JSON text as it shall stand: objects with free keys.
RAW = "json:"
ESCAPED = r'["\\\x00-\x1f]'  # what JSON cannot hold as it is
DUE = "due:"


def documents(profiles: pl.DataFrame, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Columns profile_id, subject, traits, due_at and folded: stated and computed traits together.

    `frames`: one a family, `n` and its traits, optionally `due_at`; the earliest of these holds.
    """
    whole = together(profiles, frames)
    due = [name for name in whole.columns if name.startswith(DUE)]
    due_at = pl.min_horizontal(due) if due else pl.lit(None, pl.Datetime("us", "UTC"))
    written = whole.select(due_at.alias("due_at"), traits=_object(whole.drop("n", *due)))
    return pl.concat(
        [profiles.select("profile_id", "subject", "folded"), written], how="horizontal"
    ).select("profile_id", "subject", "traits", "due_at", "folded")


def together(profiles: pl.DataFrame, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Columns n, stated and all traits of all frames as columns, in the order of `profiles`."""
    whole = profiles.select("n", "stated")
    for place, frame in enumerate(frames):
        if not frame.is_empty():
            named = frame.rename({"due_at": f"{DUE}{place}"}, strict=False)
            whole = whole.join(named, on="n", how="left", maintain_order="left")
    return whole


def as_text(instant: pl.Expr) -> pl.Expr:
    """An instant as text of fixed width, so that the order of texts is the order of times."""
    return instant.dt.strftime(INSTANT)


def json_text(name: str) -> pl.Expr:
    """The value of a column as JSON."""
    whole = pl.struct(value=pl.col(name)).struct.json_encode()
    return whole.str.slice(len('{"value":')).str.strip_suffix("}")


def _object(whole: pl.DataFrame) -> pl.Expr:
    """One object of `stated`, the columns and the raw columns; what is null is not told."""
    entries = [pl.when(pl.col("stated") != "").then("stated")]
    entries += [
        pl.lit(f'"{name.removeprefix(RAW)}":') + _value(whole[name])
        for name in whole.columns
        if name != "stated"
    ]
    body = pl.concat_str(entries, separator=",", ignore_nulls=True)
    return pl.concat_str(pl.lit("{"), body, pl.lit("}"))


def _value(values: pl.Series) -> pl.Expr:
    """A column's values as JSON, null where there is none; what needs no escaping is quick."""
    column, kind = pl.col(values.name), values.dtype
    if values.name.startswith(RAW):
        return column
    if kind.is_numeric() or kind == pl.Boolean:
        return column.cast(pl.String)
    if isinstance(kind, pl.Datetime):
        return '"' + as_text(column) + '"'
    if kind == pl.String and not values.str.contains(ESCAPED).any():
        return '"' + column + '"'
    return pl.when(column.is_not_null()).then(json_text(values.name))
