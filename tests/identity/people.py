"""Small worlds of source records, told in a line each."""

import polars as pl

from cdp.identity.clusters import cluster
from cdp.identity.policy import identity_policy

RECORDS = {
    "record_uid": pl.Int64,
    "record_key": pl.String,
    "subject": pl.String,
    "given_name": pl.String,
    "birth_date": pl.Date,
}
IDENTIFIERS = {"record_uid": pl.Int64, "namespace": pl.String, "value": pl.String}


def a_record(key, name=None, born=None, subject="person", **identifiers):
    """A source record; an identifier is one value or a list of them."""
    return {
        "record_key": key,
        "subject": subject,
        "given_name": name,
        "birth_date": born,
        "identifiers": [
            (namespace, value)
            for namespace, values in identifiers.items()
            for value in (values if isinstance(values, list) else [values])
        ],
    }


def clustering_of(*world, policy=None, blocked=None):
    """The clustering of records that arrived in the order given."""
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
