"""What joins records beside identifiers: the links of stewards and of the model, as edges of the graph."""

import polars as pl

from cdp.identity.policy.declaration import IdentityPolicy, NamespacePolicy

# What joins records beside identifiers. No declared namespace has a blank in its name.
STEWARD_LINK = "steward link"
PROBABLE_LINK = "probable link"
OF_PROBABLE_LINKS = NamespacePolicy(priority=0, vetoes=("given_names", "birth_dates", "strong_ids"))
OF_STEWARD_LINKS = NamespacePolicy(priority=0)

KNOWN = {
    "decision_id": pl.String,
    "kind": pl.String,
    "side": pl.Int64,
    "node": pl.Int64,
    "record_key": pl.String,
    "subject": pl.String,
}
EDGES = {"node": pl.Int64, "namespace": pl.String, "value": pl.String, "code": pl.Int64}


def guards_of(policy: IdentityPolicy, namespace: str) -> NamespacePolicy | None:
    """The guards that an edge is open to; None for a steward's word."""
    if namespace == STEWARD_LINK:
        return None
    return OF_PROBABLE_LINKS if namespace == PROBABLE_LINK else policy.of(namespace)


def known_decisions(decisions: pl.DataFrame | None, aged: pl.DataFrame) -> pl.DataFrame:
    """The decisions with the node, key and subject of each record that is here.

    `aged` are the records: record_uid, node, record_key, subject.
    """
    if decisions is None or decisions.is_empty():
        return pl.DataFrame(schema=KNOWN)
    here = aged.select("record_uid", "node", "record_key", "subject")
    return decisions.join(here, on="record_uid").sort("record_key")


def link_edges(
    decided: pl.DataFrame, links: pl.DataFrame | None, aged: pl.DataFrame
) -> pl.DataFrame:
    """node, namespace, value, code of all links; of two the one with the smaller code is stronger."""
    edges = [_steward_links(decided)] if decided.height else []
    if links is not None and links.height:
        first = edges[0]["code"].n_unique() if edges else 0
        edges.append(_probable_links(links, aged).with_columns(pl.col("code") + first))
    return pl.concat(edges) if edges else pl.DataFrame(schema=EDGES)


def _steward_links(decided: pl.DataFrame) -> pl.DataFrame:
    """node, namespace, value, code of the steward links, in an order of their records' keys."""
    carried = (
        decided.filter(kind="link")
        .group_by("decision_id", "subject", maintain_order=True)
        .agg("node", pl.col("record_key").str.join("\n"))
        .filter(pl.col("node").list.len() > 1)
        .sort("record_key", "decision_id")
    )
    return carried.select(
        "node",
        namespace=pl.lit(STEWARD_LINK),
        value="decision_id",
        code=pl.int_range(pl.len(), dtype=pl.Int64),
    ).explode("node")


def _probable_links(links: pl.DataFrame, aged: pl.DataFrame) -> pl.DataFrame:
    """The same of the probable links, the heaviest first, equal ones by their records' keys."""
    ends = aged.select("node", "record_key", "subject")
    ends = pl.concat([ends, aged.select("record_uid")], how="horizontal")
    pairs = links.join(ends, left_on="left", right_on="record_uid").join(
        ends, left_on=["right", "subject"], right_on=["record_uid", "subject"], suffix="_right"
    )
    keys = pl.concat_list("record_key", "record_key_right").list.sort().list.join("\n")
    ordered = pairs.with_columns(keys=keys).sort("weight", "keys", descending=[True, False])
    return ordered.select(
        node=pl.concat_list("node", "node_right"),
        namespace=pl.lit(PROBABLE_LINK),
        value=pl.format("weight {}", pl.col("weight").round(2)),
        code=pl.int_range(pl.len(), dtype=pl.Int64),
    ).explode("node")
