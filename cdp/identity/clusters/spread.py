"""Values that too many people speak for, which therefore are nobody's: junk by its spread."""

import numpy as np
import polars as pl

from cdp.identity.policy.declaration import IdentityPolicy, Spread


def spoken_for_by_many(
    claims: pl.DataFrame, identifiers: pl.DataFrame, policy: IdentityPolicy
) -> pl.DataFrame:
    """The values seen with more ids or e-mails than one person has: code, namespace, value, records.

    All that is counted only grows as records come, so a value found to be junk is so in any order.

    Args:
        claims: record_uid, namespace, value, code of the values that may link.
        identifiers: record_uid, namespace, value of everything that their records carry.
        policy: its section `spread`.
    """
    limits = policy.spread
    codes = claims["code"].to_numpy()
    if limits.records is None or not len(codes):
        return _records(claims.clear())
    # Rows, not records: a record that repeats a value is sorted out below.
    crowded = claims.filter(pl.Series(np.bincount(codes)[codes] > limits.records))
    suspects = _records(crowded).filter(pl.col("records") > limits.records)
    seen = (
        crowded.join(suspects, on="code", how="semi")
        .join(_speaking(identifiers, policy), on="record_uid")
        .group_by("code", "speaking", "most")
        .agg(people=pl.col("said").n_unique())
        .join(suspects, on="code")
        .with_columns(most=_most(limits))
    )
    many = seen.filter(pl.col("people") > pl.col("most"))
    return suspects.join(many, on="code", how="semi")


def overfull(edges: pl.DataFrame, policy: IdentityPolicy) -> pl.DataFrame:
    """node, namespace of the records that share more values of a namespace than one person has."""
    most = policy.spread.per_record
    nodes = edges["node"].to_numpy()
    if most is None or not len(nodes):
        return edges.select("node", "namespace").clear()
    full = edges.filter(pl.Series(np.bincount(nodes)[nodes] > most))
    counted = full.group_by("node", "namespace").agg(values=pl.col("code").n_unique())
    return counted.filter(pl.col("values") > most).select("node", "namespace")


def _records(claims: pl.DataFrame) -> pl.DataFrame:
    return claims.group_by("code", "namespace", "value").agg(
        records=pl.col("record_uid").n_unique().cast(pl.Int64)
    )


def _speaking(identifiers: pl.DataFrame, policy: IdentityPolicy) -> pl.DataFrame:
    """What speaks for a person: record_uid, speaking (its namespace), said, and the most of it."""
    limits = {}
    for namespace in identifiers["namespace"].unique():
        guards = policy.of(namespace)
        if guards.strong:
            limits[namespace] = policy.spread.ids
        elif guards.normaliser == "email":
            limits[namespace] = policy.spread.emails
    return identifiers.filter(pl.col("namespace").is_in(list(limits))).select(
        "record_uid",
        speaking="namespace",
        said="value",
        most=pl.col("namespace").replace_strict(limits, default=None, return_dtype=pl.Int64),
    )


def _most(limits: Spread) -> pl.Expr:
    """How many may speak for the value of a row: fewer where it looks made up."""
    if not limits.placeholders or limits.placeholder is None:
        return pl.col("most")
    pattern = "|".join(f"(?:{each})" for each in limits.placeholders)
    made_up = pl.col("value").cast(pl.String).str.to_lowercase().str.contains(pattern)
    return pl.when(made_up).then(limits.placeholder).otherwise("most")
