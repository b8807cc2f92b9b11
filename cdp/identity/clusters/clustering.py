"""Which source records are one person: a pure function of records, identifiers and policy."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from cdp.identity.clusters.agglomeration import Refusal, agglomerate
from cdp.identity.clusters.causes import links_of
from cdp.identity.clusters.conflicts import (
    components_with_conflicts,
    with_comparable_facts,
)
from cdp.identity.clusters.graph import Graph, Ints, oldest_of
from cdp.identity.policy.declaration import IdentityPolicy

# With so few shared identifiers the careful pass over all costs less than looking for conflicts.
FEW_EDGES = 2_000


@dataclass(frozen=True)
class Clustering:
    """The clusters, and why they are as they are.

    members: record_uid, component, profile_id - each record with the oldest record it is connected
        with at all, and the oldest one of its cluster, which names the profile.
    joined: record_uid, profile_id, namespace, value, via - for each record but the oldest of its
        profile the identifier or link by which it hangs on, and the record it shares it with; see
        `causes`. Links: namespace `steward link` with the decision as value, or `probable link`.
    refused: left, right, namespace, value, reason - two records that a shared value or a link did
        not unite. One line for each record and value at most, against the first group that refused.
    blocked: namespace, value, records - values on more source records than `shared_by` allows.
    """

    members: pl.DataFrame
    joined: pl.DataFrame
    refused: pl.DataFrame
    blocked: pl.DataFrame


def cluster(
    records: pl.DataFrame,
    identifiers: pl.DataFrame,
    policy: IdentityPolicy,
    blocked: pl.DataFrame | None = None,
    *,
    links: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
) -> Clustering:
    """Group `records` by what they have in common, as far as the guards allow.

    Stewards' links come first and stand above the guards; then identifiers by their priority, then
    probable links by their weight. A cannot-link stands above all of them.

    The partition depends on what the records say only. Age (the order of `record_uid`) names the
    profiles; where a choice is open, `record_key` decides it: of several groups that an ambiguous
    record could join by one value, it joins the one whose first carrier has the smallest key.

    Args:
        records: record_uid (smallest is oldest), record_key (unique and lasting, such as channel
            and key), subject (records of different subjects never join), given_name, family_name,
            birth_date (these three may be null).
        identifiers: record_uid, namespace, value (normalised, not blocked).
        policy: the guards of each namespace.
        blocked: namespace, value of values known as junk whose carriers are not all given here.
        links: left, right (record_uids), weight of the pairs that a model holds to be one person.
        decisions: decision_id, kind (`link` or `cannot_link`), record_uid, side (0 or 1). A link
            makes one of all its records; a cannot-link keeps those of side 0 from those of side 1.
            What speaks of records that are not given is passed over, here as in the others.
    """
    if _nothing_is_shared(identifiers, links, decisions):
        return _each_alone(records, identifiers)
    graph = Graph.of(records, identifiers, policy, blocked, links=links, decisions=decisions)
    components = graph.components()
    profiles, refusals = _agglomerated(graph, components, policy)
    uid = graph.records["record_uid"]
    links = links_of(graph.edges, profiles, policy)
    return Clustering(
        members=pl.DataFrame(
            {
                "record_uid": uid,
                "component": uid.gather(components),
                "profile_id": uid.gather(profiles),
            }
        ),
        joined=pl.DataFrame(
            {
                "record_uid": uid.gather(links["node"]),
                "profile_id": uid.gather(profiles[links["node"].to_numpy()]),
                "namespace": links["namespace"],
                "value": links["value"],
                "via": uid.gather(links["via"]),
            }
        ),
        refused=_refused(refusals, uid, graph.edges.schema["value"]),
        blocked=graph.blocked,
    )


def _nothing_is_shared(
    identifiers: pl.DataFrame, links: pl.DataFrame | None, decisions: pl.DataFrame | None
) -> bool:
    """Whether no two records can have anything in common, as with most pushed messages."""
    linked = (links is not None and links.height) or (decisions is not None and decisions.height)
    return not linked and not identifiers.select("namespace", "value").is_duplicated().any()


def _each_alone(records: pl.DataFrame, identifiers: pl.DataFrame) -> Clustering:
    uid, value = records["record_uid"].sort(), identifiers.schema["value"]
    told = {"namespace": pl.String, "value": value}
    joined = {"record_uid": uid.dtype, "profile_id": uid.dtype, **told, "via": uid.dtype}
    refused = {"left": uid.dtype, "right": uid.dtype, **told, "reason": pl.String}
    return Clustering(
        members=pl.DataFrame({"record_uid": uid, "component": uid, "profile_id": uid}),
        joined=pl.DataFrame(schema=joined),
        refused=pl.DataFrame(schema=refused),
        blocked=pl.DataFrame(schema={**told, "records": pl.Int64}),
    )


def _agglomerated(
    graph: Graph, components: Ints, policy: IdentityPolicy
) -> tuple[Ints, list[Refusal]]:
    """The profile of each record; components with conflicts are taken apart where need be."""
    persons = with_comparable_facts(graph.records, policy)
    suspicious = np.full(len(components), graph.edges.height <= FEW_EDGES)
    if graph.edges.height > FEW_EDGES:
        suspicious[components_with_conflicts(persons, graph, components, policy)] = True
    chosen = suspicious[components]

    def of_chosen(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(chosen[frame["node"].to_numpy()])

    leaders, refusals = agglomerate(
        of_chosen(persons),
        of_chosen(graph.claims),
        of_chosen(graph.edges),
        of_chosen(graph.apart),
        policy,
    )
    profiles = components.copy()
    profiles[list(leaders)] = list(leaders.values())
    return oldest_of(profiles), refusals


def _refused(refusals: list[Refusal], uid: pl.Series, value: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "left": uid.gather([refusal.left for refusal in refusals]),
            "right": uid.gather([refusal.right for refusal in refusals]),
            "namespace": pl.Series([refusal.namespace for refusal in refusals], dtype=pl.String),
            "value": pl.Series([refusal.value for refusal in refusals], dtype=value),
            "reason": pl.Series([refusal.reason for refusal in refusals], dtype=pl.String),
        }
    )
