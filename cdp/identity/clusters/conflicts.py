"""Which connected components hold a conflict, so that only they need the careful pass."""

from collections.abc import Callable

import numpy as np
import polars as pl

from cdp.identity.clusters.graph import Graph, Ints, by_namespace
from cdp.identity.clusters.likeness import apart_dates, plain_name, unlike_plain_names
from cdp.identity.policy.declaration import IdentityPolicy, Veto

# A component with more different names or dates counts as one with a conflict without a look at
# all pairs of them: the careful pass is right for any component, only slower.
MOST_COMPARED = 12


def with_comparable_facts(records: pl.DataFrame, policy: IdentityPolicy) -> pl.DataFrame:
    """`records` with `plain_name`, `plain_family`, and without the birth dates that forms fill in."""
    placeholders = list(policy.placeholder_birth_dates)
    return records.with_columns(
        plain_name=_plain(records["given_name"]),
        plain_family=_plain(records["family_name"]),
        birth_date=pl.when(~pl.col("birth_date").is_in(placeholders)).then("birth_date"),
    )


def _plain(names: pl.Series) -> pl.Series:
    """Each name in its plain form; of many records with one name it is made once."""
    plain = {name: plain_name(name) for name in names.unique().drop_nulls()}
    return names.replace_strict(plain, default=None, return_dtype=pl.String)


def components_with_conflicts(
    persons: pl.DataFrame, graph: Graph, components: Ints, policy: IdentityPolicy
) -> Ints:
    """The components (by their oldest record) in which any guard or decision has something to say."""
    reach = _Reach(graph.edges, components, policy)
    persons = persons.with_columns(component=pl.Series(components))
    return np.unique(
        np.concatenate(
            [
                _with_too_many_ids(graph, components, reach, policy),
                _with_conflicts(
                    persons.filter(reach.of("given_names")), "plain_name", unlike_plain_names
                ),
                _with_conflicts(
                    _lacking_names(persons.filter(reach.of("given_names"))),
                    "plain_family",
                    unlike_plain_names,
                ),
                _with_conflicts(persons.filter(reach.of("birth_dates")), "birth_date", apart_dates),
                _suspicious(persons, policy),
                _kept_apart(graph, components),
            ]
        )
    )


class _Reach:
    """How far the edges of each kind reach: masks over records."""

    def __init__(self, edges: pl.DataFrame, components: Ints, policy: IdentityPolicy) -> None:
        self._edges = edges
        self._components = components
        self._policy = policy

    def of(self, veto: Veto | None = None) -> np.ndarray:
        """Whether a record's component has an edge at all, or one open to `veto`."""
        edges = self._edges
        if veto is not None:
            open_to = by_namespace(self._policy, lambda g: veto in g.vetoes, pl.Boolean)
            edges = edges.filter(open_to)
        reached = np.zeros(len(self._components), dtype=bool)
        reached[self._components[edges["node"].to_numpy()]] = True
        return reached[self._components]


def _with_too_many_ids(
    graph: Graph, components: Ints, reach: _Reach, policy: IdentityPolicy
) -> Ints:
    """Components above a limit, or with two values of a strong namespace and an edge open to that."""
    nodes = graph.claims["node"].to_numpy()
    counted = (
        graph.claims.with_columns(
            component=components[nodes], open_to_strong=reach.of("strong_ids")[nodes]
        )
        .filter(pl.Series(reach.of()[nodes]) & by_namespace(policy, lambda g: g.parts, pl.Boolean))
        .group_by("component", "namespace")
        .agg(
            values=pl.col("code").n_unique().cast(pl.Int64),
            open_to_strong=pl.first("open_to_strong"),
        )
    )
    limit = by_namespace(policy, lambda g: g.per_profile, pl.Int64)
    strong = by_namespace(policy, lambda g: g.strong, pl.Boolean) & pl.col("open_to_strong")
    conflict = (pl.col("values") > limit).fill_null(value=False) | (strong & (pl.col("values") > 1))
    return counted.filter(conflict)["component"].to_numpy()


def _suspicious(persons: pl.DataFrame, policy: IdentityPolicy) -> Ints:
    """Components that hold more than one profile may."""
    most = policy.cluster
    sizes = np.bincount(persons["component"].to_numpy())
    facts = {"plain_name": most.most_given_names, "birth_date": most.most_birth_dates}
    found = [np.flatnonzero(sizes > most.most_records)] if most.most_records is not None else []
    for fact, limit in facts.items():
        if limit is not None:
            large = persons.filter(pl.Series(sizes[persons["component"].to_numpy()] > limit))
            told = large.group_by("component").agg(pl.col(fact).drop_nulls().n_unique())
            found.append(told.filter(pl.col(fact) > limit)["component"].to_numpy())
    return np.concatenate([*found, np.empty(0, dtype=np.int64)])


def _lacking_names(persons: pl.DataFrame) -> pl.DataFrame:
    """The members of components in which somebody states no given name."""
    return persons.filter(pl.col("plain_name").is_null().any().over("component"))


def _kept_apart(graph: Graph, components: Ints) -> Ints:
    """Components with both sides of a cannot-link in them."""
    sided = graph.apart.with_columns(component=components[graph.apart["node"].to_numpy()])
    sides = sided.group_by("component", "decision_id").agg(pl.col("side").n_unique())
    return sides.filter(pl.col("side") > 1)["component"].to_numpy()


def _with_conflicts(
    persons: pl.DataFrame, fact: str, differ: Callable[[pl.Series, pl.Series], pl.Series]
) -> Ints:
    """Components of which two members state a `fact` that plainly differs."""
    stated = persons.select("component", fact).drop_nulls()
    # The ends of the hashes tell cheaply where all members agree, which is nearly everywhere.
    ends = stated.select("component", hash=pl.col(fact).hash()).group_by("component")
    differing = ends.agg(pl.min("hash").alias("low"), pl.max("hash").alias("high")).filter(
        pl.col("low") != pl.col("high")
    )
    facts = stated.join(differing, on="component", how="semi").unique()
    counted = facts.with_columns(facts=pl.len().over("component"))
    few = counted.filter(pl.col("facts") <= MOST_COMPARED).select("component", fact)
    pairs = few.join(few, on="component", suffix="_other").filter(
        pl.col(fact) < pl.col(f"{fact}_other")
    )
    distinct = pairs.select(fact, f"{fact}_other").unique()
    differing = distinct.filter(differ(distinct[fact], distinct[f"{fact}_other"]))
    conflicting = pairs.join(differing, on=[fact, f"{fact}_other"], how="semi")
    many = counted.filter(pl.col("facts") > MOST_COMPARED)
    return pl.concat([conflicting["component"], many["component"]]).unique().to_numpy()
