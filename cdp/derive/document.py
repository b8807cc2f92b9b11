"""The conclusions of one profile as one flat JSON document."""

from collections.abc import Sequence
from functools import cache

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
    told = [name for name in whole.columns if name not in ("n", "stated", *due)]
    written = whole.select(due_at.alias("due_at"), traits=_object(whole, told))
    return pl.concat(
        [profiles.select("profile_id", "subject", "folded"), written], how="horizontal"
    ).select("profile_id", "subject", "traits", "due_at", "folded")


def together(profiles: pl.DataFrame, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Columns n, stated and all traits of all frames as columns, in the order of `profiles`."""
    whole = profiles.select("n", "stated")
    for place, frame in enumerate(frames):
        if frame.is_empty():
            continue
        named = frame.rename({"due_at": f"{DUE}{place}"}) if "due_at" in frame.columns else frame
        if named["n"].equals(whole["n"]):  # of all profiles, in their order: nothing is to be found
            whole = whole.hstack(named.drop("n"))
        else:
            whole = whole.join(named, on="n", how="left", maintain_order="left")
    return whole


def as_text(instant: pl.Expr) -> pl.Expr:
    """An instant as text of fixed width, so that the order of texts is the order of times."""
    return instant.dt.strftime(INSTANT)


def json_text(name: str) -> pl.Expr:
    """The value of a column as JSON."""
    whole = pl.struct(value=pl.col(name)).struct.json_encode()
    return whole.str.slice(len('{"value":')).str.strip_suffix("}")


def _object(whole: pl.DataFrame, told: Sequence[str]) -> pl.Expr:
    """One object of `stated` and the columns `told`; what is null is not told."""
    schema = whole.schema
    escaped = _escaped(
        whole, [name for name in told if schema[name] == pl.String and not name.startswith(RAW)]
    )
    entries = [pl.when(pl.col("stated") != "").then("stated")]
    entries += [_entry(name, schema[name], escaped=name in escaped) for name in told]
    body = pl.concat_str(entries, separator=",", ignore_nulls=True)
    return pl.concat_str(pl.lit("{"), body, pl.lit("}"))


def _escaped(whole: pl.DataFrame, texts: Sequence[str]) -> set[str]:
    """Those of the columns `texts` of which some cannot stand in JSON as they are."""
    if not texts:
        return set()
    found = whole.select(pl.col(texts).str.contains(ESCAPED).any())
    return {name for name, escaped in found.row(0, named=True).items() if escaped}


# Writing an expression costs as much as a few rows of it: each is written once.
@cache
def _entry(name: str, kind: pl.DataType, *, escaped: bool) -> pl.Expr:
    """A column's name and value as JSON, null where there is none; what needs no escaping is quick."""
    return pl.lit(f'"{name.removeprefix(RAW)}":') + _value(name, kind, escaped=escaped)


def _value(name: str, kind: pl.DataType, *, escaped: bool) -> pl.Expr:
    column = pl.col(name)
    if name.startswith(RAW):
        return column
    if kind.is_numeric() or kind == pl.Boolean:
        return column.cast(pl.String)
    if isinstance(kind, pl.Datetime):
        return '"' + as_text(column) + '"'
    if kind == pl.String and not escaped:
        return '"' + column + '"'
    return pl.when(column.is_not_null()).then(json_text(name))
