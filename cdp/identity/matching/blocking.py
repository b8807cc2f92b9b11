"""Which pairs of records are worth comparing: blocking rules as data, bounded by counting."""

from collections.abc import Collection, Iterator
from functools import cache
from importlib import resources

import polars as pl
import polars.selectors as cs
import yaml
from pydantic import BaseModel, ConfigDict, Field

from cdp.identity.matching.text import sound


def _pair(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Both names in one key whatever their order."""
    first, second = pl.min_horizontal(one, other), pl.max_horizontal(one, other)
    return pl.when(one.is_not_null() & other.is_not_null()).then(
        pl.concat_str(first, second, separator="|")
    )


_GIVEN, _FAMILY = pl.col("given"), pl.col("family")
PARTS = {
    "given_start": _GIVEN.str.slice(0, 2),
    "family_start": _FAMILY.str.slice(0, 3),
    "given_sound": sound(_GIVEN),
    "family_sound": sound(_FAMILY),
    "name_pair": _pair(_GIVEN, _FAMILY),
    "name_pair_sound": _pair(sound(_GIVEN), sound(_FAMILY)),
    "name_pair_start": _pair(_GIVEN.str.slice(0, 2), _FAMILY.str.slice(0, 2)),
    "birth_year": pl.col("birth").str.slice(0, 4),
    "birth_month": pl.col("birth").str.slice(4, 2),
    "birth_month_day": pl.col("birth").str.slice(4, 4),
    "word": pl.col("names"),
    "local_start": pl.col("local").str.slice(0, 4),
    "phone_tail": pl.col("phone").str.slice(-7),
    "postcode_area": pl.col("postcode").str.slice(0, 3),
    "city_start": pl.col("city").str.slice(0, 3),
}
_SHIFT = 1 << 32  # two nodes as one number
# Parts that stand for every column of a kind: one key each.
KINDS = ("category", "code")


class Rule(BaseModel):
    """One blocking rule: the parts two records must share, and how a frequent key is narrowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: tuple[str, ...]
    then: tuple[str, ...] = ()
    most: int | None = Field(default=None, ge=2, description="instead of that of all rules")


class Blocking(BaseModel):
    """All blocking rules and the size of a key from which it is narrowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: int = Field(ge=2, description="records that share one key")
    rules: tuple[Rule, ...]


@cache
def shipped_blocking() -> Blocking:
    """The rules of `blocking.yaml`."""
    text = (
        resources.files("cdp.identity.matching")
        .joinpath("blocking.yaml")
        .read_text(encoding="utf-8")
    )
    return Blocking.model_validate(yaml.safe_load(text))


def candidate_pairs(
    nodes: pl.DataFrame, blocking: Blocking, new: pl.Series | None = None
) -> pl.DataFrame:
    """Pairs of nodes that share a key of some rule.

    Args:
        nodes: features with the column `node` (unique integers).
        blocking: the rules.
        new: nodes of which a pair must hold at least one; None for all pairs.

    Returns:
        left, right (left < right), each pair once, sorted.
    """
    spelled = [
        (by, then, rule.most or blocking.most)
        for rule in blocking.rules
        for by, then in _spelled_out(rule, nodes.columns)
    ]
    parts = _parts(nodes, {name for by, then, _ in spelled for name in (*by, *then)})
    found = [
        pairs
        for by, then, most in spelled
        for keyed in _keys(parts, by, then, most, new)
        if len(pairs := _pairs(keyed, new))
    ]
    if not found:
        return pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32})
    pair = pl.concat(found).unique().sort()
    return pl.DataFrame({"left": pair // _SHIFT, "right": pair % _SHIFT}).cast(pl.UInt32)


def _parts(nodes: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """The named parts of each node, texts as numbers: all that counts is whether two are equal."""
    known = nodes.lazy().select("node", *(PARTS.get(n, pl.col(n)).alias(n) for n in sorted(names)))
    texts = cs.string()
    return known.with_columns(pl.when(texts.is_not_null()).then(texts.hash())).collect()


def _keys(
    parts: pl.DataFrame, by: list[str], then: list[str], most: int, new: pl.Series | None
) -> Iterator[pl.DataFrame]:
    """node, key of all records that share one with others, but for keys on more than `most`.

    With `new`, only of keys that one of these nodes has.
    """
    stated = parts.select("node", *by, *then).drop_nulls(by)
    for name in by:
        if isinstance(stated.schema[name], pl.List):
            stated = stated.explode(name).drop_nulls(name)
    yield from _narrowed(stated, by, then, most, new)


def _spelled_out(rule: Rule, columns: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """What it goes by, and by what it is narrowed; each column of a kind in the place of the kind."""
    for kind in KINDS:
        if kind in (*rule.by, *rule.then):
            for column in (c for c in columns if c.startswith(f"{kind}_")):
                by, then = ([column if p == kind else p for p in ps] for ps in (rule.by, rule.then))
                yield by, then
            return
    yield list(rule.by), list(rule.then)


def _narrowed(
    parts: pl.DataFrame, by: list[str], then: list[str], most: int, new: pl.Series | None
) -> Iterator[pl.DataFrame]:
    keyed = parts.with_columns(key=pl.struct(by).hash())
    if new is not None:
        held = keyed.filter(pl.col("node").is_in(new.implode())).select("key").unique()
        keyed = keyed.join(held, on="key", how="semi")
    keyed = keyed.with_columns(size=pl.len().over("key"))
    small = keyed.filter(pl.col("size").is_between(2, most))
    yield small.select("node", "key")
    large = keyed.filter(pl.col("size") > most)
    if then and large.height:
        rest = large.drop("key", "size").drop_nulls(then[0])
        yield from _narrowed(rest, [*by, then[0]], then[1:], most, new)


def _pairs(keyed: pl.DataFrame, new: pl.Series | None) -> pl.Series:
    """The pairs of nodes with one key, each as one number: in their millions half the memory."""
    left = keyed if new is None else keyed.filter(pl.col("node").is_in(new.implode()))
    ends = pl.col("node", "node_other").cast(pl.UInt64)
    return (
        left.join(keyed, on="key", suffix="_other")
        .filter(pl.col("node") != pl.col("node_other"))
        .select(pl.min_horizontal(ends) * _SHIFT + pl.max_horizontal(ends))
        .to_series()
        .unique()
    )
