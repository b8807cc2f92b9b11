"""What another policy makes of the identifiers that records gave: which it takes away, which it adds."""

from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection

from cdp.identity.companies.derived import NAME_PLACE, derived_identifiers
from cdp.identity.identifiers.normalise import normalise
from cdp.identity.policy.declaration import IdentityPolicy, NamespacePolicy
from cdp.store.identity import derivation
from cdp.store.identity.derivation import LIVE_COLUMNS, Namespaces

IDENTIFIER = list(LIVE_COLUMNS)


@dataclass(frozen=True)
class Rederived:
    """The identifiers that change.

    lost: record_uid, namespace, value that hold no longer.
    gained: record_uid, namespace, value, observed_at that hold from now on.
    """

    lost: pl.DataFrame
    gained: pl.DataFrame


def rederived(
    tx: Connection, before: IdentityPolicy, after: IdentityPolicy, region: str
) -> Rederived:
    """How the identifiers of the whole store change from one policy to another; nothing is written.

    Only the namespaces whose normal form or blocked values differ are read, and of them only what
    changes is told.
    """
    namespaces = differing(before, after)
    nothing = pl.DataFrame(schema=LIVE_COLUMNS)
    if not namespaces:
        return Rederived(nothing, nothing.with_columns(observed_at=pl.lit(None, pl.String)))
    said = _judged(_raw(tx, namespaces), before, after, region)
    changed = said.filter(pl.col("before").ne_missing(pl.col("after")))
    of_changed = changed.select("record_uid", "namespace").unique()
    said = said.join(of_changed, on=["record_uid", "namespace"], how="semi")
    live = derivation.live_identifiers(tx, namespaces).join(
        of_changed, on=["record_uid", "namespace"], how="semi"
    )
    holding = _that_hold(said, live)
    wanted = (
        holding.filter(pl.col("after").is_not_null())
        .group_by("record_uid", "namespace", value="after")
        .agg(pl.min("observed_at"))
    )
    return Rederived(
        lost=live.join(wanted, on=IDENTIFIER, how="anti"),
        gained=wanted.join(live, on=IDENTIFIER, how="anti").sort(IDENTIFIER),
    )


def _raw(tx: Connection, namespaces: Namespaces) -> pl.DataFrame:
    """What records said of the namespaces, and what the store derives from what they said."""
    said = derivation.raw_identifiers(tx, namespaces)
    if NAME_PLACE not in namespaces:
        return said
    derived = derived_identifiers(derivation.company_statements(tx))
    once = derived.group_by("record_uid", "namespace", "value").agg(
        pl.max("stands"), pl.min("observed_at")
    )
    return pl.concat([said, once.select(said.columns)])


def differing(before: IdentityPolicy, after: IdentityPolicy) -> Namespaces:
    """The namespaces in which the two may make different identifiers of one raw value."""
    names = {*before.namespaces, *after.namespaces}
    same = {name for name in names if _form(before, name) == _form(after, name)}
    if _form_of(before, before.default) != _form_of(after, after.default):
        return Namespaces(same, all_but=True)
    return Namespaces(names - same)


def _form(policy: IdentityPolicy, namespace: str) -> tuple[object, ...]:
    return _form_of(policy, policy.of(namespace))


def _form_of(policy: IdentityPolicy, guards: NamespacePolicy) -> tuple[object, ...]:
    rules = policy.email_rules if guards.normaliser == "email" else ()
    return guards.normaliser, guards.blocked_values, set(guards.blocked_patterns), rules


def _judged(
    raw: pl.DataFrame, before: IdentityPolicy, after: IdentityPolicy, region: str
) -> pl.DataFrame:
    """`raw` with the normal form of each value by the two policies; null where it is none."""
    values = raw.select("namespace", "value").unique()
    for name, policy in (("before", before), ("after", after)):
        judged = normalise(values, policy, region)
        values = judged.drop("refused").rename({"normalised": name})
    return raw.join(values, on=["namespace", "value"])


def _that_hold(said: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """The raw values that a record still gives: their identifier holds, or they made none as yet.

    What made none cannot have been withdrawn by a correction, so there it is looked up whether the
    version that said it still stands.
    """
    known = said.join(
        live.rename({"value": "before"}),
        on=["record_uid", "namespace", "before"],
        how="semi",
    )
    none_yet = said.filter(pl.col("before").is_null() & (pl.col("stands") == 1))
    return pl.concat([known, none_yet])
