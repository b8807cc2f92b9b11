"""Which pairs of records are worth comparing: blocking rules as data, bounded by counting."""

from collections.abc import Collection, Iterator
from functools import cache
from importlib import resources

import numpy as np
import polars as pl
import polars.selectors as cs
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cdp.identity.matching.text import sound


def _pair(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Both names in one key whatever their order."""
    first, second = pl.min_horizontal(one, other), pl.max_horizontal(one, other)
    return pl.when(one.is_not_null() & other.is_not_null()).then(
        pl.concat_str(first, second, separator="|")
    )


_GIVEN, _FAMILY = pl.col("given"), pl.col("family")
_GIVEN_SOUND, _FAMILY_SOUND = pl.col("given_sound"), pl.col("family_sound")  # see `_parts`
PARTS = {
    "given_start": _GIVEN.str.slice(0, 2),
    "family_start": _FAMILY.str.slice(0, 3),
    "given_sound": _GIVEN_SOUND,
    "family_sound": _FAMILY_SOUND,
    "name_pair": _pair(_GIVEN, _FAMILY),
    "name_pair_sound": _pair(_GIVEN_SOUND, _FAMILY_SOUND),
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
_SHIFT, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)  # two nodes as one number
Indexes = NDArray[np.int64]
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
    is_new = pl.lit(value=True) if new is None else pl.col("node").is_in(new.implode())
    parts = parts.with_columns(is_new=is_new)
    found = [
        pairs
        for by, then, most in spelled
        for pairs in _pairs(_stated(parts, by, then), by, then, most)
    ]
    pair = np.sort(np.concatenate([*found, np.empty(0, dtype=np.uint64)]))
    pair = pair[_first_of_equals(pair)]
    return pl.DataFrame({"left": pair >> _SHIFT, "right": pair & _LOW}).cast(pl.UInt32)


def _parts(nodes: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """The named parts of each node, texts as numbers: all that counts is whether two are equal."""
    sounding = nodes.with_columns(
        given_sound=_sounds(nodes["given"]), family_sound=_sounds(nodes["family"])
    )
    known = sounding.select("node", *(PARTS.get(n, pl.col(n)).alias(n) for n in sorted(names)))
    texts = cs.string()
    return known.with_columns(pl.when(texts.is_not_null()).then(texts.hash()))


def _sounds(names: pl.Series) -> pl.Series:
    """How each name sounds; of many records with one name it is made once."""
    distinct = names.unique().to_frame("name").with_columns(sound=sound(pl.col("name")))
    return names.to_frame("name").join(
        distinct, on="name", how="left", nulls_equal=True, maintain_order="left"
    )["sound"]


def _stated(parts: pl.DataFrame, by: list[str], then: list[str]) -> pl.DataFrame:
    """The parts of the records that have a key; one of several words in a row for each word."""
    stated = parts.select("node", "is_new", *by, *then).drop_nulls(by)
    for name in by:
        if isinstance(stated.schema[name], pl.List):
            stated = stated.explode(name).drop_nulls(name)
    return stated


def _spelled_out(rule: Rule, columns: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """What it goes by, and by what it is narrowed; each column of a kind in the place of the kind."""
    for kind in KINDS:
        if kind in (*rule.by, *rule.then):
            for column in (c for c in columns if c.startswith(f"{kind}_")):
                by, then = ([column if p == kind else p for p in ps] for ps in (rule.by, rule.then))
                yield by, then
            return
    yield list(rule.by), list(rule.then)


def _pairs(
    stated: pl.DataFrame, by: list[str], then: list[str], most: int
) -> Iterator[NDArray[np.uint64]]:
    """The pairs with one key that hold a new record; keys on more than `most` records are narrowed."""
    if stated.is_empty():
        return
    rows, starts = _by_key(stated.select(pl.struct(by).hash()).to_series())
    sizes = np.diff(starts, append=len(rows))
    is_new = stated["is_new"].to_numpy()[rows]
    telling = np.logical_or.reduceat(is_new, starts) & (sizes > 1)
    small = np.repeat(telling & (sizes <= most), sizes)
    nodes = stated["node"].to_numpy().astype(np.uint64)[rows]
    followers = np.repeat(starts + sizes, sizes) - np.arange(1, len(rows) + 1)
    yield _followed(nodes[small], is_new[small], followers[small])
    large = rows[np.repeat(telling & (sizes > most), sizes)]
    if then and len(large):
        yield from _pairs(stated[large].drop_nulls(then[0]), [*by, then[0]], then[1:], most)


def _by_key(keys: pl.Series) -> tuple[Indexes, Indexes]:
    """The rows in the order of their keys, and where in it each key begins.

    Key and row are sorted as one number, many times faster than rows by a key. The key keeps the
    bits that the row does not need; should two keys ever agree in these, they are taken for one.
    """
    bits = np.uint64(len(keys).bit_length())
    packed = np.sort(keys.to_numpy() << bits | np.arange(len(keys), dtype=np.uint64))
    rows = packed & ((np.uint64(1) << bits) - np.uint64(1))
    return rows.astype(np.int64), np.flatnonzero(_first_of_equals(packed >> bits))


def _followed(
    nodes: NDArray[np.uint64], is_new: NDArray[np.bool_], followers: Indexes
) -> NDArray[np.uint64]:
    """Each node with each of so many that follow it, as one number: half the memory of two."""
    first = np.repeat(np.arange(len(nodes)), followers)
    before = np.cumsum(followers) - followers
    second = first + np.arange(1, len(first) + 1) - np.repeat(before, followers)
    one, other = nodes[first], nodes[second]
    wanted = (is_new[first] | is_new[second]) & (one != other)
    return (np.minimum(one, other) << _SHIFT | np.maximum(one, other))[wanted]


def _first_of_equals(ordered: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
