"""Computed traits that an installation declares in YAML, each an expression in Polars SQL."""

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

import polars as pl

from cdp.derive.document import RAW
from cdp.derive.facts import Facts
from cdp.derive.own_types import COLUMNS, cast_as, gives
from cdp.derive.parameters import Parameters
from cdp.derive.policy import OwnTrait, derive_policy
from cdp.errors import InvalidRequest
from cdp.model.computed import ComputedTrait
from cdp.settings import settings

FAMILY = "own"
OF_OTHERS = re.compile(r"\b(over\s*\(|now\s*\(|current_(date|time|timestamp)\b)", re.IGNORECASE)
QUOTED = re.compile("'[^']*'")
CAST = re.compile(r"'[^']*'|\bcast\s*\(", re.IGNORECASE)
MOST_TRIES = 1_000  # of halves of some profiles, about 1 ms each
FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
PERHAPS_PERSONAL = re.compile(r"""["'\[\n].*""", re.DOTALL)  # Polars tells the values at fault
log = logging.getLogger("cdp.derive")


def declared_traits() -> Mapping[str, ComputedTrait]:
    """The traits under `computed_traits` of CDP_POLICY."""
    return {
        name: ComputedTrait(
            name=name,
            type=own.type,
            unit=own.unit,
            meaning=own.meaning,
            formula=own.expr + (f" where {own.where}" if own.where else ""),
            inputs=(own.over,),
            version=own.version,
            family=FAMILY,
        )
        for name, own in derive_policy(settings().policy).own.items()
    }


def check(own: Mapping[str, OwnTrait], facts: Facts, known: Mapping[str, ComputedTrait]) -> None:
    """Raises InvalidRequest naming a trait whose expression cannot be, or is of another type.

    `facts`: of nobody; `known`: all other computed traits.
    """
    over_rows = {name: each.type for name, each in own.items() if each.over != "traits"}
    for name, each in own.items():
        if found := OF_OTHERS.search(QUOTED.sub("", f"{each.expr} {each.where}")):
            raise InvalidRequest(
                f"computed_traits.{name}: {found[1]!r} cannot be in it: a trait is of one profile and does "
                "not move with time; keep the instant, and compare it where it is used"
            )
        if each.over == "traits":
            rows = _readable(pl.DataFrame(schema={"n": pl.Int32}), known, over_rows)
        else:
            rows = getattr(facts, each.over)
        try:
            kind = _found(each, rows).schema["value"]
        except FAULTS as error:
            told = str(error).split("\n", 1)[0].split("; valid columns", 1)[0]
            raise InvalidRequest(
                f"computed_traits.{name}: {told}; {each.over} has: {', '.join(rows.columns)}"
            ) from None
        if not gives(each.type, kind):
            fit = ", ".join(other for other in COLUMNS if gives(other, kind))
            raise InvalidRequest(
                f"computed_traits.{name}: the type is {each.type}, but the expression gives {kind}; "
                + (f"that can be: {fit}" if fit else "no type is like that: cast it")
            )


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits over events, orders and lines."""
    del parameters, now
    found = facts.profiles.select("n")
    for name, own in facts.policy.own.items():
        if own.over != "traits":
            rows = getattr(facts, own.over)
            # What is first or last is so by time; of equal times the rest decides, every time alike.
            rows = rows.sort("n", "at", *(each for each in rows.columns if each not in ("n", "at")))
            found = found.join(_told(name, own, rows), on="n", how="left", maintain_order="left")
    return found if found.width > 1 else found.clear()


def derive_over_traits(
    traits: pl.DataFrame, own: Mapping[str, OwnTrait], known: Mapping[str, ComputedTrait]
) -> pl.DataFrame:
    """Columns n and the traits over the columns `traits`: n and what was found of those `known`."""
    found = traits.select("n")
    over_rows = {name: each.type for name, each in own.items() if each.over != "traits"}
    rows = _readable(traits, known, over_rows)
    for name, each in own.items():
        if each.over == "traits":
            found = found.join(_told(name, each, rows), on="n", how="left", maintain_order="left")
    return found if found.width > 1 else found.clear()


def _readable(
    traits: pl.DataFrame, known: Mapping[str, ComputedTrait], own: Mapping[str, str]
) -> pl.DataFrame:
    """Column n and one for each trait that an expression can read, also where it is nobody's."""
    types = {**{name: each.type for name, each in known.items()}, **own}
    return traits.select(
        "n",
        *(
            (pl.col(name) if name in traits.columns else pl.lit(None))
            .cast(COLUMNS[kind])
            .alias(name)
            for name, kind in types.items()
            if kind in COLUMNS and f"{RAW}{name}" not in traits.columns
        ),
    )


def _told(name: str, own: OwnTrait, rows: pl.DataFrame) -> pl.DataFrame:
    """Columns n and the trait; unknown of those on whose data the expression fails, which is logged."""
    failed: list[str] = []
    found = _where_it_can_be(own, rows, failed, iter(range(MOST_TRIES)))
    if failed:
        log.warning(
            "computed_traits.%s is unknown of %d profiles: %s", name, len(failed), failed[0]
        )
    return found.rename({"value": name})


def _where_it_can_be(
    own: OwnTrait, rows: pl.DataFrame, failed: list[str], tries: Iterator[int]
) -> pl.DataFrame:
    """Columns n and value of those on whose data the expression does not fail; else why into `failed`.

    Where it fails on very many, `tries` end and some beside them are given up.
    """
    try:
        return _found(own, rows).select("n", cast_as(own.type, "value"))
    except FAULTS as error:
        people = rows["n"].unique().sort()
        if people.len() == 1 or next(tries, None) is None:
            failed += [PERHAPS_PERSONAL.sub("", str(error)).strip()] * people.len()
            return pl.DataFrame(schema={"n": pl.Int32, "value": COLUMNS[own.type]})
        later = pl.col("n") >= people[people.len() // 2]
        return pl.concat(
            _where_it_can_be(own, rows.filter(half), failed, tries) for half in (~later, later)
        )


def _found(own: OwnTrait, rows: pl.DataFrame) -> pl.DataFrame:
    where = f"WHERE ({_lenient(own.where)})" if own.where else ""
    grouped = "" if own.over == "traits" else "GROUP BY n"
    query = f"SELECT n, ({_lenient(own.expr)}) AS value FROM facts {where} {grouped}"
    return pl.SQLContext(facts=rows).execute(query, eager=True)


def _lenient(expression: str) -> str:
    """With every cast such that what cannot be cast is null: one bad text would fail for all."""
    return CAST.sub(lambda said: said[0] if said[0][0] == "'" else "try_cast(", expression)
