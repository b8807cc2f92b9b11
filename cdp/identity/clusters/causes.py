"""By which identifier or link each record hangs on in its profile."""

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from cdp.identity.clusters.graph import Ints, carried_twice, codes_of, strength
from cdp.identity.policy.declaration import IdentityPolicy

_NONE = np.iinfo(np.int64).max


def links_of(edges: pl.DataFrame, profiles: Ints, policy: IdentityPolicy) -> pl.DataFrame:
    """One value and one neighbour for each record but the oldest of its profile: a tree.

    A record hangs by the strongest value that it shares with an older record of its profile, on
    the oldest that carries it. Where a later record bridged two older ones, so that one of them
    shares nothing with an older record, the profile's tree of strongest links is taken instead.

    Returns:
        node, namespace, value, via.
    """
    within = _within_profiles(edges, profiles, policy)
    nodes, codes, ranks = (within[name].to_numpy() for name in ("node", "code", "rank"))
    oldest = _smallest(codes, nodes, codes.max(initial=-1) + 1)[codes]
    older = oldest < nodes
    best = _smallest(nodes[older], ranks[older], len(profiles))
    bridged = np.zeros(len(profiles), dtype=bool)
    bridged[profiles[nodes[(best[nodes] == _NONE) & (profiles[nodes] != nodes)]]] = True
    direct = older & (ranks == best[nodes]) & ~bridged[profiles[nodes]]
    links = within.with_columns(via=oldest).filter(direct)
    rest = bridged[profiles[nodes]]
    tree = _tree(within.filter(rest), profiles) if rest.any() else links.clear()
    return pl.concat(
        [frame.select("node", "namespace", "value", "via") for frame in (links, tree)]
    ).sort("node")


def _smallest(groups: Ints, values: Ints, size: int) -> Ints:
    smallest = np.full(size, _NONE)
    np.minimum.at(smallest, groups, values)
    return smallest


def _within_profiles(edges: pl.DataFrame, profiles: Ints, policy: IdentityPolicy) -> pl.DataFrame:
    """`edges` with one code per value and profile, and the rank of its strength (0 strongest)."""
    profile = pl.Series("profile", profiles[edges["node"].to_numpy()])
    # Most values lie within one profile and keep their code.
    ends = edges.select("code").with_columns(profile).group_by("code")
    split = ends.agg(split=pl.min("profile") != pl.max("profile")).filter("split")["code"]
    is_split = edges["code"].is_in(split.implode())
    parted = edges.with_columns(profile).filter(is_split)
    unused = int(edges["code"].to_numpy().max(initial=-1)) + 1
    fresh = codes_of(parted.select("code", "profile")) + unused
    within = pl.concat(
        [
            edges.filter(~is_split),
            parted.drop("profile").with_columns(code=fresh),
        ]
    )
    within = within.filter(carried_twice(within["code"]))
    # Of two values of one namespace neither is stronger; the code makes it one order.
    namespaces = (
        within.select("namespace").unique().with_columns(code=0, value=pl.lit(""))
        .sort(strength(policy))["namespace"]
    )  # fmt: skip
    place = {namespace: place for place, namespace in enumerate(namespaces)}
    return within.with_columns(
        rank=pl.col("namespace").replace_strict(place, default=0, return_dtype=pl.Int64)
        * (unused + len(fresh))
        + pl.col("code")
    )


def _tree(within: pl.DataFrame, profiles: Ints) -> pl.DataFrame:
    """The minimum spanning tree of each profile, weak links being long ones."""
    values = within.unique("code").sort("rank").with_row_index("place").cast({"place": pl.Int64})
    placed = within.join(values.select("code", "place"), on="code")
    nodes, places = placed["node"].to_numpy(), placed["place"].to_numpy()
    oldest = np.unique(profiles[nodes])
    # One root above the oldest records makes one tree of all, walked in one go.
    size = len(profiles)
    root = size + values.height
    rows = np.concatenate([nodes, oldest])
    columns = np.concatenate([places + size, np.full(len(oldest), root)])
    lengths = np.concatenate([places + 2.0, np.ones(len(oldest))])
    tree = minimum_spanning_tree(coo_matrix((lengths, (rows, columns)), shape=(root + 1, root + 1)))
    before = breadth_first_order(tree, root, directed=False)[1].astype(np.int64)
    others = np.setdiff1d(nodes, oldest)
    parents = pl.DataFrame(
        {
            "node": others,
            "place": before[others] - size,
            "via": before[before[others]],
        }
    )
    return parents.join(values.select("place", "namespace", "value"), on="place")
