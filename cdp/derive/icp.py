"""Fit: how well traits match ideal customer profiles, column by column."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection

from cdp.derive.registry import known_trait
from cdp.model.expression import All, Condition, Not, TraitIs, every_node
from cdp.model.icp import Criterion, IcpDefinition, Reason
from cdp.store.account import icp as store

FIT = "fit."  # the trait of a company that holds its score is called fit.<name of the profile>
DIGITS = 1


def icps_in_force(tx: Connection) -> list[IcpDefinition]:
    """The profiles in force, by name."""
    return [IcpDefinition.model_validate(document) for document in store.in_force(tx)]


def with_fit(derived: pl.DataFrame, icps: Sequence[IcpDefinition]) -> pl.DataFrame:
    """`derived` (with `subject` and `traits`, JSON text) with the trait fit.<name> of each profile."""
    fits = [icp for icp in icps if icp.subject in derived["subject"]]
    if not fits:
        return derived
    scored = derived.with_columns(
        pl.when(pl.col("subject") == icp.subject).then(score(icp)).alias(f"{FIT}{icp.name}")
        for icp in fits
    )
    parts = [
        pl.format("{}:{}", pl.lit(json.dumps(f"{FIT}{icp.name}")), f"{FIT}{icp.name}")
        for icp in fits
    ]
    body = pl.col("traits").str.strip_prefix("{").str.strip_suffix("}")
    whole = pl.concat_str(pl.when(body != "").then(body), *parts, separator=",", ignore_nulls=True)
    return scored.with_columns(traits=pl.lit("{") + whole + pl.lit("}")).select(derived.columns)


def score(icp: IcpDefinition) -> pl.Expr:
    """The score 0 to 100 of each row, read from its column `traits` (JSON text).

    Declared: the weights of the criteria that hold, as a share of all weights; 0 where a required
    one does not hold. Learnt: the share of the candidates it was learnt from that stand below.
    """
    if icp.calibration is None:
        total = sum(each.weight for each in icp.criteria)
        required = [_holds(each.when) for each in icp.criteria if each.required]
        whole = 100 * weights(icp) / total
        held = pl.all_horizontal(required) if required else pl.lit(value=True)
        return pl.when(held).then(whole).otherwise(0.0).round(DIGITS)
    # One search of each sum: a comparison per bound would read the traits a hundred times.
    bounds = pl.lit(pl.Series(icp.calibration.percentiles[1:]))
    return bounds.search_sorted(weights(icp), side="right").cast(pl.Float64)


def weights(icp: IcpDefinition) -> pl.Expr:
    """The sum of the weights of the criteria that hold."""
    parts = [pl.when(_holds(each.when)).then(each.weight).otherwise(0.0) for each in icp.criteria]
    # Sums of fractions depend on their order at the last digits.
    return pl.sum_horizontal(parts).round(9)


def probability(icp: IcpDefinition, total: float) -> float | None:
    """The probability of a win for a sum of weights; None where it was not learnt."""
    if icp.calibration is None:
        return None
    return 1 / (1 + math.exp(-(icp.calibration.slope * total + icp.calibration.intercept)))


def reasons(icp: IcpDefinition, traits: Mapping[str, Any]) -> list[Reason]:
    """What each criterion says of a company with these traits, the heaviest first."""
    row = pl.DataFrame({"traits": [json.dumps(traits)]})
    met = row.select(_holds(each.when).alias(str(n)) for n, each in enumerate(icp.criteria)).row(0)
    told = [
        Reason(
            criterion=_named(each),
            weight=each.weight,
            required=each.required,
            met=holds,
            actual={name: traits.get(name) for name in read_by(each)},
        )
        for each, holds in zip(icp.criteria, met, strict=True)
    ]
    return sorted(told, key=lambda each: (-abs(each.weight), each.criterion))


def counted(derived: pl.DataFrame, criteria: Sequence[Criterion]) -> dict[str, int]:
    """For how many rows (with `traits`) each criterion holds, by its words."""
    met = derived.select(_holds(each.when).sum().alias(str(n)) for n, each in enumerate(criteria))
    return dict(zip((_named(each) for each in criteria), met.row(0), strict=True))


def unknown(derived: pl.DataFrame, criteria: Sequence[Criterion]) -> dict[str, int]:
    """Of how many rows a trait is not known that a criterion reads, by the trait."""
    names = list(dict.fromkeys(name for each in criteria for name in read_by(each)))
    texts = [pl.col("traits").str.json_path_match(f"$['{name}']") for name in names]
    found = derived.select(
        text.is_null().sum().alias(n) for text, n in zip(texts, names, strict=True)
    )
    return dict(zip(names, found.row(0), strict=True))


def _named(criterion: Criterion) -> str:
    return criterion.name or in_words(criterion.when)


def read_by(criterion: Criterion) -> list[str]:
    """The names of the traits that a criterion reads."""
    nodes = [node for _, node in every_node(criterion.when) if isinstance(node, TraitIs)]
    return list(dict.fromkeys(node.trait for node in nodes))


def in_words(condition: Condition) -> str:
    """A condition in one line."""
    if isinstance(condition, TraitIs):
        tests = " and ".join(f"{name} {value}" for name, value in condition.said().items())
        return f"{condition.trait} {tests}".replace("_", " ")
    if isinstance(condition, Not):
        return f"not ({in_words(condition.not_)})"
    joint = " and " if isinstance(condition, All) else " or "
    return joint.join(f"({in_words(each)})" for _, each in condition.below_it())


def _holds(condition: Condition) -> pl.Expr:
    """Whether a condition on traits holds; never null."""
    if isinstance(condition, TraitIs):
        tests = [_passes(condition, name, wanted) for name, wanted in condition.said().items()]
        return pl.all_horizontal(tests)
    if isinstance(condition, Not):
        return ~_holds(condition.not_)
    parts = [_holds(each) for _, each in condition.below_it()]
    return pl.all_horizontal(parts) if isinstance(condition, All) else pl.any_horizontal(parts)


ORDERED: Mapping[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "is": lambda value, wanted: value == wanted,
    "is_not": lambda value, wanted: value != wanted,
    "in": lambda value, wanted: value.is_in(list(wanted)),
    "not_in": lambda value, wanted: ~value.is_in(list(wanted)),
    "above": lambda value, wanted: value > wanted,
    "at_least": lambda value, wanted: value >= wanted,
    "below": lambda value, wanted: value < wanted,
    "at_most": lambda value, wanted: value <= wanted,
}


def _passes(condition: TraitIs, test: str, wanted: Any) -> pl.Expr:
    path = f"$['{condition.trait}']" + (f"['{condition.key}']" if condition.key else "")
    text = pl.col("traits").str.json_path_match(path)
    if test == "known":
        return text.is_not_null() if wanted else text.is_null()
    if condition.key is None and known_trait(condition.trait).type == "list":
        held = text.str.json_decode(pl.List(pl.String))
        asked = wanted if test == "in" else (wanted,)
        return pl.any_horizontal(held.list.contains(str(each)) for each in asked).fill_null(
            value=False
        )
    if test == "contains":
        part = str(wanted).casefold()
        return text.str.to_lowercase().str.contains(part, literal=True).fill_null(value=False)
    first = wanted[0] if isinstance(wanted, tuple) else wanted
    if isinstance(first, bool):
        value: pl.Expr = text == "true"
        value = pl.when(text.is_not_null()).then(value)
    elif isinstance(first, int | float):
        value = text.cast(pl.Float64, strict=False)
    else:
        value = text
    return ORDERED[test](value, wanted).fill_null(value=False)
