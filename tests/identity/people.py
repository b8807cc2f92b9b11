"""Small worlds of source records, told in a line each."""

import polars as pl

from cdp.identity.clusters.clustering import cluster
from cdp.identity.policy.declaration import identity_policy

RECORDS = {
    "record_uid": pl.Int64,
    "record_key": pl.String,
    "subject": pl.String,
    "given_name": pl.String,
    "family_name": pl.String,
    "birth_date": pl.Date,
}
IDENTIFIERS = {"record_uid": pl.Int64, "namespace": pl.String, "value": pl.String}


def a_record(key, name=None, born=None, family=None, subject="person", **identifiers):
    """A source record; an identifier is one value or a list of them."""
    return {
        "record_key": key,
        "subject": subject,
        "given_name": name,
        "family_name": family,
        "birth_date": born,
        "identifiers": [
            (namespace, value)
            for namespace, values in identifiers.items()
            for value in (values if isinstance(values, list) else [values])
        ],
    }


LINKS = {"left": pl.Int64, "right": pl.Int64, "weight": pl.Float64}
DECISIONS = {"decision_id": pl.String, "kind": pl.String, "record_uid": pl.Int64, "side": pl.Int64}


def clustering_of(*world, policy=None, blocked=None, links=(), decisions=()):
    """The clustering of records that arrived in the order given.

    links: (key, key, weight); decisions: (kind, keys of one side, keys of the other).
    """
    uids = {record["record_key"]: uid for uid, record in enumerate(world)}
    sided = [
        (f"{kind}-{n}", kind, uids[key], side)
        for n, (kind, *sides) in enumerate(decisions)
        for side, keys in enumerate(sides)
        for key in keys
        if key in uids
    ]
    weighed = [
        (uids[one], uids[other], weight)
        for one, other, weight in links
        if {one, other} <= uids.keys()
    ]
    records = [{**record, "record_uid": uid} for uid, record in enumerate(world)]
    identifiers = [
        (record["record_uid"], namespace, value)
        for record in records
        for namespace, value in record["identifiers"]
    ]
    return cluster(
        pl.DataFrame(records, schema=RECORDS),
        pl.DataFrame(identifiers, schema=IDENTIFIERS, orient="row"),
        policy or identity_policy(),
        blocked,
        links=pl.DataFrame(weighed, schema=LINKS, orient="row"),
        decisions=pl.DataFrame(sided, schema=DECISIONS, orient="row"),
    )


def people_in(*world, **options):
    """The clusters as sets of record keys."""
    members = clustering_of(*world, **options).members.sort("record_uid")
    clusters = {}
    for record, profile in zip(world, members["profile_id"], strict=True):
        clusters.setdefault(profile, set()).add(record["record_key"])
    return {frozenset(keys) for keys in clusters.values()}


def people(*groups):
    """`people("a b", "c")` are two people, of whom the first has two records."""
    return {frozenset(group.split()) for group in groups}
