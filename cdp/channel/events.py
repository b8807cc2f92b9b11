"""What happened: the events of the rows, one per row or one per group of rows."""

from collections.abc import Iterator

import polars as pl

from cdp.channel.faults import Faults
from cdp.channel.ordinals import Ordinals
from cdp.channel.outputs import KEY
from cdp.channel.spec import Event
from cdp.channel.statements import json_object
from cdp.model.batch import EVENTS, empty

OWN = tuple(
    name for name in EVENTS if name not in ("record_key", "message_id", "kind", "properties")
)
CURRENCY = r"^[A-Z]{3}$"
SEPARATOR = "\x1f"


def check(out: pl.DataFrame, event: Event, n: int, faults: Faults) -> None:
    """Tell `faults` the rows whose event (the `n`th) lacks its time, key or currency."""
    for field, rule, reason, bad in _rules(out, event, n):
        happens = pl.col(f"e{n}.where") if event.where else pl.lit(value=True)
        found = out.select(bad=(bad & happens).fill_null(value=False))["bad"]
        faults.add(found, f"events.{event.kind}.{field}", rule, reason, out[f"e{n}.{field}"])


def _rules(out: pl.DataFrame, event: Event, n: int) -> Iterator[tuple[str, str, str, pl.Expr]]:
    """Field, rule, reason and the condition under which a row breaks the rule."""
    yield "occurred_at", "required", "is empty", pl.col(f"e{n}.occurred_at").is_null()
    if event.key:
        yield "key", "required", "is empty", pl.col(f"e{n}.key").is_null()
    if f"e{n}.currency" in out.columns:
        currency = pl.col(f"e{n}.currency")
        if event.amount:
            lacking = pl.col(f"e{n}.amount").is_not_null() & currency.is_null()
            yield "currency", "required", "an amount has no currency", lacking
        codes = out[f"e{n}.currency"].unique().drop_nulls()
        wrong = codes.filter(~codes.str.contains(CURRENCY))
        yield (
            "currency",
            "currency",
            "is no ISO 4217 code like EUR",
            currency.is_in(wrong.implode()),
        )
    if event.score:
        beyond = ~pl.col(f"e{n}.score").is_between(-1, 1)
        yield "score", "range", "is not between -1 and 1", beyond


def events(out: pl.DataFrame, event: Event, n: int, ordinals: Ordinals) -> pl.DataFrame:
    """The `n`th event of each row of `out` in which it happens."""
    rows = out.filter(f"e{n}.where") if event.where else out
    if rows.is_empty():
        return empty(EVENTS)
    made = rows.select(
        pl.col(KEY).alias("record_key"),
        pl.lit(event.kind).alias("kind"),
        *(_own(rows, f"e{n}.{name}", name) for name in OWN),
        json_object(rows, {key: pl.col(f"e{n}.p.{key}") for key in event.properties}).alias(
            "properties"
        ),
    )
    if event.key:
        ids = rows.select(id=pl.concat_str(pl.lit(f"{event.kind}:"), f"e{n}.key"))["id"]
    else:
        ids = _content_ids(made, ordinals)
    return made.with_columns(message_id=ids).select(list(EVENTS))


def _content_ids(made: pl.DataFrame, ordinals: Ordinals) -> pl.Series:
    """The whole content as an id, and the how-manieth of its like in this delivery.

    The same row in another delivery gets the same id, so that sending it again adds nothing.
    """
    parts = [_as_text(made, name) for name in made.columns]
    texts = made.select(id=pl.concat_str(parts, separator=SEPARATOR))["id"]
    ordinal = ordinals.of(texts)
    if ordinal.max() in (0, None):
        return texts
    return texts.zip_with(ordinal == 0, texts + SEPARATOR + ordinal.cast(pl.String))


def _own(rows: pl.DataFrame, column: str, name: str) -> pl.Expr:
    if column in rows.columns:
        return pl.col(column).alias(name)
    return pl.lit(None, EVENTS[name]).alias(name)


def _as_text(made: pl.DataFrame, name: str) -> pl.Expr:
    if made[name].null_count() == made.height:
        return pl.lit("")
    value = pl.col(name).dt.epoch("us") if name == "occurred_at" else pl.col(name)
    text = value if made.schema[name] == pl.String else value.cast(pl.String)
    return text.fill_null("") if made[name].null_count() else text
