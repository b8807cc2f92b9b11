"""Computed traits that an installation declares in YAML, each an expression in Polars SQL."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from cdp.derive.facts import Facts
from cdp.derive.parameters import Parameters
from cdp.derive.policy import OwnTrait, derive_policy
from cdp.errors import InvalidRequest
from cdp.model.computed import ComputedTrait
from cdp.settings import settings

FAMILY = "own"


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


def derive(facts: Facts, parameters: Parameters, now: datetime) -> pl.DataFrame:
    """Columns n and the traits over events, orders and lines. Raises InvalidRequest naming a wrong one."""
    del parameters, now
    found = facts.profiles.select("n")
    for name, own in facts.policy.own.items():
        if own.over != "traits":
            rows = getattr(facts, own.over)
            found = found.join(_computed(name, own, rows, "GROUP BY n"), on="n", how="left")
    return found if found.width > 1 else found.clear()


def derive_over_traits(traits: pl.DataFrame, own: Mapping[str, OwnTrait]) -> pl.DataFrame:
    """Columns n and the traits over the columns `traits`: n and all other computed traits."""
    found = traits.select("n")
    for name, each in own.items():
        if each.over == "traits":
            found = found.join(_computed(name, each, traits, ""), on="n", how="left")
    return found


def _computed(name: str, own: OwnTrait, rows: pl.DataFrame, grouped: str) -> pl.DataFrame:
    where = f"WHERE {own.where}" if own.where else ""
    query = f'SELECT n, {own.expr} AS "{name}" FROM facts {where} {grouped}'
    try:
        return pl.SQLContext(facts=rows).execute(query, eager=True)
    except pl.exceptions.PolarsError as error:
        columns = ", ".join(rows.columns)
        raise InvalidRequest(
            f"computed_traits.{name}: {' '.join(str(error).split())}; {own.over} has: {columns}"
        ) from None
